// Packs A and B into the order in which a small tile of C reads them, and adds that tile up in vector
// registers, so that nearly all the work is multiply-adds of 8, 4 or 2 numbers at once.
//
// The tile is small, for Go 1.27 does not keep a larger one in registers: its multiply-add overwrites a factor
// and not the sum, so that sums wander between registers, and at a loop's end they find room in 15 of 31.

package kernels

import (
	"simd/archsimd"
	"unsafe"
)

// Intrinsics computes C = A · B with a tile in vector intrinsics.
var Intrinsics = []Path{
	{"avx512", []string{"avx512"}, archsimd.X86.AVX512(), avx512x16.product},
	{"avx2", []string{"avx2", "fma"}, archsimd.X86.AVX2() && archsimd.X86.FMA(), avx2x8.product},
}

var (
	avx512x16 = tile{4, 16, avx512x4x16, &avx2x8}
	avx2x8    = tile{4, 8, avx2x4x8, &avx2x4}
	avx2x4    = tile{4, 4, avx2x4x4, nil}
)

// avx512x4x16 adds up a tile of 4 × 16 in eight vectors.
func avx512x4x16(depth int, a, b, c strided) {
	var c00, c01, c10, c11, c20, c21, c30, c31 archsimd.Float64x8
	for ; ; a, b = a.along(), b.down() {
		row := (*[2][8]float64)(b.first)
		b0, b1 := archsimd.LoadFloat64x8Array(&row[0]), archsimd.LoadFloat64x8Array(&row[1])
		x := archsimd.BroadcastFloat64x8(*a.at(0))
		c00, c01 = x.MulAdd(b0, c00), x.MulAdd(b1, c01)
		x = archsimd.BroadcastFloat64x8(*a.at(1))
		c10, c11 = x.MulAdd(b0, c10), x.MulAdd(b1, c11)
		x = archsimd.BroadcastFloat64x8(*a.at(2))
		c20, c21 = x.MulAdd(b0, c20), x.MulAdd(b1, c21)
		x = archsimd.BroadcastFloat64x8(*a.at(3))
		c30, c31 = x.MulAdd(b0, c30), x.MulAdd(b1, c31)
		if depth--; depth == 0 {
			break
		}
	}
	add8(c.at(0), c00, c01)
	add8(c.at(1), c10, c11)
	add8(c.at(2), c20, c21)
	add8(c.at(3), c30, c31)
}

// add8 adds a row of a tile to C.
func add8(c *float64, x, y archsimd.Float64x8) {
	row := (*[2][8]float64)(unsafe.Pointer(c))
	archsimd.LoadFloat64x8Array(&row[0]).Add(x).StoreArray(&row[0])
	archsimd.LoadFloat64x8Array(&row[1]).Add(y).StoreArray(&row[1])
}

// avx2x4x8 adds up a tile of 4 × 8 in eight vectors.
func avx2x4x8(depth int, a, b, c strided) {
	var c00, c01, c10, c11, c20, c21, c30, c31 archsimd.Float64x4
	for ; ; a, b = a.along(), b.down() {
		row := (*[2][4]float64)(b.first)
		b0, b1 := archsimd.LoadFloat64x4Array(&row[0]), archsimd.LoadFloat64x4Array(&row[1])
		x := archsimd.BroadcastFloat64x4(*a.at(0))
		c00, c01 = x.MulAdd(b0, c00), x.MulAdd(b1, c01)
		x = archsimd.BroadcastFloat64x4(*a.at(1))
		c10, c11 = x.MulAdd(b0, c10), x.MulAdd(b1, c11)
		x = archsimd.BroadcastFloat64x4(*a.at(2))
		c20, c21 = x.MulAdd(b0, c20), x.MulAdd(b1, c21)
		x = archsimd.BroadcastFloat64x4(*a.at(3))
		c30, c31 = x.MulAdd(b0, c30), x.MulAdd(b1, c31)
		if depth--; depth == 0 {
			break
		}
	}
	add4(c.at(0), c00, c01)
	add4(c.at(1), c10, c11)
	add4(c.at(2), c20, c21)
	add4(c.at(3), c30, c31)
}

// avx2x4x4 adds up a tile of 4 × 4 in four vectors.
func avx2x4x4(depth int, a, b, c strided) {
	var c0, c1, c2, c3 archsimd.Float64x4
	for ; ; a, b = a.along(), b.down() {
		b0 := archsimd.LoadFloat64x4Array((*[4]float64)(b.first))
		c0 = archsimd.BroadcastFloat64x4(*a.at(0)).MulAdd(b0, c0)
		c1 = archsimd.BroadcastFloat64x4(*a.at(1)).MulAdd(b0, c1)
		c2 = archsimd.BroadcastFloat64x4(*a.at(2)).MulAdd(b0, c2)
		c3 = archsimd.BroadcastFloat64x4(*a.at(3)).MulAdd(b0, c3)
		if depth--; depth == 0 {
			break
		}
	}
	for r, sum := range [...]archsimd.Float64x4{c0, c1, c2, c3} {
		row := (*[4]float64)(unsafe.Pointer(c.at(uintptr(r))))
		archsimd.LoadFloat64x4Array(row).Add(sum).StoreArray(row)
	}
}

// add4 adds a row of a tile to C.
func add4(c *float64, x, y archsimd.Float64x4) {
	row := (*[2][4]float64)(unsafe.Pointer(c))
	archsimd.LoadFloat64x4Array(&row[0]).Add(x).StoreArray(&row[0])
	archsimd.LoadFloat64x4Array(&row[1]).Add(y).StoreArray(&row[1])
}
