package simd

import "math"

// e**x = 2**n * e**r, where n is the integer nearest to x/ln 2 and r = x - n ln 2
// is at most ln(2)/2 in magnitude. ln 2 is split so that n*ln2Hi is exact, and
// e**r = 1 + r + r*r*(expC2 + expC3*r + ...), interpolated at the Chebyshev
// nodes of that interval.
const (
	expMin = -104 // underflows to 0
	expMax = 89   // overflows to +Inf
	log2E  = 1.44269504088896340736
	ln2Hi  = 0.693359375
	ln2Lo  = -2.12194440054690582e-4
	expC2  = 0.5
	expC3  = 0.16666577756404877
	expC4  = 0.041666556149721146
	expC5  = 0.008363173343241215
	expC6  = 0.0013926175888627768

	// Adding rounder to a small number leaves the nearest integer in the low
	// bits of the sum.
	rounder     = 3 << 22
	rounderBits = 0x4b400000

	// Of 1/(1 + e**-x) = 0.5/(0.5 + e**-x/2), which needs one factor 2**(n-1) for all n that
	// matter: the low bits of the sum with halfRounder, n - 1 and the bias of an exponent,
	// become the factor's bits. They are those of infinity at sigmoidMax, and of 0 at sigmoidMin.
	sigmoidMin  = -87
	sigmoidMax  = 89.5
	halfRounder = rounder + 126
)

// tanh x = x + x**3 * (tanhC0 + tanhC1*x**2 + ...) for |x| < tanhSmall,
// interpolated likewise. Beyond, 1 - 2/(e**2x + 1) loses nothing.
const (
	tanhSmall = 0.625
	tanhC0    = -0.333333283662796
	tanhC1    = 0.1333276927471161
	tanhC2    = -0.05385090783238411
	tanhC3    = 0.020997179672122
	tanhC4    = -0.006096714176237583
)

func expOf(x float32) float32 {
	shifted, y := expParts(min(max(x, expMin), expMax), rounder)
	// In two factors, for 2**n alone may be out of range. The first product is
	// exact, so that a subnormal result is rounded once.
	k := int32(math.Float32bits(shifted)) - rounderBits
	return float32(y*powerOf2(k>>1)) * powerOf2(k-k>>1)
}

// expParts returns n plus a rounder, and e**r.
func expParts(x, rounder float32) (shifted, y float32) {
	shifted = float32(x*log2E) + rounder
	n := shifted - rounder
	r := x - float32(n*ln2Hi)
	r -= float32(n * ln2Lo)
	p := float32(expC6*r) + expC5
	p = float32(p*r) + expC4
	p = float32(p*r) + expC3
	p = float32(p*r) + expC2
	return shifted, float32(float32(p*r)*r) + r + 1
}

// sigmoidOf returns 1/(1 + e**-x).
func sigmoidOf(x float32) float32 {
	shifted, y := expParts(min(max(-x, sigmoidMin), sigmoidMax), halfRounder)
	half := y * math.Float32frombits(math.Float32bits(shifted)<<23)
	return 0.5 / (0.5 + half)
}

// powerOf2 returns 2**n for -127 < n < 128.
func powerOf2(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

func tanhOf(x float32) float32 {
	if x > -tanhSmall && x < tanhSmall {
		z := float32(x * x)
		p := float32(tanhC4*z) + tanhC3
		p = float32(p*z) + tanhC2
		p = float32(p*z) + tanhC1
		p = float32(p*z) + tanhC0
		return float32(float32(p*z)*x) + x
	}
	const sign = 1 << 31
	bits := math.Float32bits(x)
	a := math.Float32frombits(bits &^ sign)
	y := 1 - 2/(expOf(a+a)+1)
	return math.Float32frombits(math.Float32bits(y) | bits&sign)
}

func expGeneric(dst, x []float32) {
	for i := range dst {
		dst[i] = expOf(x[i])
	}
}

func sigmoidGeneric(dst, x []float32) {
	for i := range dst {
		dst[i] = sigmoidOf(x[i])
	}
}

func tanhGeneric(dst, x []float32) {
	for i := range dst {
		dst[i] = tanhOf(x[i])
	}
}

// The normal distribution function at -t, for t >= 0, is e**(-t*t/2) times a
// smooth function, u*(normalC0 + normalC1*u + ...) with u = 1/(1 + t/4): a
// minimax fit of the relative error, 9e-9, for t up to 14.5, where it is 0.
const (
	normalC0      = 0.09974633157253265
	normalC1      = 0.0995214581489563
	normalC2      = 0.09528784453868866
	normalC3      = 0.07301286607980728
	normalC4      = 0.08385104686021805
	normalC5      = 0.01773505099117756
	normalC6      = 0.0226104948669672
	normalC7      = 0.055879779160022736
	normalC8      = -0.06453730165958405
	normalC9      = 0.016892429441213608
	normalDensity = 0.3989422804014327 // at 0
)

// normalOf returns e**(-x*x/2) and the normal distribution function at x.
func normalOf(x float32) (e, cdf float32) {
	t := math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
	u := 1 / (float32(t*0.25) + 1)
	p := float32(normalC9*u) + normalC8
	p = float32(p*u) + normalC7
	p = float32(p*u) + normalC6
	p = float32(p*u) + normalC5
	p = float32(p*u) + normalC4
	p = float32(p*u) + normalC3
	p = float32(p*u) + normalC2
	p = float32(p*u) + normalC1
	p = float32(p*u) + normalC0
	e = expOf(float32(-0.5*x) * x)
	tail := float32(float32(p*u) * e)
	if x < 0 {
		return e, tail
	}
	return e, 1 - tail
}

func geluGeneric(dst, x []float32) {
	for i := range dst {
		_, cdf := normalOf(x[i])
		dst[i] = x[i] * cdf
	}
}

func geluGradGeneric(dx, dy, x []float32) {
	for i := range dx {
		e, cdf := normalOf(x[i])
		dx[i] = dy[i] * (float32(float32(x[i]*e)*normalDensity) + cdf)
	}
}

func siluGeneric(dst, x []float32) {
	for i := range dst {
		dst[i] = x[i] * sigmoidOf(x[i])
	}
}

func siluGradGeneric(dx, dy, x []float32) {
	for i := range dx {
		s := sigmoidOf(x[i])
		dx[i] = dy[i] * float32(s*(float32(x[i]*(1-s))+1))
	}
}
