// Writes the tile of intrinsics in assembly, where a multiply-add adds to the register of its sum: so a tile
// three times as large stays in registers, and each number that it loads feeds more multiply-adds.

package kernels

// Assembly computes C = A · B with a tile in assembly.
var Assembly = []Path{{"neon", nil, true, tile{4, 8, neon4x8, &neonx4}.product}}

//go:noescape
func neon4x8(depth int, a, b, c strided)
