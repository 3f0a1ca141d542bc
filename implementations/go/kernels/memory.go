package kernels

import (
	"os"
	"syscall"
	"unsafe"
)

// allocate returns room for length numbers in huge pages where the system has them, so that walking it
// hardly misses the TLB, and a function that gives it back.
func allocate(length int) (numbers []float64, free func()) {
	const huge = 2 << 20
	bytes, err := syscall.Mmap(-1, 0, 8*length+huge, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		os.Stderr.WriteString("matmul: memory for packing: " + err.Error() + "\n")
		os.Exit(1) // a panic would exit with 2, the code for usage
	}
	syscall.Madvise(bytes, syscall.MADV_HUGEPAGE) // advice: without it only speed is lost
	start := -uintptr(unsafe.Pointer(&bytes[0])) % huge
	return unsafe.Slice((*float64)(unsafe.Pointer(&bytes[start])), length), func() { syscall.Munmap(bytes) }
}
