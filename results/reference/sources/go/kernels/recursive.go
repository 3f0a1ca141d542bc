// Divides C into quarters, again and again, instead of into rows, so that what a small product works on
// fits into the caches, whatever their sizes are.

package kernels

import "sync"

// Recursive computes C = A · B by parallel divide and conquer.
func Recursive(a, b, c []float64, n, rows, threads int) {
	recursion{n, 32, rowByRow}.divide(a, b, c, n, n, n, tasks(threads))
}

// rowByRow adds A · B to C in the order i-k-j.
func rowByRow(a, b, c []float64, n, rows, depth, columns int) {
	for i := range rows {
		sums := c[i*n:][:columns]
		for k, x := range a[i*n:][:depth] {
			for j, y := range b[k*n:][:len(sums)] {
				sums[j] += x * y
			}
		}
	}
}

// A recursion divides matrices whose rows are n apart down to products of the size base, which loops compute.
type recursion struct {
	n, base int
	loops   func(a, b, c []float64, n, rows, depth, columns int)
}

// divide adds A · B to C, where A is rows × depth and B is depth × columns, in tasks tasks or some more.
func (r recursion) divide(a, b, c []float64, rows, depth, columns, tasks int) {
	if max(rows, depth, columns) <= r.base {
		r.loops(a, b, c, r.n, rows, depth, columns)
		return
	}
	top, left, half := rows/2, columns/2, depth/2
	// Every quarter of C is a sum of two products, so no phase holds both.
	phase := func(a, b []float64, depth int) {
		var group sync.WaitGroup
		quarter := func(a, b, c []float64, rows, columns int) {
			if tasks == 1 {
				r.divide(a, b, c, rows, depth, columns, 1)
			} else {
				group.Go(func() { r.divide(a, b, c, rows, depth, columns, (tasks+3)/4) })
			}
		}
		quarter(a, b, c, top, left)
		quarter(a, b[left:], c[left:], top, columns-left)
		quarter(a[top*r.n:], b, c[top*r.n:], rows-top, left)
		quarter(a[top*r.n:], b[left:], c[top*r.n+left:], rows-top, columns-left)
		group.Wait()
	}
	phase(a, b, half)
	phase(a[half:], b[half*r.n:], depth-half)
}

// tasks is one for one thread, else some for each, so that none waits long for the others.
func tasks(threads int) int { return 8*threads - 7 }
