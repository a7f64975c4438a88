package estimator

import (
	"syscall"
	"testing"
	"unsafe"
)

const hugePage = 2 << 20

// body of a message of n numbers, in huge pages where the system has them: what NumPy asks for, too, so that the peers' arrays are compared with the like.
func body(b testing.TB, n int) []float64 {
	b.Helper()
	memory, err := syscall.Mmap(-1, 0, 8*n+2*hugePage, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = syscall.Munmap(memory) })
	_ = syscall.Madvise(memory, syscall.MADV_HUGEPAGE) // what is refused is slower, no more
	start := hugePage - int(uintptr(unsafe.Pointer(&memory[0]))%hugePage)
	return unsafe.Slice((*float64)(unsafe.Pointer(&memory[start])), n)[:0]
}
