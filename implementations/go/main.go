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
       matmul run RUNG N THREADS ROWS SAMPLES
The numbers are at least 1, N at most 32768, ROWS at most N, and the others at most 65535.`

// largest is the largest N.
const largest = 32768

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
	// There is no garbage to collect, yet the runtime would collect every two minutes, within a sample.
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
	case len(args) == 6 && args[0] == "run":
		r := slices.IndexFunc(ladder, func(r rung) bool { return r.name == args[1] })
		if r < 0 {
			return usageError("no rung is called " + args[1])
		}
		var numbers [4]int
		for i, arg := range args[2:] {
			number, err := strconv.ParseUint(arg, 10, 16)
			if err != nil || number == 0 {
				return usageError(arg + " is not a number in range")
			}
			numbers[i] = int(number)
		}
		n, threads, rows, samples := numbers[0], numbers[1], numbers[2], numbers[3]
		if n > largest || rows > n {
			return usageError("N or ROWS is too large")
		}
		kernel := ladder[r].kernel
		if kernel == nil {
			path, err := kernels.Choose(ladder[r].paths)
			if err != nil {
				return unfitError{err}
			}
			kernel = path.Kernel
		}
		return run(kernel, n, threads, rows, samples)
	default:
		return usageError("expected info, or run and its five arguments")
	}
}

// info describes the build as one JSON object.
func info() string {
	baseline := map[string]string{"amd64": "x86-64", "arm64": "aarch64"}[runtime.GOARCH]
	boundsChecks := !strings.Contains(flags, "-B") // the compiler's only switch for them
	rungs := make([]string, len(ladder))
	for i, r := range ladder {
		needs, runs := strconv.Quote(baseline), ""
		if r.paths != nil {
			for _, set := range r.paths[len(r.paths)-1].Needs { // the least demanding path
				needs += ", " + strconv.Quote(set)
			}
			if path, err := kernels.Choose(r.paths); err == nil {
				runs = `, "runs": ` + strconv.Quote(path.ISA)
			}
		}
		rungs[i] = strconv.Quote(r.name) + `: {` +
			`"loop_order": ` + strconv.Quote(r.loopOrder) + `, ` +
			`"layout": "contiguous", ` +
			`"threads": ` + strconv.Quote(r.threads) + `, ` +
			`"bounds_checks": ` + strconv.FormatBool(boundsChecks) + `, ` +
			`"fast_math": false, ` + // the compiler has no such mode
			`"flags": ` + strconv.Quote(flags) + `, ` +
			`"instruction_sets": [` + needs + `]` + runs + `}`
	}
	return `{"toolchain": ` + strconv.Quote(runtime.Version()) +
		`, "rungs": {` + strings.Join(rungs, ", ") + "}}\n"
}

// run times samples of one kernel, prints a line for each, and writes the last C.
func run(kernel kernels.Kernel, n, threads, rows, samples int) error {
	a, err := read("/data/a.f64", rows*n)
	if err != nil {
		return err
	}
	b, err := read("/data/b.f64", n*n)
	if err != nil {
		return err
	}
	c := make([]float64, rows*n)
	runtime.GOMAXPROCS(threads)
	for range samples {
		clear(c)
		cpu, start := cpuTime(), time.Now()
		kernel(a, b, c, n, rows, threads)
		wallNs, cpuNs := time.Since(start).Nanoseconds(), (cpuTime() - cpu).Nanoseconds()
		line := strconv.FormatInt(wallNs, 10) + " " + strconv.FormatInt(cpuNs, 10) + " " +
			strconv.FormatUint(uint64(checksum(c)), 10) + "\n"
		if _, err := os.Stdout.WriteString(line); err != nil {
			return err
		}
	}
	return os.WriteFile("/out/c.f64", bytesOf(c), 0o666)
}

// read returns the first length numbers of the file at path.
func read(path string, length int) ([]float64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	// Before memory is asked for: a Go program that gets none dies with 2, the code for usage.
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if size < int64(8*length) {
		return nil, errors.New(path + " holds fewer than " + strconv.Itoa(length) + " numbers")
	}
	m := make([]float64, length)
	_, err = file.ReadAt(bytesOf(m), 0)
	return m, err
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
