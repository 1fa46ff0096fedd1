package sized

import (
	"errors"
	"math"
)

// Budget bounds what a reader keeps and does, however little a file needs to ask
// for it: members of an archive that overlap, zeros that compress well, objects
// that hold each other. Both bounds are a constant, which suffices for odd but honest
// small files, and a multiple of the file's size, which suffices for large ones.
type Budget struct{ bytes, work int64 }

const (
	leastBytes = 128 << 20
	bytesEach  = 32 // uint8 that compresses to an eighth, as float32
	leastWork  = 1 << 24
	workEach   = 64
)

// Errors of a budget.
var (
	ErrMemory = errors.New("it would need far more memory than a file of this size should")
	ErrWork   = errors.New("what it holds refers to itself again and again, so that reading it would take far longer than a file of this size should")
)

// NewBudget returns the budget for a file of the given size in bytes.
func NewBudget(size int64) *Budget {
	return &Budget{bytes: min(leastBytes+bytesEach*size, math.MaxInt/2), work: leastWork + workEach*size}
}

// Keep takes bytes out of the budget for what a reader keeps. When there are not
// as many it takes none and returns [ErrMemory].
func (b *Budget) Keep(bytes int64) error {
	if bytes < 0 || bytes > b.bytes {
		return ErrMemory
	}
	b.bytes -= bytes
	return nil
}

// Work takes steps of some nanoseconds, or bytes that are read, out of the
// budget. When there are not as many it returns [ErrWork].
func (b *Budget) Work(steps int64) error {
	if b.work -= steps; steps < 0 || b.work < 0 {
		b.work = 0
		return ErrWork
	}
	return nil
}
