// The published kernel: i-j-k, every product added into C in memory, so that the inner loop walks down a
// column of B and meets a new cache line at every step.

package kernels

// Naive computes rows of C = A · B in the order i-j-k.
func Naive(a, b, c []float64, n, rows, threads int) {
	for i := range rows {
		for j := range n {
			for k := range n {
				c[i*n+j] += a[i*n+k] * b[k*n+j]
			}
		}
	}
}
