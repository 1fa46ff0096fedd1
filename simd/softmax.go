package simd

import "math"

// softmaxBlock is the number of exponentials that are added in float32, on
// sixteen partial sums. As many stay in the first-level cache.
const softmaxBlock = 2048

// SoftmaxRow sets dst to the softmax of x,
//
//	dst[i] = e**(x[i]-m) / sum_j e**(x[j]-m)  with m = max x,
//
// and returns m and the logarithm of sum_j e**(x[j]-m), so that the log-softmax is (x[i]-m)
// - logSum. They are returned separately, because their sum would lose digits where m is
// much larger than the logarithm. A row with a NaN or +Inf, or with nothing but -Inf, gives
// NaN, as in PyTorch.
func SoftmaxRow(dst, x []float32) (largest, logSum float32) {
	x = x[:len(dst)]
	m := largestOf(x)
	total := 0.0
	for lo := 0; lo < len(dst); lo += softmaxBlock {
		hi := min(lo+softmaxBlock, len(dst))
		total += float64(expSum(dst[lo:hi], x[lo:hi], m))
	}
	Scale(dst, dst, float32(1/total))
	return m, float32(math.Log(total))
}

// SoftmaxWeights turns a row x of scores into weights for a sum: x[i] becomes
// e**(x[i]-largest), and 0 where bit from+i of keep is not set. It returns the largest
// score and the sum of all exponentials, masked or not; a probability of the softmax is a
// weight divided by this sum. A nil keep keeps everything. A row that gives NaN in
// [SoftmaxRow] has the sum NaN.
func SoftmaxWeights(x []float32, keep []uint32, from int) (largest, sum float32) {
	largest = largestOf(x)
	total := 0.0
	for lo := 0; lo < len(x); lo += softmaxBlock {
		part := x[lo:min(lo+softmaxBlock, len(x))]
		if keep == nil {
			total += float64(expSum(part, part, largest))
			continue
		}
		var bits [softmaxBlock / 32]uint32
		total += float64(expSumMask(part, part, bitsFrom(&bits, keep, from+lo, len(part)), largest))
	}
	return largest, float32(total)
}

// SoftmaxWeightsBackward is for the gradient of attention. x has the scores of a
// row, for which [SoftmaxWeights] returned largest and a sum; dp has the
// gradient of the row's probabilities where they are kept, and dot is its inner
// product with them. x becomes the kept probabilities and dp the gradient of the
// scores:
//
//	p     = e**(x[i]-largest) * inverseSum
//	x[i]  = p                  or 0 where bit from+i of keep is not set
//	dp[i] = p * (dp[i] - dot)  or p * -dot there
//
// A nil keep keeps everything. No score may be above largest.
func SoftmaxWeightsBackward(x, dp []float32, largest, inverseSum, dot float32, keep []uint32, from int) {
	dp = dp[:len(x)]
	for lo := 0; lo < len(x); lo += softmaxBlock {
		hi := min(lo+softmaxBlock, len(x))
		if keep == nil {
			softmaxBackward(x[lo:hi], dp[lo:hi], largest, inverseSum, dot)
			continue
		}
		var bits [softmaxBlock / 32]uint32
		softmaxBackwardMask(x[lo:hi], dp[lo:hi], bitsFrom(&bits, keep, from+lo, hi-lo), largest, inverseSum, dot)
	}
}

// largestOf returns the largest element of x that is not NaN, or -Inf.
func largestOf(x []float32) float32 {
	m := float32(math.Inf(-1))
	for len(x) > 0 {
		n := min(len(x), maxCall)
		m = max(m, largest(x[:n]))
		x = x[n:]
	}
	return m
}

// bitsFrom copies n bits of keep, from the given one on, to the start of words.
func bitsFrom(words *[softmaxBlock / 32]uint32, keep []uint32, from, n int) []uint32 {
	keep = keep[from/32 : maskWords(from+n)]
	shift := from % 32
	bits := words[:maskWords(n)]
	for i := range bits {
		bits[i] = keep[i] >> shift
		if i+1 < len(keep) {
			bits[i] |= keep[i+1] << (32 - shift)
		}
	}
	return bits
}
