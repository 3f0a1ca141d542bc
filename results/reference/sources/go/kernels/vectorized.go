// Adds up a tile of C in registers instead of a row of C in memory, which saves most loads and stores; Go's
// compiler does not vectorize, so the tile is of scalars.

package kernels

// tiled is the size of the products that are computed in tiles.
const tiled = 128

// Vectorized computes C = A · B by parallel divide and conquer with a tile of 3 × 2 numbers at the base.
var Vectorized = []Path{{"baseline", nil, true, func(a, b, c []float64, n, rows, threads int) {
	recursion{n, tiled, tileByTile}.divide(a, b, c, n, n, n, tasks(threads))
}}}

// tileByTile adds A · B to C tile by tile, and what they leave over row by row. It first copies the two
// columns of B that a tile reads, which lie in as many cache lines as B has rows, to a few lines.
func tileByTile(a, b, c []float64, n, rows, depth, columns int) {
	var copied [tiled][2]float64
	strip := copied[:depth]
	bottom, right := rows/3*3, columns/2*2
	for j := 0; j < right; j += 2 {
		for k := range strip {
			strip[k] = [2]float64(b[k*n+j:])
		}
		for i := 0; i < bottom; i += 3 {
			a0, a1, a2 := a[i*n:][:depth], a[(i+1)*n:][:depth], a[(i+2)*n:][:depth]
			var c00, c01, c10, c11, c20, c21 float64
			for k := range strip {
				b0, b1 := strip[k][0], strip[k][1]
				c00 += a0[k] * b0
				c01 += a0[k] * b1
				c10 += a1[k] * b0
				c11 += a1[k] * b1
				c20 += a2[k] * b0
				c21 += a2[k] * b1
			}
			for r, sums := range [3][2]float64{{c00, c01}, {c10, c11}, {c20, c21}} {
				c[(i+r)*n+j] += sums[0]
				c[(i+r)*n+j+1] += sums[1]
			}
		}
	}
	if right < columns {
		rowByRow(a, b[right:], c[right:], n, bottom, depth, columns-right)
	}
	if bottom < rows {
		rowByRow(a[bottom*n:], b, c[bottom*n:], n, rows-bottom, depth, columns)
	}
}
