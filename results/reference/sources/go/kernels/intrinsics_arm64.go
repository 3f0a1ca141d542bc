// Packs A and B into the order in which a small tile of C reads them, and adds that tile up in vector
// registers, so that nearly all the work is multiply-adds of 8, 4 or 2 numbers at once.

package kernels

import (
	"simd/archsimd"
	"unsafe"
)

// Intrinsics computes C = A · B with a tile in vector intrinsics.
var Intrinsics = []Path{{"neon", nil, true, neonx4.product}}

var neonx4 = tile{4, 4, neonx4x4, nil}

// neonx4x4 adds up a tile of 4 × 4 in eight vectors.
func neonx4x4(depth int, a, b, c strided) {
	var c00, c01, c10, c11, c20, c21, c30, c31 archsimd.Float64x2
	for ; ; a, b = a.along(), b.down() {
		row := (*[2][2]float64)(b.first)
		b0, b1 := archsimd.LoadFloat64x2Array(&row[0]), archsimd.LoadFloat64x2Array(&row[1])
		x := archsimd.BroadcastFloat64x2(*a.at(0))
		c00, c01 = x.MulAdd(b0, c00), x.MulAdd(b1, c01)
		x = archsimd.BroadcastFloat64x2(*a.at(1))
		c10, c11 = x.MulAdd(b0, c10), x.MulAdd(b1, c11)
		x = archsimd.BroadcastFloat64x2(*a.at(2))
		c20, c21 = x.MulAdd(b0, c20), x.MulAdd(b1, c21)
		x = archsimd.BroadcastFloat64x2(*a.at(3))
		c30, c31 = x.MulAdd(b0, c30), x.MulAdd(b1, c31)
		if depth--; depth == 0 {
			break
		}
	}
	add2(c.at(0), c00, c01)
	add2(c.at(1), c10, c11)
	add2(c.at(2), c20, c21)
	add2(c.at(3), c30, c31)
}

// add2 adds a row of a tile to C.
func add2(c *float64, x, y archsimd.Float64x2) {
	row := (*[2][2]float64)(unsafe.Pointer(c))
	archsimd.LoadFloat64x2Array(&row[0]).Add(x).StoreArray(&row[0])
	archsimd.LoadFloat64x2Array(&row[1]).Add(y).StoreArray(&row[1])
}
