package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// The constants are those of exp_generic.go, and the order of operations is its
// order.

func exp() {
	for _, s := range bothSets {
		function(s, "exp", nil, expOf)
		function(s, "sigmoid", sigmoidNumbers, sigmoidOf)
		function(s, "tanh", nil, tanhOf)
		function(s, "gelu", nil, geluOf)
		gradient(s, "geluGrad", nil, geluSlope)
		function(s, "silu", sigmoidNumbers, siluOf)
		gradient(s, "siluGrad", sigmoidNumbers, siluSlope)
	}
}

// function writes a kernel that applies f to every element and holds numbers.
func function(s set, name string, numbers numbers, f func(t step, x vector) vector) {
	begin(s, name)
	numbers.hold(s)
	dst, x := base("dst"), base("x")
	loop{set: s, n: Load(Param("dst").Len(), GP64()), body: func(t step) {
		t.store(f(t, t.load(x)), dst)
	}}.write()
	end()
}

// gradient writes a kernel that multiplies dy by the slope at x and holds numbers.
func gradient(s set, name string, numbers numbers, slope func(t step, x vector) vector) {
	begin(s, name)
	numbers.hold(s)
	dx, dy, x := base("dx"), base("dy"), base("x")
	loop{set: s, n: Load(Param("dx").Len(), GP64()), body: func(t step) {
		y := slope(t, t.load(x))
		VMULPS(t.load(dy), y, y)
		t.store(y, dx)
	}}.write()
	end()
}

// quotient returns c / y.
func quotient(s set, name string, c float32, y vector) vector {
	q := s.vector()
	VMOVUPS(constant(name, c), q)
	VDIVPS(y, q, q)
	return q
}

// polynomial returns the polynomial in x with the named coefficients, highest
// power first.
func polynomial(t step, x vector, name string, coefficients ...float32) vector {
	p := t.vector()
	degree := len(coefficients) - 1
	for i, c := range coefficients {
		at := constant(name+string(rune('0'+degree-i)), c)
		switch i {
		case 0:
			VMULPS(at, x, p)
			t.pause()
		default:
			VADDPS(at, p, p)
			t.pause()
			if i < degree {
				VMULPS(x, p, p)
				t.pause()
			}
		}
	}
	return p
}

// expOf returns e**x, and overwrites x.
func expOf(t step, x vector) vector {
	clamp(t, x, constant("expMin", -104), constant("expMax", 89))
	n, shifted, p := expParts(t, x, "exp", 1, constant("rounder", 3<<22))
	t.timesPowerOf2(n, shifted, p)
	t.pause()
	return p
}

// clamp moves x to lo or hi if it is beyond. NaN stays: the instructions return
// their second operand if one is NaN.
func clamp(t step, x vector, lo, hi Op) {
	limit := t.vector()
	VMOVUPS(lo, limit)
	VMAXPS(x, limit, x)
	t.pause()
	VMOVUPS(hi, limit)
	VMINPS(x, limit, x)
	t.pause()
}

// expParts returns the n and e**r of e**(sign*x) = 2**n * e**r, and n with the
// rounder added. It overwrites x. name is that of its constants.
func expParts(t step, x vector, name string, sign float32, rounder Op) (n, shifted, p vector) {
	n, shifted = t.vector(), t.vector()
	VMULPS(constant(name+"Log2E", sign*1.44269504088896340736), x, shifted)
	t.pause()
	VADDPS(rounder, shifted, shifted)
	t.pause()
	VSUBPS(rounder, shifted, n)
	t.pause()
	product := t.vector()
	for _, part := range []Op{constant(name+"Ln2Hi", sign*0.693359375), constant(name+"Ln2Lo", sign*-2.12194440054690582e-4)} {
		VMULPS(part, n, product)
		VSUBPS(product, x, x)
		t.pause()
	}
	p = polynomial(t, x, name+"C", 0.0013926175888627768, sign*0.008363173343241215,
		0.041666556149721146, sign*0.16666577756404877, 0.5)
	for range 2 {
		VMULPS(x, p, p)
		t.pause()
	}
	if sign > 0 {
		VADDPS(x, p, p)
	} else {
		VSUBPS(x, p, p)
	}
	t.pause()
	VADDPS(constant("one", 1), p, p)
	t.pause()
	return n, shifted, p
}

