// Exchanges the inner loops of naive, so that B and C are walked along their rows and every cache line
// that is fetched is used whole.

package kernels

// Interchanged computes rows of C = A · B in the order i-k-j.
func Interchanged(a, b, c []float64, n, rows, threads int) {
	for i := range rows {
		for k := range n {
			for j := range n {
				c[i*n+j] += a[i*n+k] * b[k*n+j]
			}
		}
	}
}
