package main

import (
	"fmt"
	"iter"
	"slices"

	"autodropout/simd/asm/kernels"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// unroll is the number of vectors in one turn of the main loops.
const unroll = 4

// begin starts a kernel's function of a set.
func begin(s set, name string) {
	TEXT(name+s.name(), NOSPLIT, kernels.Signature(name, s.name()))
	Pragma("noescape")
	held = nil
}

// end returns from the function. The code around it is SSE, which is slow as
// long as upper halves are in use.
func end() {
	VZEROUPPER()
	RET()
}

// A pointer holds the address of a slice's first element.
type pointer = reg.Register

func base(slice string) pointer { return Load(Param(slice).Base(), GP64()) }

// broadcast returns a vector full of the scalar argument name.
func broadcast(s set, name string) vector {
	v := s.vector()
	a, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(a.Addr, v)
	return v
}

// A step is one vector's worth of a loop.
type step struct {
	set
	index reg.Register // elements before this turn of the loop
	turn  int          // vectors before this one within it
	mask  lanemask     // of the last, partial vector, or nil
	pause func()       // is called where the code of other vectors may come between
}

func (t step) at(p pointer) Mem {
	return Mem{Base: p, Index: t.index, Scale: 4, Disp: 4 * t.lanes() * t.turn}
}

func (t step) load(p pointer) vector {
	v := t.vector()
	t.set.load(t.at(p), v, t.mask)
	return v
}

func (t step) store(v vector, p pointer) { t.set.store(v, t.at(p), t.mask) }

// bitsAt is where the bits of this vector are if those of the turn are at p.
func (t step) bitsAt(p pointer) Mem {
	return Mem{Base: p, Disp: t.lanes() / 8 * t.turn}
}

// A loop goes over n elements, vector by vector.
type loop struct {
	set
	n    reg.Register // overwritten
	bits pointer      // advanced along with the elements, if not nil
	mask lanemask     // of the last, partial vector; nil means to compute it
	body func(t step)
}

func (l loop) write() {
	index := GP64()
	XORQ(index, index)
	l.turns(index, unroll)
	l.turns(index, 1)
	TESTQ(l.n, l.n)
	done := label("done")
	JEQ(LabelRef(done))
	mask := l.mask
	if mask == nil {
		mask = l.tail(l.n)
	}
	l.body(step{set: l.set, index: index, mask: mask, pause: func() {}})
	Label(done)
}

// turns writes the loop over as many groups of vectors as there are.
func (l loop) turns(index reg.Register, vectors int) {
	again, enough := label("loop"), label("enough")
	size := l.lanes() * vectors
	CMPQ(l.n, U8(size))
	JLT(LabelRef(enough))
	Label(again)
	together := min(vectors, l.together())
	for first := 0; first < vectors; first += together {
		sideBySide(together, func(i int, pause func()) {
			l.body(step{set: l.set, index: index, turn: first + i, pause: pause})
		})
	}
	if l.bits != nil {
		ADDQ(U8(size/8), l.bits)
	}
	ADDQ(U8(size), index)
	SUBQ(U8(size), l.n)
	CMPQ(l.n, U8(size))
	JGE(LabelRef(again))
	Label(enough)
}

// sideBySide writes n pieces of code in turns, each up to its next pause. A processor
// looks only so far ahead: the instructions that it finds there do not all wait for each
// other.
func sideBySide(n int, piece func(i int, pause func())) {
	var pieces []func() (struct{}, bool)
	for i := range n {
		next, _ := iter.Pull(func(yield func(struct{}) bool) {
			piece(i, func() { yield(struct{}{}) })
		})
		pieces = append(pieces, next)
	}
	for len(pieces) > 0 {
		pieces = slices.DeleteFunc(pieces, func(next func() (struct{}, bool)) bool {
			_, more := next()
			return !more
		})
	}
}

var labels int

func label(name string) string {
	labels++
	return fmt.Sprint(name, labels)
}
