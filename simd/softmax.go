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
	x = x[:len(dst)]
	m := MaxValue(x)
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
	total := p.total()
	Scale(dst, dst, float32(1/total))
	return float32(float64(m) + math.Log(total))
}
