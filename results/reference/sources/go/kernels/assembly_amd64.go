// Writes the tile of intrinsics in assembly, where a multiply-add adds to the register of its sum: so a tile
// three times as large stays in registers, and each number that it loads feeds more multiply-adds.

package kernels

import "simd/archsimd"

// Assembly computes C = A · B with a tile in assembly.
var Assembly = []Path{
	{"avx512", []string{"avx512"}, archsimd.X86.AVX512(), tile{8, 24, avx512x8x24, &avx512x16}.product},
	{"avx2", []string{"avx2", "fma"}, archsimd.X86.AVX2() && archsimd.X86.FMA(), tile{4, 12, avx2x4x12, &avx2x8}.product},
}

//go:noescape
func avx512x8x24(depth int, a, b, c strided)

//go:noescape
func avx2x4x12(depth int, a, b, c strided)
