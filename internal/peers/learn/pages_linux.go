package main

import (
	"log"
	"unsafe"

	"golang.org/x/sys/unix"
)

// onLargePages are values in memory as NumPy has its large arrays: the kernel is advised to use large pages.
func onLargePages(values int) []float64 {
	const page = 2 << 20
	b, err := unix.Mmap(-1, 0, (8*values+page-1)/page*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		log.Fatal(err)
	}
	if err := unix.Madvise(b, unix.MADV_HUGEPAGE); err != nil {
		log.Printf("without large pages: %v", err)
	}
	return unsafe.Slice((*float64)(unsafe.Pointer(&b[0])), values)
}
