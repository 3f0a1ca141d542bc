// Deals the rows of naive out to goroutines, which can all work at once because no row of C depends on
// another.

package kernels

import "sync"

// Parallel computes rows of C = A · B in the order i-j-k, every threads-th row in the same goroutine.
func Parallel(a, b, c []float64, n, rows, threads int) {
	var workers sync.WaitGroup
	for first := range threads {
		workers.Go(func() {
			for i := first; i < rows; i += threads {
				for j := range n {
					for k := range n {
						c[i*n+j] += a[i*n+k] * b[k*n+j]
					}
				}
			}
		})
	}
	workers.Wait()
}
