package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type vector = reg.VecVirtual

// A lanemask selects lanes: a vector of zeros and ones on AVX2, an opmask on
// AVX-512.
type lanemask = reg.Register

// A set is what differs between the instruction sets.
type set interface {
	name() string
	lanes() int
	registers() int // for vectors
	together() int  // vectors whose code pauses for each other's; registers bound it
	spare() int     // registers that such code has no other use for
	vector() vector

	// tail returns the mask of the first n lanes, 0 <= n < lanes.
	tail(n reg.Register) lanemask
	load(m Mem, v vector, tail lanemask) // a nil tail means all lanes
	store(v vector, m Mem, tail lanemask)

	// multiplyAdd adds the products of the element at m with the vectors of row
	// to acc. It may use scratch.
	multiplyAdd(m Mem, row, acc []vector, scratch vector)

	// timesPowerOf2 multiplies p by 2**n, rounding once. t is what expOf rounds n with, and may be overwritten.
	timesPowerOf2(n, t, p vector)

	compare(predicate uint8, a, b vector) lanemask // a predicate b
	both(a, b lanemask) lanemask                   // a and b
	either(a, b lanemask) lanemask                 // a or b
	equal(a, b vector) lanemask                    // as whole numbers
	keep(mask lanemask, v vector)                  // v = mask ? v : 0
	choose(mask lanemask, a, v vector)             // v = mask ? a : v

	loadBits(m Mem) lanemask // from one bit a lane
	storeBits(mask lanemask, m Mem)

	loadBytes(m Mem) vector     // whole numbers from one byte a lane
	storeBytes(v vector, m Mem) // numbers up to 127; may overwrite v
}

func broadcastMultiplyAdd(m Mem, row, acc []vector, scratch vector) {
	VBROADCASTSS(m, scratch)
	for j, v := range row {
		VFMADD231PS(v, scratch, acc[j])
	}
}

// Predicates of VCMPPS.
const (
	lessThan       = 0x11 // false for NaN
	notLess        = 0x15 // true for NaN
	notLessOrEqual = 0x16 // true for NaN
	unordered      = 0x03 // one is NaN
	greater        = 0x1e // false for NaN
)
