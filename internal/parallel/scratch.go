package parallel

import (
	"math/bits"
	"sync"
	"unsafe"
)

// alignment of memory in bytes: a cache line, and a vector of AVX-512.
const alignment = 64

// Scratch is kept in free lists, one for each power of two of elements and each worker's
// home, whose cache has it, and never given back to the collector: as many buffers exist as
// were once in use there at the same time.
var free [maxShares]struct {
	mu    sync.Mutex
	lists [64][][]float32
}

func takeScratch(home, size int) []float32 {
	if size == 0 {
		return nil
	}
	class, f := bits.Len(uint(size-1)), &free[home]
	f.mu.Lock()
	defer f.mu.Unlock()
	list := f.lists[class]
	if len(list) == 0 {
		return Aligned(1 << class)[:size]
	}
	buffer := list[len(list)-1]
	f.lists[class] = list[:len(list)-1]
	return buffer[:size]
}

func giveScratch(home int, scratch []float32) {
	if cap(scratch) == 0 {
		return
	}
	class, f := bits.Len(uint(cap(scratch)-1)), &free[home]
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lists[class] = append(f.lists[class], scratch)
}

// Aligned allocates size float32s, all 0, that start on a 64-byte boundary, as
// vector units like it; the runtime itself aligns to 16 bytes only.
func Aligned(size int) []float32 {
	const slack = alignment/4 - 1
	buffer := make([]float32, size+slack)
	skip := 0
	if over := uintptr(unsafe.Pointer(&buffer[0])) % alignment; over != 0 {
		skip = int(alignment-over) / 4
	}
	return buffer[skip : skip+size : skip+size]
}
