package simd

import "math"

// largestGeneric returns the largest element that is not NaN, or -Inf.
func largestGeneric(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		if v > m {
			m = v
		}
	}
	return m
}

// sumLanes are the partial sums of at most softmaxBlock numbers: element i goes
// to sum i mod 16, for every vector width.
type sumLanes [16]float32

func (s *sumLanes) total() float32 {
	for n := len(s) / 2; n > 0; n /= 2 {
		for i := range n {
			s[i] += s[i+n]
		}
	}
	return s[0]
}

// expBelow0 returns e**x for x at most 0, as expOf does, but 0 where the result
// would be subnormal: it has one power of 2 for a factor, whose exponent is in
// the low bits of a sum with biasedRounder.
func expBelow0(x float32) float32 {
	const (
		least         = -88
		biasedRounder = rounder + 127
	)
	x = max(x, least)
	t := float32(x*log2E) + biasedRounder
	n := t - biasedRounder
	r := x - float32(n*ln2Hi)
	r -= float32(n * ln2Lo)
	p := float32(expC6*r) + expC5
	p = float32(p*r) + expC4
	p = float32(p*r) + expC3
	p = float32(p*r) + expC2
	p = float32(p*r) + 1
	p = float32(p*r) + 1
	return p * math.Float32frombits(math.Float32bits(t)<<23)
}

// expSumGeneric sets dst[i] = e**(x[i]-shift), which is at most 1, and
// returns the sum.
func expSumGeneric(dst, x []float32, shift float32) float32 {
	var sums sumLanes
	for i := range dst {
		dst[i] = expBelow0(x[i] - shift)
		sums[i%16] += dst[i]
	}
	return sums.total()
}

// expSumMaskGeneric returns what expSumGeneric does, but sets dst[i] to 0 where
// bit i is not set.
func expSumMaskGeneric(dst, x []float32, bits []uint32, shift float32) float32 {
	var sums sumLanes
	for i := range dst {
		e := expBelow0(x[i] - shift)
		sums[i%16] += e
		dst[i] = masked(e, bits, i)
	}
	return sums.total()
}

func softmaxBackwardGeneric(x, dp []float32, largest, inverseSum, dot float32) {
	for i := range x {
		x[i] = expBelow0(x[i]-largest) * inverseSum
		dp[i] = (dp[i] - dot) * x[i]
	}
}

func softmaxBackwardMaskGeneric(x, dp []float32, bits []uint32, largest, inverseSum, dot float32) {
	for i := range x {
		p := expBelow0(x[i]-largest) * inverseSum
		dp[i] = (masked(dp[i], bits, i) - dot) * p
		x[i] = masked(p, bits, i)
	}
}
