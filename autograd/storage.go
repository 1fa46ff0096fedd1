package autograd

import (
	"math/bits"
	"unsafe"

	"autodropout/internal/parallel"
)

// storage is a buffer that tensors share. A pooled one goes back to its tape's
// free list when the last reference is released; its generation then grows,
// which is how a tensor notices that its data is gone.
type storage struct {
	data       []float32
	whole      []float32 // the full size class behind data; nil: not pooled
	refs       int
	generation uint32
}

// classes is enough for a buffer of 2^48 elements at four classes an octave.
const classes = 4 * 48

// A buffer of a larger class stands in where a large one is needed and none of its own
// class is free: what a step needs at one time and another is seldom of one size, and all
// of it would be held.
const (
	large  = 1 << 20 // bytes
	larger = 4       // classes: at most twice the size
)

// pool holds the free buffers of one tape by size class.
type pool struct {
	free  [classes][]*storage
	stats Stats
}

// Stats describes what a tape holds.
type Stats struct {
	Recorded    int // operations, since the last Reset
	Allocations int // buffers obtained from the Go heap since the tape was made
	Bytes       int // in all these buffers, used or free
	Live, Peak  int // bytes in use now, and at most
}

// retain adds a reference. What is not pooled has no count: tapes of several goroutines may
// share it.
func (s *storage) retain() {
	if s.whole != nil {
		s.refs++
	}
}

// get returns a storage of n uninitialised elements with one reference.
func (p *pool) get(n int) *storage {
	class, capacity := sizeClass(n)
	s := p.reuse(class, 1)
	if s == nil && 4*n >= large {
		s = p.reuse(class+1, larger)
	}
	if s == nil {
		s = &storage{whole: parallel.Aligned(capacity)}
		p.stats.Allocations++
		p.stats.Bytes += 4 * capacity
	}
	s.data = s.whole[:n:n]
	s.refs = 1
	p.stats.Live += 4 * len(s.whole)
	p.stats.Peak = max(p.stats.Peak, p.stats.Live)
	return s
}

// reuse takes a free storage of so many size classes, from the given one on; nil: there is
// none.
func (p *pool) reuse(class, count int) *storage {
	for c := class; c < min(class+count, classes); c++ {
		if list := p.free[c]; len(list) > 0 {
			p.free[c] = list[:len(list)-1]
			return list[len(list)-1]
		}
	}
	return nil
}

// release gives up one reference to s.
func (p *pool) release(s *storage) {
	if s.whole == nil {
		return
	}
	s.refs--
	if s.refs > 0 {
		return
	}
	s.generation++
	class, _ := sizeClass(len(s.whole))
	p.free[class] = append(p.free[class], s)
	p.stats.Live -= 4 * len(s.whole)
}

// sizeClass returns the index and the capacity of the smallest size class that
// holds n elements: four classes to a power of two, at least 16 elements.
func sizeClass(n int) (class, capacity int) {
	n = max(n, 16)
	octave := bits.Len(uint(n-1)) - 3 // the quarter of the power of two at or above n
	step := 1 << octave
	quarters := (n + step - 1) / step // 5 to 8
	return 4*octave + quarters - 5, quarters * step
}

// asBits views a buffer as words of 32 bits.
func asBits(b []float32) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(b))), len(b))
}

// asBytes views a buffer as bytes.
func asBytes(b []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(b))), 4*len(b))
}
