package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func rows() {
	addRow(avx2{})
	for _, s := range bothSets {
		scaleShiftRows(s)
		scaleShiftSiLURows(s)
		siluGradRows(s)
		scaleShiftReLURows(s)
		bnBackwardRows(s)
		bnReLUBackwardRows(s)
	}
}

// eachRow applies body to the columns of every row. The matrices advance from
// row to row, and bits too if they are not nil.
func eachRow(s set, columns reg.Register, bits pointer, matrices []pointer, body func(t step)) {
	rows := Load(Param("rows"), GP64())
	rest, left := GP64(), GP64()
	MOVQ(columns, rest)
	ANDQ(U8(s.lanes()-1), rest)
	mask := s.tail(rest)
	Label("row")
	MOVQ(columns, left)
	loop{set: s, n: left, bits: bits, mask: mask, body: body}.write()
	for _, p := range matrices {
		LEAQ(Mem{Base: p, Index: columns, Scale: 4}, p)
	}
	DECQ(rows)
	JNE(LabelRef("row"))
	end()
}

func addRow(s set) {
	begin(s, "addRow")
	dst, x, v := base("dst"), base("x"), base("v")
	columns := Load(Param("v").Len(), GP64())
	eachRow(s, columns, nil, []pointer{dst, x}, func(t step) {
		y := t.load(x)
		VADDPS(t.load(v), y, y)
		t.store(y, dst)
	})
}

// scaledAndShifted returns x*scale + shift.
func scaledAndShifted(t step, x, scale, shift pointer) vector {
	y := t.load(x)
	VMULPS(t.load(scale), y, y)
	VADDPS(t.load(shift), y, y)
	return y
}

func scaleShiftRows(s set) {
	begin(s, "scaleShiftRows")
	dst, x, scale, shift := base("dst"), base("x"), base("scale"), base("shift")
	columns := Load(Param("scale").Len(), GP64())
	eachRow(s, columns, nil, []pointer{dst, x}, func(t step) {
		t.store(scaledAndShifted(t, x, scale, shift), dst)
	})
}

func scaleShiftSiLURows(s set) {
	begin(s, "scaleShiftSiLURows")
	sigmoidNumbers.hold(s)
	dst, x, scale, shift := base("dst"), base("x"), base("scale"), base("shift")
	columns := Load(Param("scale").Len(), GP64())
	eachRow(s, columns, nil, []pointer{dst, x}, func(t step) {
		t.store(siluOf(t, scaledAndShifted(t, x, scale, shift)), dst)
	})
}

func siluGradRows(s set) {
	begin(s, "siluGradRows")
	sigmoidNumbers.hold(s)
	dz, dy, x, scale, shift := base("dz"), base("dy"), base("x"), base("scale"), base("shift")
	columns := Load(Param("scale").Len(), GP64())
	eachRow(s, columns, nil, []pointer{dz, dy, x}, func(t step) {
		slope := siluSlope(t, scaledAndShifted(t, x, scale, shift))
		VMULPS(t.load(dy), slope, slope)
		t.store(slope, dz)
	})
}

// Where there are bits, the number of columns must be a multiple of that of
// lanes, so that no vector shares its bits' bytes with another.

func scaleShiftReLURows(s set) {
	begin(s, "scaleShiftReLURows")
	dst, x, scale, shift, bits := base("dst"), base("x"), base("scale"), base("shift"), base("bits")
	z, factor := zero(s), broadcast(s, "factor")
	columns := Load(Param("scale").Len(), GP64())
	eachRow(s, columns, bits, []pointer{dst, x}, func(t step) {
		y := scaledAndShifted(t, x, scale, shift)
		passes := t.both(t.compare(notLessOrEqual, y, z), t.loadBits(t.bitsAt(bits)))
		VMULPS(factor, y, y)
		t.keep(passes, y)
		t.store(y, dst)
		t.storeBits(passes, t.bitsAt(bits))
	})
}

// bnGradient stores a*dy + b*x + c.
func bnGradient(t step, dx pointer, dy vector, x, a, b, c pointer) {
	y := t.load(x)
	VMULPS(t.load(a), dy, dy)
	VMULPS(t.load(b), y, y)
	VADDPS(y, dy, dy)
	VADDPS(t.load(c), dy, dy)
	t.store(dy, dx)
}

func bnBackwardRows(s set) {
	begin(s, "bnBackwardRows")
	dx, dy, x := base("dx"), base("dy"), base("x")
	a, b, c := base("a"), base("b"), base("c")
	columns := Load(Param("a").Len(), GP64())
	eachRow(s, columns, nil, []pointer{dx, dy, x}, func(t step) {
		bnGradient(t, dx, t.load(dy), x, a, b, c)
	})
}

func bnReLUBackwardRows(s set) {
	begin(s, "bnReLUBackwardRows")
	dx, dy, x := base("dx"), base("dy"), base("x")
	a, b, c, bits := base("a"), base("b"), base("c"), base("bits")
	factor := broadcast(s, "factor")
	columns := Load(Param("a").Len(), GP64())
	eachRow(s, columns, bits, []pointer{dx, dy, x}, func(t step) {
		g := t.load(dy)
		VMULPS(factor, g, g)
		t.keep(t.loadBits(t.bitsAt(bits)), g)
		bnGradient(t, dx, g, x, a, b, c)
	})
}
