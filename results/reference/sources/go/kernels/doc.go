// Package kernels holds the ladder, one rung a file, all of one signature: a kernel adds the first rows rows
// of A · B to C, on threads threads; matrices are contiguous and row-major, n columns wide. Kernels whose
// rows are not independent compute all n of them.
//
// The rungs intrinsics and assembly are tiles, and share what is around them: packed.go (the algorithm),
// team.go (who does which part), memory.go, caches.go and isa.go.
package kernels
