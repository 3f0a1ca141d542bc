// Package kernels holds the ladder, one rung a file, all of one signature. A kernel adds the first
// rows rows of A · B to C; matrices are contiguous and row-major, n columns wide.
package kernels
