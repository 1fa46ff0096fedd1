package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func softmax() {
	largest(avx2{})
	for _, s := range bothSets {
		expSum(s, false)
		expSum(s, true)
		softmaxBackward(s, false)
		softmaxBackward(s, true)
	}
}

// largest keeps four vectors of maxima. The instruction returns its second
// operand if one is NaN, so that NaN never gets into them.
func largest(s set) {
	begin(s, "largest")
	x := base("x")
	lowest := s.vector()
	VMOVUPS(float("minusInf", float32(math.Inf(-1))), lowest)
	m := make([]vector, unroll)
	for i := range m {
		m[i] = s.vector()
		VMOVAPS(lowest, m[i])
	}
	loop{set: s, n: Load(Param("x").Len(), GP64()), body: func(t step) {
		v := t.load(x)
		if t.mask != nil {
			t.choose(t.mask, v, lowest)
			v = lowest
		}
		VMAXPS(m[t.turn], v, m[t.turn])
	}}.write()
	VMAXPS(m[2], m[0], m[0])
	VMAXPS(m[3], m[1], m[1])
	VMAXPS(m[1], m[0], m[0])
	fold(m[0], VMAXPS)
	returnFloat(m[0])
}

// fold combines the lowest eight lanes of v in the first: i with i+4, then with
// i+2, then with i+1.
func fold(v reg.Vec, combine func(ops ...Op)) {
	low, half := v.AsX(), XMM()
	VEXTRACTF128(U8(1), v.AsY(), half)
	combine(half, low, low)
	VMOVHLPS(low, low, half)
	combine(half, low, low)
	VMOVSHDUP(low, half)
	combine(half, low, low)
}

// returnFloat returns from the function with the first lane of v.
func returnFloat(v vector) {
	result, err := ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	VMOVSS(v.AsX(), result.Addr)
	end()
}

// expSum adds element i to partial sum i mod 16.
func expSum(s set, masked bool) {
	begin(s, masking("expSum", masked))
	dst, x := base("dst"), base("x")
	var bits pointer
	if masked {
		bits = base("bits")
	}
	shift := broadcast(s, "shift")
	sums := make([]vector, group/s.lanes())
	for i := range sums {
		sums[i] = zero(s)
	}
	sixteens(s, Load(Param("dst").Len(), GP64()), bits, func(t step) {
		v := t.load(x)
		VSUBPS(shift, v, v)
		e := expBelow0(s, v)
		if t.mask != nil {
			t.keep(t.mask, e)
		}
		VADDPS(e, sums[t.turn], sums[t.turn])
		if masked {
			t.keep(t.loadBits(t.bitsAt(bits)), e)
		}
		t.store(e, dst)
	})
	upper := YMM()
	if len(sums) == 2 {
		VMOVAPS(sums[1], upper)
	} else {
		VEXTRACTF64X4(U8(1), sums[0], upper)
	}
	VADDPS(upper, sums[0].AsY(), sums[0].AsY())
	fold(sums[0], VADDPS)
	returnFloat(sums[0])
}

// expBelow0 returns e**x for x at most 0, and overwrites x. It goes the way of
// the function in softmax_generic.go, with fused products.
func expBelow0(s set, x vector) vector {
	t, n, p := s.vector(), s.vector(), s.vector()
	VMOVUPS(float("expBelow0Min", -88), t)
	VMAXPS(x, t, x) // the second operand, x, if it is NaN
	rounder := float("biasedRounder", 3<<22+127)
	VMOVUPS(rounder, t)
	VFMADD231PS(float("log2E", 1.44269504088896340736), x, t)
	VSUBPS(rounder, t, n)
	VFNMADD231PS(float("ln2Hi", 0.693359375), n, x)
	VFNMADD231PS(float("ln2Lo", -2.12194440054690582e-4), n, x)
	VMOVUPS(float("expC4", 0.0013926175888627768), p)
	for _, c := range []Mem{
		float("expC3", 0.008363173343241215), float("expC2", 0.041666556149721146), float("expC1", 0.16666577756404877),
		float("expC0", 0.5), float("one", 1), float("one", 1),
	} {
		VFMADD213PS(c, x, p)
	}
	VPSLLD(U8(23), t, t)
	VMULPS(t, p, p)
	return p
}

// masking returns the name of a kernel's variant with a mask, or the name.
func masking(name string, masked bool) string {
	if masked {
		return name + "Mask"
	}
	return name
}

// sixteens goes over n elements in groups of sixteen, with masks in the last
// group if it is not whole.
func sixteens(s set, n reg.Register, bits pointer, body func(t step)) {
	index := GP64()
	XORQ(index, index)
	again, enough, done := label("loop"), label("enough"), label("done")
	CMPQ(n, U8(group))
	JLT(LabelRef(enough))
	Label(again)
	for i := range group / s.lanes() {
		body(step{set: s, index: index, turn: i})
	}
	if bits != nil {
		ADDQ(U8(group/8), bits)
	}
	ADDQ(U8(group), index)
	SUBQ(U8(group), n)
	CMPQ(n, U8(group))
	JGE(LabelRef(again))
	Label(enough)
	TESTQ(n, n)
	JEQ(LabelRef(done))
	if s.lanes() == group {
		body(step{set: s, index: index, mask: s.tail(n)})
	} else {
		first := GP64()
		MOVQ(U32(s.lanes()), first)
		CMPQ(n, first)
		CMOVQLT(n, first)
		SUBQ(first, n)
		body(step{set: s, index: index, mask: s.tail(first)})
		body(step{set: s, index: index, turn: 1, mask: s.tail(n)})
	}
	Label(done)
}

func softmaxBackward(s set, masked bool) {
	begin(s, masking("softmaxBackward", masked))
	x, dp := base("x"), base("dp")
	var bits pointer
	if masked {
		bits = base("bits")
	}
	shift, scale, dot := broadcast(s, "largest"), broadcast(s, "inverseSum"), broadcast(s, "dot")
	loop{set: s, n: Load(Param("x").Len(), GP64()), bits: bits, body: func(t step) {
		v := t.load(x)
		VSUBPS(shift, v, v)
		p := expBelow0(s, v)
		VMULPS(scale, p, p)
		g := t.load(dp)
		var kept lanemask
		if masked {
			kept = t.loadBits(t.bitsAt(bits))
			t.keep(kept, g)
		}
		VSUBPS(dot, g, g)
		VMULPS(p, g, g)
		t.store(g, dp)
		if masked {
			t.keep(kept, p)
		}
		t.store(p, x)
	}}.write()
	end()
}
