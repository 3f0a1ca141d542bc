// Matmul times the kernels of the ladder, as implementations/README.md asks of every language.
//
// It does without fmt, which alone would double what the program adds to the bare Go runtime.
package main

import (
	"errors"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"matmul/kernels"
)

const usage = `
usage: matmul info
       matmul run RUNG N THREADS FIRST ROWS CALLS SAMPLES
FIRST and CALLS may be 0; FIRST is below N, N at most 32768, ROWS at most N, and the others at most 2097152.`

// The largest N, and the largest of the other numbers.
const (
	largestN = 32768
	largest  = 1 << 21
)

// flags are those that go build was given; the recipe passes them on by -ldflags -X.
var flags string

// A rung is a kernel, or paths to choose one from, and what a fair reader must know of it.
type rung struct {
	name, loopOrder, threads string
	kernel                   kernels.Kernel
	paths                    []kernels.Path
}

// A usageError is the caller's mistake.
type usageError string

func (e usageError) Error() string { return string(e) + usage }

// An unfitError is the reason why this machine cannot run a rung.
type unfitError struct{ error }

func main() {
	// The runtime would collect within a sample; run does so between them.
	debug.SetGCPercent(-1)
	if err := command(os.Args[1:]); err != nil {
		os.Stderr.WriteString("matmul: " + err.Error() + "\n")
		switch err.(type) {
		case usageError:
			os.Exit(2)
		case unfitError:
			os.Exit(3)
		}
		os.Exit(1)
	}
}

// command answers one call of the contract.
func command(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "info":
		_, err := os.Stdout.WriteString(info())
		return err
	case len(args) == 8 && args[0] == "run":
		r := slices.IndexFunc(ladder, func(r rung) bool { return r.name == args[1] })
		if r < 0 {
			return usageError("no rung is called " + args[1])
		}
		var numbers [6]int
		for i, arg := range args[2:] {
			number, err := strconv.ParseUint(arg, 10, 32)
			if err != nil || number > largest {
				return usageError(arg + " is not a number in range")
			}
			numbers[i] = int(number)
		}
		n, threads := numbers[0], numbers[1]
		work := batch{first: numbers[2], rows: numbers[3], calls: numbers[4], samples: numbers[5]}
		if n > largestN || work.first >= n || work.rows > n || min(threads, work.rows, work.samples) == 0 {
			return usageError("a number is out of range")
		}
		kernel := ladder[r].kernel
		if kernel == nil {
			path, err := kernels.Choose(ladder[r].paths)
			if err != nil {
				return unfitError{err}
			}
			kernel = path.Kernel
		}
		return run(kernel, n, threads, work)
	default:
		return usageError("expected info, or run and its seven arguments")
	}
}

// info describes the build as one JSON object.
func info() string {
	baseline := map[string]string{"amd64": "x86-64", "arm64": "aarch64"}[runtime.GOARCH]
	boundsChecks := !strings.Contains(flags, "-B") // the compiler's only switch for them
	rungs := make([]string, len(ladder))
	for i, r := range ladder {
		needs, runs := quoted(baseline), ""
		if r.paths != nil {
			for _, set := range r.paths[len(r.paths)-1].Needs { // the least demanding path
				needs += ", " + quoted(set)
			}
			if path, err := kernels.Choose(r.paths); err == nil {
				runs = `, "runs": ` + quoted(path.ISA)
			}
		}
		rungs[i] = quoted(r.name) + `: {` +
			`"loop_order": ` + quoted(r.loopOrder) + `, ` +
			`"layout": "contiguous", ` +
			`"threads": ` + quoted(r.threads) + `, ` +
			`"bounds_checks": ` + strconv.FormatBool(boundsChecks) + `, ` +
			`"fast_math": false, ` + // the compiler has no such mode
			`"flags": ` + quoted(flags) + `, ` +
			`"instruction_sets": [` + needs + `]` + runs + `}`
	}
	return `{"toolchain": ` + quoted(runtime.Version()) +
		`, "rungs": {` + strings.Join(rungs, ", ") + "}}\n"
}

// quoted is a JSON string of a text that has nothing to escape; strconv.Quote knows which characters print.
func quoted(text string) string { return `"` + text + `"` }

// A batch is what run is asked for: samples of calls of a kernel on rows, those of the first sample from first on.
type batch struct{ first, rows, calls, samples int }

// run times samples of one kernel, prints a line for each, and writes the last C.
func run(kernel kernels.Kernel, n, threads int, work batch) error {
	// Before memory is asked for: a Go program that gets none dies with 2, the code for usage.
	for _, path := range []string{"/data/a.f64", "/data/b.f64"} {
		if size, err := sizeOf(path); err != nil {
			return err
		} else if size < int64(8*n*n) {
			return errors.New(path + " holds fewer than " + strconv.Itoa(n*n) + " numbers")
		}
	}
	starts := min(work.calls, n) // each call begins a row further down, and after all rows at the first again
	a, b := make([]float64, (work.rows+starts)*n), make([]float64, (n+starts)*n)
	c := make([]float64, work.rows*n)
	runtime.GOMAXPROCS(threads)
	for sample := range work.samples {
		if err := load("/data/a.f64", a, n, (work.first+sample*(work.rows+2))%n); err != nil {
			return err
		}
		if err := load("/data/b.f64", b, n, (work.first+sample)%n); err != nil {
			return err
		}
		clear(c)
		runtime.GC() // what the calls of a sample leave behind
		cpu, start := cpuTime(), time.Now()
		for call := range work.calls {
			at := call % n * n
			kernel(a[at:at+work.rows*n], b[at:at+n*n], c, n, work.rows, threads)
		}
		wallNs, cpuNs := time.Since(start).Nanoseconds(), (cpuTime() - cpu).Nanoseconds()
		line := strconv.FormatInt(wallNs, 10) + " " + strconv.FormatInt(cpuNs, 10) + " " +
			strconv.FormatUint(uint64(checksum(c)), 10) + "\n"
		if _, err := os.Stdout.WriteString(line); err != nil {
			return err
		}
	}
	return os.WriteFile("/out/c.f64", bytesOf(c), 0o666)
}

// sizeOf is the size of a file in bytes. os.Stat would tell its time as well, and link in all that time.Time can do.
func sizeOf(path string) (int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return file.Seek(0, io.SeekEnd)
}

// load fills m with rows of the file at path, which has n of them, from row first on; after the last comes row 0.
func load(path string, m []float64, n, first int) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for len(m) > 0 {
		count := min(len(m), (n-first)*n)
		if _, err := file.ReadAt(bytesOf(m[:count]), int64(8*first*n)); err != nil {
			return err
		}
		m, first = m[count:], 0
	}
	return nil
}

// bytesOf is the memory of m: little-endian, like every machine the recipe builds for.
func bytesOf(m []float64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(m))), 8*len(m))
}

// cpuTime is the user and system time of all threads so far.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// checksum is Σ int32(c[k]) · (2k + 1) mod 2³².
func checksum(c []float64) (sum uint32) {
	for k, value := range c {
		sum += uint32(int32(value)) * uint32(2*k+1)
	}
	return sum
}
