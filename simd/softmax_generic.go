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

// expSumGeneric sets dst[i] = e**(x[i]-shift) and returns the sum.
func expSumGeneric(dst, x []float32, shift float32) float32 {
	var sums sumLanes
	for i := range dst {
		dst[i] = expOf(x[i] - shift)
		sums[i%16] += dst[i]
	}
	return sums.total()
}

// expSumMaskGeneric returns what expSumGeneric does, but sets dst[i] to 0 where
// bit i is not set.
func expSumMaskGeneric(dst, x []float32, bits []uint32, shift float32) float32 {
	var sums sumLanes
	for i := range dst {
		e := expOf(x[i] - shift)
		sums[i%16] += e
		dst[i] = masked(e, bits, i)
	}
	return sums.total()
}

func softmaxBackwardGeneric(x, dp []float32, largest, inverseSum, dot float32) {
	for i := range x {
		x[i] = expOf(x[i]-largest) * inverseSum
		dp[i] = (dp[i] - dot) * x[i]
	}
}

func softmaxBackwardMaskGeneric(x, dp []float32, bits []uint32, largest, inverseSum, dot float32) {
	for i := range x {
		p := expOf(x[i]-largest) * inverseSum
		dp[i] = (masked(dp[i], bits, i) - dot) * p
		x[i] = masked(p, bits, i)
	}
}
