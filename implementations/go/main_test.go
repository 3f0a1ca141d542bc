package main

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
)

// random returns integers like those of the harness, so that products are exact in any order.
func random(source *rand.Rand, length int) []float64 {
	m := make([]float64, length)
	for k := range m {
		m[k] = float64(source.IntN(64) - 32)
	}
	return m
}

// product is C = A · B by definition, one dot product at a time.
func product(a, b []float64, n, rows int) []float64 {
	var c []float64
	for k := range rows * n {
		i, j, dot := k/n, k%n, 0.0
		for k := range n {
			dot += a[i*n+k] * b[k*n+j]
		}
		c = append(c, dot)
	}
	return c
}

func TestLadder(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 33; n++ {
		a, b := random(source, n*n), random(source, n*n)
		for _, rows := range []int{1, (n + 1) / 2, n} {
			want := product(a, b, n, rows)
			for _, threads := range []int{1, 2, n + 1} {
				for _, r := range ladder {
					c := make([]float64, rows*n)
					r.kernel(a[:rows*n], b, c, n, rows, threads)
					if !slices.Equal(c, want) {
						t.Errorf("%s: wrong product for n=%d rows=%d threads=%d", r.name, n, rows, threads)
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
