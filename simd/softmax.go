package simd

import "math"

// SoftmaxRow sets dst to the softmax of x,
//
//	dst[i] = e**(x[i]-m) / sum_j e**(x[j]-m)  with m = max x,
//
// and returns the logarithm of sum_j e**x[j], so that the log-softmax is x[i]
// minus the result. A row with a NaN or +Inf, or with nothing but -Inf, gives
// NaN, as in PyTorch.
func SoftmaxRow(dst, x []float32) (logSum float32) {
	m, total := expRow(dst, x[:len(dst)])
	Scale(dst, dst, float32(1/total))
	return float32(float64(m) + math.Log(total))
}

// expRow sets dst[i] = e**(x[i]-m) for the largest element m of x, and returns m
// and the sum.
func expRow(dst, x []float32) (m float32, total float64) {
	m = MaxValue(x)
	var p partials
	// Blocks stay in the first-level cache between the three passes.
	const block = 2048
	for lo := 0; lo < len(dst); lo += block {
		hi := min(lo+block, len(dst))
		d := dst[lo:hi]
		addScalar(d, x[lo:hi], -m)
		exp(d, d)
		sum(&p, d)
	}
	return m, p.total()
}

// SoftmaxWeights turns a row x of scores into weights with which to add up what
// the scores are of: x[i] becomes e**(x[i]-largest), and 0 where bit from+i of
// keep is not set. It returns the largest score and the sum of all exponentials,
// masked or not; a probability of the softmax is a weight divided by this sum. A
// nil keep keeps everything. NaN is treated as by [SoftmaxRow].
func SoftmaxWeights(x []float32, keep []uint32, from int) (largest, sum float32) {
	m, total := expRow(x, x)
	maskRow(x, keep, from)
	return m, float32(total)
}

// SoftmaxWeightsBackward is for the gradient of attention. x holds the scores of
// a row, of which [SoftmaxWeights] returned largest and the sum; dp is the
// gradient of the row's kept probabilities, and dot its inner product with them.
// x becomes the probabilities, dp the gradient of the scores:
//
//	p      = e**(x[i]-largest) / sum
//	dp[i]  = p * (dp[i] - dot), with 0 for dp[i] where it is not kept
//	x[i]   = p, or 0 where it is not kept
func SoftmaxWeightsBackward(x, dp []float32, largest, inverseSum, dot float32, keep []uint32, from int) {
	addScalar(x, x, -largest)
	exp(x, x)
	Scale(x, x, inverseSum)
	maskRow(dp, keep, from)
	AddScalar(dp, dp, -dot)
	Mul(dp, dp, x)
	maskRow(x, keep, from)
}

func maskRow(x []float32, keep []uint32, from int) {
	if keep == nil {
		return
	}
	for i := range x {
		x[i] = masked(x[i], keep, from+i)
	}
}
