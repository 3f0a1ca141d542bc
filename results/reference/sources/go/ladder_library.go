//go:build library

package main

import "matmul/kernels"

var ladder = []rung{
	{"library", "library", "all", kernels.Library, nil},
}
