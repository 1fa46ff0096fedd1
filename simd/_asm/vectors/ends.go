package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// endRows writes a loop for each activation, with and without a residual.
func endRows(s set) {
	begin(s, "endRows")
	columns, activation := Load(Param("scale").Len(), GP64()), Load(Param("activation"), GP64())
	rest := GP64()
	MOVQ(columns, rest)
	ANDQ(U8(s.lanes()-1), rest)
	e := rowsEnd{set: s, columns: columns, mask: s.tail(rest), y: base("y"), scale: base("scale"), shift: base("shift"), ld: strideParam("ld")}
	plain, residual := label("plain"), base("residual")
	TESTQ(residual, residual)
	JEQ(LabelRef(plain))
	e.residual = residual
	e.each(activation)
	Label(plain)
	e.residual = nil
	e.each(activation)
}

type rowsEnd struct {
	set
	columns, ld               reg.Register
	mask                      lanemask
	y, scale, shift, residual pointer // residual may be nil
}

// each writes the loops, in the order of simd.RowEnd.
func (e rowsEnd) each(activation reg.Register) {
	z := zero(e.set)
	relu, silu := label("relu"), label("silu")
	CMPQ(activation, U8(1))
	JEQ(LabelRef(relu))
	JGT(LabelRef(silu))
	e.loop(func(_ step, y vector) vector { return y })
	Label(relu)
	e.loop(func(t step, y vector) vector { t.keep(t.compare(notLessOrEqual, y, z), y); return y })
	Label(silu)
	e.loop(siluOf)
}

func (e rowsEnd) loop(activation func(t step, y vector) vector) {
	rows, left, y, residual := Load(Param("rows"), GP64()), GP64(), GP64(), GP64()
	MOVQ(e.y, y)
	if e.residual != nil {
		MOVQ(e.residual, residual)
	}
	row := label("row")
	Label(row)
	MOVQ(e.columns, left)
	loop{set: e.set, n: left, mask: e.mask, body: func(t step) {
		v := scaledAndShifted(t, y, e.scale, e.shift)
		if e.residual != nil {
			VADDPS(t.load(residual), v, v)
		}
		t.store(activation(t, v), y)
	}}.write()
	ADDQ(e.ld, y)
	if e.residual != nil {
		ADDQ(e.ld, residual)
	}
	DECQ(rows)
	JNE(LabelRef(row))
	end()
}
