package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pool writes maxFrom for AVX2 only: memory is the limit.
func pool() {
	maxFrom(avx2{})
	for _, s := range bothSets {
		maxSquares(s)
		spreadSquares(s)
	}
}

func maxFrom(s set) {
	begin(s, "maxFrom")
	best, from, x := base("best"), base("from"), base("x")
	place := broadcast(s, "place")
	loop{set: s, n: Load(Param("best").Len(), GP64()), body: func(t step) {
		v, old, origin := t.load(x), t.load(best), t.load(from)
		larger := t.replaces(v, old)
		t.choose(larger, v, old)
		t.choose(larger, place, origin)
		t.store(old, best)
		t.store(origin, from)
	}}.write()
	end()
}

// replaces returns where v is a new maximum: where it is larger than old, or NaN.
func (t step) replaces(v, old vector) lanemask {
	return t.either(t.compare(greater, v, old), t.compare(unordered, v, v))
}

// squares are the arguments of the kernels for squares of 2x2 pixels. The pixels are those
// of a square, in their order.
type squares struct {
	set
	pixels       [4]pointer
	largest      pointer
	from         pointer
	step, n      reg.Register
	constants    [4]vector // 0, 1, 2 and 3
	pixelsOfNext reg.Register
}

func newSquares(s set, pixels, row, largest string) *squares {
	q := &squares{set: s, largest: base(largest), from: base("from"), step: Load(Param("step"), GP64()), n: Load(Param("n"), GP64())}
	next, down := bytes("n"), bytes(row)
	q.pixels = [4]pointer{base(pixels), GP64(), GP64(), GP64()}
	LEAQ(Mem{Base: q.pixels[0], Index: next, Scale: 1}, q.pixels[1])
	LEAQ(Mem{Base: q.pixels[0], Index: down, Scale: 1}, q.pixels[2])
	LEAQ(Mem{Base: q.pixels[2], Index: next, Scale: 1}, q.pixels[3])
	ADDQ(next, next)
	q.pixelsOfNext = next
	for i, name := range []string{"number0", "number1", "number2", "number3"} {
		q.constants[i] = s.vector()
		s.load(integer(name, uint32(i)), q.constants[i], nil)
	}
	return q
}

// each writes the loop over all squares. n is a multiple of the lanes.
func (q *squares) each(body func(t step)) {
	count, left, index := Load(Param("count"), GP64()), GP64(), GP64()
	square := label("square")
	Label(square)
	MOVQ(q.n, left)
	XORQ(index, index)
	loop{set: q.set, n: left, body: body}.turns(index, 1)
	for _, p := range q.pixels {
		ADDQ(q.pixelsOfNext, p)
	}
	LEAQ(Mem{Base: q.largest, Index: q.step, Scale: 4}, q.largest)
	ADDQ(q.step, q.from)
	DECQ(count)
	JNE(LabelRef(square))
	end()
}

// bytes is where the bytes of a vector's lanes are.
func (t step) bytes(p pointer) Mem {
	return Mem{Base: p, Index: t.index, Scale: 1, Disp: t.lanes() * t.turn}
}

// number returns a vector of its own full of a small number.
func (q *squares) number(i int) vector {
	v := q.vector()
	VMOVAPS(q.constants[i], v)
	return v
}

// maxSquares takes the larger one of each row of a square, then that of both rows.
func maxSquares(s set) {
	begin(s, "maxSquares")
	q := newSquares(s, "x", "row", "dst")
	q.each(func(t step) {
		var best, place [2]vector
		for row := range 2 {
			v := t.load(q.pixels[2*row+1])
			best[row], place[row] = t.load(q.pixels[2*row]), q.number(2*row)
			larger := t.replaces(v, best[row])
			t.choose(larger, v, best[row])
			t.choose(larger, q.constants[2*row+1], place[row])
		}
		larger := t.replaces(best[1], best[0])
		t.choose(larger, best[1], best[0])
		t.choose(larger, place[1], place[0])
		t.store(best[0], q.largest)
		t.storeBytes(place[0], t.bytes(q.from))
	})
}

func spreadSquares(s set) {
	begin(s, "spreadSquares")
	q := newSquares(s, "dst", "row", "x")
	q.each(func(t step) {
		x, place := t.load(q.largest), t.loadBytes(t.bytes(q.from))
		for i, p := range q.pixels {
			v := q.vector()
			VMOVAPS(x, v)
			t.keep(t.equal(place, q.constants[i]), v)
			t.store(v, p)
		}
	})
}
