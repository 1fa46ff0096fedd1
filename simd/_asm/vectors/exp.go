package main

import (
	. "github.com/mmcloughlin/avo/build"
)

// The constants are those of exp_generic.go, and the order of operations is its
// order.

func exp() {
	for _, s := range bothSets {
		function(s, "exp", func(t step, x vector) vector { return expOf(t.set, x) })
		function(s, "sigmoid", sigmoidOf)
		function(s, "tanh", tanhOf)
		function(s, "gelu", geluOf)
		gradient(s, "geluGrad", geluSlope)
		function(s, "silu", siluOf)
		gradient(s, "siluGrad", siluSlope)
	}
}

// function writes a kernel that applies f to every element.
func function(s set, name string, f func(t step, x vector) vector) {
	begin(s, name)
	dst, x := base("dst"), base("x")
	loop{set: s, n: Load(Param("dst").Len(), GP64()), body: func(t step) {
		t.store(f(t, t.load(x)), dst)
	}}.write()
	end()
}

// gradient writes a kernel that multiplies dy by the slope at x.
func gradient(s set, name string, slope func(t step, x vector) vector) {
	begin(s, name)
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
	VMOVUPS(float(name, c), q)
	VDIVPS(y, q, q)
	return q
}

// polynomial returns the polynomial in x with the named coefficients, highest
// power first.
func polynomial(s set, x vector, name string, coefficients ...float32) vector {
	p := s.vector()
	degree := len(coefficients) - 1
	for i, c := range coefficients {
		at := float(name+string(rune('0'+degree-i)), c)
		switch i {
		case 0:
			VMULPS(at, x, p)
		default:
			VADDPS(at, p, p)
			if i < degree {
				VMULPS(x, p, p)
			}
		}
	}
	return p
}

// expOf returns e**x, and overwrites x.
func expOf(s set, x vector) vector {
	// The instructions return their second operand if one is NaN.
	t := s.vector()
	VMOVUPS(float("expMin", -104), t)
	VMAXPS(x, t, x)
	VMOVUPS(float("expMax", 89), t)
	VMINPS(x, t, x)

	VMULPS(float("log2E", 1.44269504088896340736), x, t)
	VADDPS(float("rounder", 3<<22), t, t)
	n, product := s.vector(), s.vector()
	VSUBPS(float("rounder", 3<<22), t, n)
	VMULPS(float("ln2Hi", 0.693359375), n, product)
	VSUBPS(product, x, x)
	VMULPS(float("ln2Lo", -2.12194440054690582e-4), n, product)
	VSUBPS(product, x, x)

	p := polynomial(s, x, "expC", 0.0013926175888627768, 0.008363173343241215,
		0.041666556149721146, 0.16666577756404877, 0.5)
	VMULPS(x, p, p)
	VMULPS(x, p, p)
	VADDPS(x, p, p)
	VADDPS(float("one", 1), p, p)

	s.timesPowerOf2(n, t, p)
	return p
}

// sigmoidOf returns 1/(1 + e**-x).
func sigmoidOf(t step, x vector) vector {
	VXORPS(integer("signBit", 1<<31), x, x)
	y := expOf(t.set, x)
	VADDPS(float("one", 1), y, y)
	return quotient(t.set, "one", 1, y)
}

// tanhOf returns the hyperbolic tangent of x: both formulas, and a choice.
func tanhOf(t step, x vector) vector {
	square := t.vector()
	VMULPS(x, x, square)
	small := polynomial(t.set, square, "tanhC", -0.006096714176237583, 0.020997179672122,
		-0.05385090783238411, 0.1333276927471161, -0.333333283662796)
	VMULPS(square, small, small)
	VMULPS(x, small, small)
	VADDPS(x, small, small)

	sign, magnitude := t.vector(), t.vector()
	VANDPS(integer("signBit", 1<<31), x, sign)
	VXORPS(sign, x, magnitude)
	double := t.vector()
	VADDPS(magnitude, magnitude, double)
	e := expOf(t.set, double)
	VADDPS(float("one", 1), e, e)
	q := quotient(t.set, "two", 2, e)
	large := t.vector()
	VMOVUPS(float("one", 1), large)
	VSUBPS(q, large, large)
	VORPS(sign, large, large)

	limit := t.vector()
	VMOVUPS(float("tanhSmall", 0.625), limit)
	t.choose(t.compare(lessThan, magnitude, limit), small, large)
	return large
}

// normalOf returns e**(-x*x/2) and the distribution function at x.
func normalOf(t step, x vector) (e, cdf vector) {
	u := t.vector()
	VANDPS(integer("magnitudeBits", 1<<31-1), x, u)
	VMULPS(float("quarter", 0.25), u, u)
	VADDPS(float("one", 1), u, u)
	u = quotient(t.set, "one", 1, u)
	tail := polynomial(t.set, u, "normalC", 0.016892429441213608, -0.06453730165958405, 0.055879779160022736,
		0.0226104948669672, 0.01773505099117756, 0.08385104686021805, 0.07301286607980728, 0.09528784453868866,
		0.0995214581489563, 0.09974633157253265)
	VMULPS(u, tail, tail)

	square := t.vector()
	VMULPS(float("minusHalf", -0.5), x, square)
	VMULPS(x, square, square)
	e = expOf(t.set, square)
	VMULPS(e, tail, tail)

	cdf = t.vector()
	VMOVUPS(float("one", 1), cdf)
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
	VMULPS(float("normalDensity", 0.3989422804014327), e, e)
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
	VMOVUPS(float("one", 1), y)
	VSUBPS(s, y, y)
	VMULPS(x, y, y)
	VADDPS(float("one", 1), y, y)
	VMULPS(s, y, y)
	return y
}