// sigmoidNumbers are those of sigmoidOf and what follows it, the most used ones first.
var sigmoidNumbers = numbers{
	{"halfRounder", 3<<22 + 126}, {"half", 0.5}, {"one", 1},
	{"sigmoidMin", -89.5}, {"sigmoidMax", 87}, {"sigmoidLog2E", -1.44269504088896340736}, {"sigmoidLn2Hi", -0.693359375}, {"sigmoidLn2Lo", 2.12194440054690582e-4},
	{"sigmoidC0", 0.5}, {"sigmoidC1", -0.16666577756404877}, {"sigmoidC2", 0.041666556149721146}, {"sigmoidC3", -0.008363173343241215}, {"sigmoidC4", 0.0013926175888627768},
}

// sigmoidOf returns 1/(1 + e**-x), and overwrites x.
func sigmoidOf(t step, x vector) vector {
	clamp(t, x, constant("sigmoidMin", -89.5), constant("sigmoidMax", 87))
	_, shifted, y := expParts(t, x, "sigmoid", -1, constant("halfRounder", 3<<22+126))
	VPSLLD(U8(23), shifted, shifted)
	t.pause()
	VMULPS(shifted, y, y)
	t.pause()
	VADDPS(constant("half", 0.5), y, y)
	t.pause()
	return quotient(t.set, "half", 0.5, y)
}

// tanhOf returns the hyperbolic tangent of x: both formulas, and a choice.
func tanhOf(t step, x vector) vector {
	square := t.vector()
	VMULPS(x, x, square)
	small := polynomial(t, square, "tanhC", -0.006096714176237583, 0.020997179672122,
		-0.05385090783238411, 0.1333276927471161, -0.333333283662796)
	VMULPS(square, small, small)
	VMULPS(x, small, small)
	VADDPS(x, small, small)

	sign, magnitude := t.vector(), t.vector()
	VANDPS(integer("signBit", 1<<31), x, sign)
	VXORPS(sign, x, magnitude)
	double := t.vector()
	VADDPS(magnitude, magnitude, double)
	e := expOf(t, double)
	VADDPS(constant("one", 1), e, e)
	q := quotient(t.set, "two", 2, e)
	large := t.vector()
	VMOVUPS(constant("one", 1), large)
	VSUBPS(q, large, large)
	VORPS(sign, large, large)

	limit := t.vector()
	VMOVUPS(constant("tanhSmall", 0.625), limit)
	t.choose(t.compare(lessThan, magnitude, limit), small, large)
	return large
}

// normalOf returns e**(-x*x/2) and the distribution function at x.
func normalOf(t step, x vector) (e, cdf vector) {
	u := t.vector()
	VANDPS(integer("magnitudeBits", 1<<31-1), x, u)
	VMULPS(constant("quarter", 0.25), u, u)
	VADDPS(constant("one", 1), u, u)
	u = quotient(t.set, "one", 1, u)
	tail := polynomial(t, u, "normalC", 0.016892429441213608, -0.06453730165958405, 0.055879779160022736,
		0.0226104948669672, 0.01773505099117756, 0.08385104686021805, 0.07301286607980728, 0.09528784453868866,
		0.0995214581489563, 0.09974633157253265)
	VMULPS(u, tail, tail)

	square := t.vector()
	VMULPS(constant("minusHalf", -0.5), x, square)
	VMULPS(x, square, square)
	e = expOf(t, square)
	VMULPS(e, tail, tail)

	cdf = t.vector()
	VMOVUPS(constant("one", 1), cdf)
	VSUBPS(tail, cdf, cdf)
	t.choose(t.compare(lessThan, x, zero(t.set)), tail, cdf)
	return e, cdf
}

func geluOf(t step, x vector) vector {
	_, y := normalOf(t, x)
	VMULPS(x, y, y)
	return y
}

func geluSlope(t step, x vector) vector {
	e, y := normalOf(t, x)
	VMULPS(x, e, e)
	VMULPS(constant("normalDensity", 0.3989422804014327), e, e)
	VADDPS(y, e, e)
	return e
}

func siluOf(t step, x vector) vector {
	y := t.vector()
	VMOVAPS(x, y)
	y = sigmoidOf(t, y)
	VMULPS(x, y, y)
	return y
}

func siluSlope(t step, x vector) vector {
	s := t.vector()
	VMOVAPS(x, s)
	s = sigmoidOf(t, s)
	y := t.vector()
	VMOVUPS(constant("one", 1), y)
	VSUBPS(s, y, y)
	VMULPS(x, y, y)
	VADDPS(constant("one", 1), y, y)
	VMULPS(s, y, y)
	return y
}
