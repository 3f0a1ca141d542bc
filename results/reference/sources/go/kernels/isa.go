package kernels

import (
	"errors"
	"os"
	"runtime"
)

// A Kernel is what the package is about.
type Kernel func(a, b, c []float64, n, rows, threads int)

// A Path is one way to climb a rung, by instructions that not every CPU has. The paths of a rung stand in
// the order of their speed, the last one asking for the least.
type Path struct {
	ISA    string
	Needs  []string // the instruction sets beyond the architecture's baseline
	Fits   bool     // this CPU has them
	Kernel Kernel
}

// Choose returns the first path that fits this CPU, or the one that the environment's MATMUL_ISA names.
func Choose(paths []Path) (Path, error) {
	forced := os.Getenv("MATMUL_ISA")
	for _, path := range paths {
		if path.Fits && (forced == "" || forced == path.ISA) {
			return path, nil
		}
	}
	if forced != "" {
		return Path{}, errors.New("this CPU or this rung has no path " + forced)
	}
	return Path{}, errors.New("no path of this rung fits this CPU (" + runtime.GOARCH + ")")
}
