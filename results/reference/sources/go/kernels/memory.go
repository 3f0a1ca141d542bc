package kernels

import (
	"os"
	"syscall"
	"unsafe"
)

var kept []byte

// packingMemory returns room for length numbers in huge pages where the system has them, so that walking it
// hardly misses the TLB. It is kept for the next call, as libraries do: zeroing new pages would cost a small
// product a tenth of its time. One product at a time may use it.
func packingMemory(length int) []float64 {
	const huge = 2 << 20
	if size := 8*length + huge; len(kept) < size {
		grow(size)
	}
	start := -uintptr(unsafe.Pointer(&kept[0])) % huge
	return unsafe.Slice((*float64)(unsafe.Pointer(&kept[start])), length)
}

func grow(size int) {
	if kept != nil {
		syscall.Munmap(kept)
	}
	var err error
	kept, err = syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		os.Stderr.WriteString("matmul: memory for packing: " + err.Error() + "\n")
		os.Exit(1) // a panic would exit with 2, the code for usage
	}
	syscall.Madvise(kept, syscall.MADV_HUGEPAGE) // advice: without it only speed is lost
}
