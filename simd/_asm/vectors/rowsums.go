package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func rowSums() {
	for _, s := range bothSets {
		sumBlock(s)
		momentsBlock(s)
		sumDotBlock(s)
		maskSumDotBlock(s)
	}
}

// columnSums sums over the rows of a block, strip of columns by strip, with the
// sums of a strip in registers.
type columnSums struct {
	set
	sums     []pointer // results, one element a column
	shift    pointer   // one element a column, or nil
	matrices []pointer
	bits     pointer // of the first matrix, or nil
	factor   vector  // of the first matrix where there are bits

	// add adds vector number i of a row to sums[i]; x[k] is from matrices[k].
	add func(sums, x []vector, shift vector)
}

func (c columnSums) write(columns reg.Register) {
	stride, bitStride := Load(Param("stride"), GP64()), GP64()
	if c.bits != nil {
		MOVQ(stride, bitStride)
		SHRQ(U8(3), bitStride)
	}
	SHLQ(U8(2), stride)
	index := GP64()
	XORQ(index, index)
	for width := 4; width > 0; width /= 2 {
		again, enough := label("strip"), label("enough")
		size := c.lanes() * width
		Label(again)
		CMPQ(columns, U8(size))
		JLT(LabelRef(enough))
		c.strip(width, index, stride, bitStride, nil)
		ADDQ(U8(size), index)
		SUBQ(U8(size), columns)
		JMP(LabelRef(again))
		Label(enough)
	}
	TESTQ(columns, columns)
	JEQ(LabelRef("done"))
	c.strip(1, index, stride, bitStride, c.tail(columns))
	Label("done")
	end()
}

// strip sums width vectors of columns from column index on.
func (c columnSums) strip(width int, index, stride, bitStride reg.Register, mask lanemask) {
	at := make([]step, width)
	sums := make([][]vector, width)
	shift := make([]vector, width)
	for i := range at {
		at[i] = step{set: c.set, index: index, turn: i, mask: mask}
		for range c.sums {
			sums[i] = append(sums[i], zero(c.set))
		}
		if c.shift != nil {
			shift[i] = at[i].load(c.shift)
		}
	}
	row := make([]pointer, len(c.matrices))
	for k, p := range c.matrices {
		row[k] = GP64()
		LEAQ(Mem{Base: p, Index: index, Scale: 4}, row[k])
	}
	rowBits := GP64()
	if c.bits != nil {
		MOVQ(index, rowBits)
		SHRQ(U8(3), rowBits)
		ADDQ(c.bits, rowBits)
	}
	rows := Load(Param("rows"), GP64())
	again := label("row")
	Label(again)
	for i := range at {
		x := make([]vector, len(row))
		for k, p := range row {
			x[k] = c.vector()
			c.load(Mem{Base: p, Disp: 4 * c.lanes() * i}, x[k], mask)
		}
		if c.bits != nil {
			VMULPS(c.factor, x[0], x[0])
			c.keep(c.loadBits(at[i].bitsAt(rowBits)), x[0])
		}
		c.add(sums[i], x, shift[i])
	}
	for _, p := range row {
		ADDQ(stride, p)
	}
	if c.bits != nil {
		ADDQ(bitStride, rowBits)
	}
	DECQ(rows)
	JNE(LabelRef(again))
	for i, t := range at {
		for k, p := range c.sums {
			VADDPS(t.load(p), sums[i][k], sums[i][k])
			t.store(sums[i][k], p)
		}
	}
}

func sumBlock(s set) {
	begin(s, "sumBlock")
	columnSums{
		set:      s,
		sums:     []pointer{base("sum")},
		matrices: []pointer{base("x")},
		add: func(sums, x []vector, _ vector) {
			VADDPS(x[0], sums[0], sums[0])
		},
	}.write(Load(Param("sum").Len(), GP64()))
}

func momentsBlock(s set) {
	begin(s, "momentsBlock")
	columnSums{
		set:      s,
		sums:     []pointer{base("sum"), base("sumsq")},
		shift:    base("shift"),
		matrices: []pointer{base("x")},
		add: func(sums, x []vector, shift vector) {
			d := x[0]
			VSUBPS(shift, d, d)
			VADDPS(d, sums[0], sums[0])
			VMULPS(d, d, d)
			VADDPS(d, sums[1], sums[1])
		},
	}.write(Load(Param("sum").Len(), GP64()))
}

func sumDotBlock(s set) {
	begin(s, "sumDotBlock")
	columnSums{
		set:      s,
		sums:     []pointer{base("sum"), base("dot")},
		shift:    base("shift"),
		matrices: []pointer{base("dy"), base("x")},
		add:      addSumDot,
	}.write(Load(Param("sum").Len(), GP64()))
}

func maskSumDotBlock(s set) {
	begin(s, "maskSumDotBlock")
	columnSums{
		set:      s,
		sums:     []pointer{base("sum"), base("dot")},
		shift:    base("shift"),
		matrices: []pointer{base("dy"), base("x")},
		bits:     base("bits"),
		factor:   broadcast(s, "factor"),
		add:      addSumDot,
	}.write(Load(Param("sum").Len(), GP64()))
}

func addSumDot(sums, x []vector, shift vector) {
	dy, d := x[0], x[1]
	VADDPS(dy, sums[0], sums[0])
	VSUBPS(shift, d, d)
	VMULPS(dy, d, d)
	VADDPS(d, sums[1], sums[1])
}
