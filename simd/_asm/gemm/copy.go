package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// copyRows writes a copy of rows of 4 to 32 elements. The vectors at the end of a
// row overlap those at its start, so that all are full.
func copyRows() {
	begin(avx2{}, "gemmCopyRows")
	dst := Load(Param("dst"), GP64())
	dstRow := Load(Param("dstRow"), GP64()).(reg.GPVirtual)
	src := Load(Param("src"), GP64())
	srcRow := Load(Param("srcRow"), GP64()).(reg.GPVirtual)
	rows := Load(Param("rows"), GP64())
	n := Load(Param("n"), GP64())
	SHLQ(U8(2), dstRow)
	SHLQ(U8(2), srcRow)
	ahead := GP64() // of what the next sixteen rows will need
	MOVQ(srcRow, ahead)
	SHLQ(U8(4), ahead)

	// loop copies the offsets of a row from its start and from its end.
	loop := func(label string, vectors []reg.VecVirtual, bytes int) {
		Label(label)
		PREFETCHT1(Mem{Base: src, Index: ahead, Scale: 1})
		half := len(vectors) / 2
		for i, v := range vectors {
			if i < half {
				VMOVUPS(Mem{Base: src, Disp: i * bytes}, v)
			} else {
				VMOVUPS(Mem{Base: src, Index: n, Scale: 4, Disp: (i - 2*half) * bytes}, v)
			}
		}
		for i, v := range vectors {
			if i < half {
				VMOVUPS(v, Mem{Base: dst, Disp: i * bytes})
			} else {
				VMOVUPS(v, Mem{Base: dst, Index: n, Scale: 4, Disp: (i - 2*half) * bytes})
			}
		}
		ADDQ(srcRow, src)
		ADDQ(dstRow, dst)
		DECQ(rows)
		JNE(LabelRef(label))
		VZEROUPPER()
		RET()
	}
	CMPQ(n, U8(8))
	JLE(LabelRef("upTo8"))
	CMPQ(n, U8(16))
	JLE(LabelRef("upTo16"))
	loop("upTo32", []reg.VecVirtual{YMM(), YMM(), YMM(), YMM()}, 32)
	loop("upTo16", []reg.VecVirtual{YMM(), YMM()}, 32)
	loop("upTo8", []reg.VecVirtual{XMM(), XMM()}, 16)
}
