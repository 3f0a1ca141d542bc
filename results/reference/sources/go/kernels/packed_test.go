package kernels

import (
	"slices"
	"testing"
)

// In caches this small a product of this size takes several panels and blocks, with ragged edges.
func TestPackedInSmallCaches(t *testing.T) {
	found := cacheBytes
	defer func() { cacheBytes = found }()
	const n = 101
	a, b, want := make([]float64, n*n), make([]float64, n*n), make([]float64, n*n)
	for k := range a {
		a[k], b[k] = float64(k%61-30), float64(k%53-26)
	}
	Interchanged(a, b, want, n, n, 1)
	for _, cacheBytes = range [][4]int{
		{1: 1, 2: 1, 3: 1},
		{1: 512, 2: 4 << 10, 3: 32 << 10},
		{1: 4 << 10, 2: 16 << 10, 3: 16 << 10},
	} {
		for _, threads := range []int{1, 2, 3, n + 1} {
			for _, path := range slices.Concat(Intrinsics, Assembly) {
				if !path.Fits {
					continue
				}
				c := make([]float64, n*n)
				path.Kernel(a, b, c, n, n, threads)
				if !slices.Equal(c, want) {
					t.Errorf("%s: wrong product on %d threads with caches of %v bytes", path.ISA, threads, cacheBytes)
				}
			}
		}
	}
}

func TestChoose(t *testing.T) {
	paths := []Path{{ISA: "best"}, {ISA: "better", Fits: true}, {ISA: "good", Fits: true}}
	for forced, want := range map[string]string{"": "better", "good": "good", "best": "", "other": ""} {
		t.Setenv("MATMUL_ISA", forced)
		if path, err := Choose(paths); path.ISA != want || (err == nil) != (want != "") {
			t.Errorf("MATMUL_ISA=%q chose %q, %v", forced, path.ISA, err)
		}
	}
	t.Setenv("MATMUL_ISA", "")
	if _, err := Choose(paths[:1]); err == nil {
		t.Error("chose a path that does not fit")
	}
}

func TestCaches(t *testing.T) {
	if got := caches("no such folder/"); got != [4]int{1: 32 << 10, 2: 512 << 10, 3: 4 << 20} {
		t.Errorf("without sysfs: %v", got)
	}
}
