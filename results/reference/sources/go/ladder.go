//go:build !library

package main

import "matmul/kernels"

var ladder = []rung{
	{"naive", "ijk", "one", kernels.Naive, nil},
	{"interchanged", "ikj", "one", kernels.Interchanged, nil},
	{"parallel", "ijk", "all", kernels.Parallel, nil},
	{"recursive", "recursive", "all", kernels.Recursive, nil},
	{"vectorized", "recursive", "all", nil, kernels.Vectorized},
	{"intrinsics", "packed", "all", nil, kernels.Intrinsics},
	{"assembly", "packed", "all", nil, kernels.Assembly},
}
