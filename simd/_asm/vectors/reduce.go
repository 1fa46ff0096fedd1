package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The reductions go over groups of sixteen elements; what is left of the last
// group is for Go.

func reduce() {
	s := avx2{}
	sum(s)
	dot(s)
}

const group = 16

// partials are four vectors of float64, kept in registers within the loop.
func partials(body func(p []vector)) {
	at := Load(Param("p"), GP64())
	p := make([]vector, 4)
	for i := range p {
		p[i] = YMM()
		VMOVUPD(Mem{Base: at, Disp: 32 * i}, p[i])
	}
	body(p)
	for i := range p {
		VMOVUPD(p[i], Mem{Base: at, Disp: 32 * i})
	}
	end()
}

// groups repeats body for every group of n elements, moving the pointers on.
func groups(n reg.Register, body func(), pointers ...pointer) {
	SUBQ(U8(group), n)
	JLT(LabelRef("done"))
	Label("loop")
	body()
	for _, p := range pointers {
		ADDQ(U8(4*group), p)
	}
	SUBQ(U8(group), n)
	JGE(LabelRef("loop"))
	Label("done")
}

func sum(s set) {
	begin(s, "sum")
	x := base("x")
	n := Load(Param("x").Len(), GP64())
	partials(func(p []vector) {
		groups(n, func() {
			for i := range p {
				v := YMM()
				VCVTPS2PD(Mem{Base: x, Disp: 16 * i}, v)
				VADDPD(v, p[i], p[i])
			}
		}, x)
	})
}

// The product of two float32 is exact in float64, so fusing it with the
// addition changes nothing.
func dot(s set) {
	begin(s, "dot")
	a, b := base("a"), base("b")
	n := Load(Param("a").Len(), GP64())
	partials(func(p []vector) {
		groups(n, func() {
			for i := range p {
				v, w := YMM(), YMM()
				VCVTPS2PD(Mem{Base: a, Disp: 16 * i}, v)
				VCVTPS2PD(Mem{Base: b, Disp: 16 * i}, w)
				VFMADD231PD(w, v, p[i])
			}
		}, a, b)
	})
}
