package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transpose writes a copy of eight rows as eight columns, four columns of the
// rows at a time.
func transpose() {
	begin(avx2{}, "gemmTranspose8")
	dst := Load(Param("dst"), GP64())
	dstRow := Load(Param("dstRow"), GP64()).(reg.GPVirtual)
	src := Load(Param("src"), GP64())
	srcRow := Load(Param("srcRow"), GP64()).(reg.GPVirtual)
	quads := Load(Param("quads"), GP64())
	SHLQ(U8(2), dstRow)
	SHLQ(U8(2), srcRow)
	src3, dst3, below := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: srcRow, Index: srcRow, Scale: 2}, src3)
	LEAQ(Mem{Base: dstRow, Index: dstRow, Scale: 2}, dst3)
	LEAQ(Mem{Base: src, Index: srcRow, Scale: 4}, below) // row 4

	at := func(base, row, row3 reg.Register, i int) Mem {
		return [...]Mem{
			{Base: base},
			{Base: base, Index: row, Scale: 1},
			{Base: base, Index: row, Scale: 2},
			{Base: base, Index: row3, Scale: 1},
		}[i]
	}

	Label("loop")
	// Register i holds row i in its lower half and row i+4 in its upper one, so
	// that what remains is a 4x4 transposition in both halves.
	var rows [4]reg.VecVirtual
	for i := range rows {
		rows[i] = YMM()
		VMOVUPS(at(src, srcRow, src3, i), rows[i].AsX())
		VINSERTF128(U8(1), at(below, srcRow, src3, i), rows[i], rows[i])
	}
	low01, high01, low23, high23 := YMM(), YMM(), YMM(), YMM()
	VUNPCKLPS(rows[1], rows[0], low01)
	VUNPCKHPS(rows[1], rows[0], high01)
	VUNPCKLPS(rows[3], rows[2], low23)
	VUNPCKHPS(rows[3], rows[2], high23)
	VUNPCKLPD(low23, low01, rows[0])
	VUNPCKHPD(low23, low01, rows[1])
	VUNPCKLPD(high23, high01, rows[2])
	VUNPCKHPD(high23, high01, rows[3])
	for i, v := range rows {
		VMOVUPS(v, at(dst, dstRow, dst3, i))
	}
	ADDQ(U8(16), src)
	ADDQ(U8(16), below)
	LEAQ(Mem{Base: dst, Index: dstRow, Scale: 4}, dst)
	DECQ(quads)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
