package main

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"matmul/kernels"
)

// random returns integers like those of the harness, so that products are exact in any order.
func random(source *rand.Rand, length int) []float64 {
	m := make([]float64, length)
	for k := range m {
		m[k] = float64(source.IntN(64) - 32)
	}
	return m
}

// product is what C comes to that is 1 everywhere before A · B is added, by definition, one dot product at a time.
func product(a, b []float64, n, rows int) []float64 {
	var c []float64
	for k := range rows * n {
		i, j, dot := k/n, k%n, 1.0
		for k := range n {
			dot += a[i*n+k] * b[k*n+j]
		}
		c = append(c, dot)
	}
	return c
}

// kernelsOf are all the kernels of r that this CPU runs.
func kernelsOf(r rung) map[string]kernels.Kernel {
	if r.kernel != nil {
		return map[string]kernels.Kernel{r.name: r.kernel}
	}
	all := map[string]kernels.Kernel{}
	for _, path := range r.paths {
		if path.Fits {
			all[r.name+" "+path.ISA] = path.Kernel
		}
	}
	return all
}

func TestLadder(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 23, 24, 25, 31, 32, 33, 63, 64, 65, 127, 130, 257} {
		a, b := random(source, n*n), random(source, n*n)
		for _, rows := range []int{n, 1, (n + 1) / 2} {
			want := product(a, b, n, rows)
			for _, threads := range []int{1, 2, 3, n + 1} {
				for _, r := range ladder {
					for name, kernel := range kernelsOf(r) {
						if r.loopOrder == "recursive" && rows < n {
							continue // its rows are not independent
						}
						c := slices.Repeat([]float64{1}, rows*n)
						kernel(a[:rows*n], b, c, n, rows, threads)
						if !slices.Equal(c, want) {
							t.Errorf("%s: wrong product for n=%d rows=%d threads=%d", name, n, rows, threads)
						}
					}
				}
			}
		}
	}
}

func TestChecksum(t *testing.T) {
	if got := checksum([]float64{1, -2, 3}); got != 1*1-2*3+3*5 {
		t.Errorf("got %d", got)
	}
	if got := checksum([]float64{1, -2}); got != 1<<32-5 {
		t.Errorf("got %d", got)
	}
}

func TestInfoIsJSON(t *testing.T) {
	var got struct{ Rungs map[string]any }
	if err := json.Unmarshal([]byte(info()), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rungs) != len(ladder) {
		t.Errorf("%d of %d rungs", len(got.Rungs), len(ladder))
	}
}
