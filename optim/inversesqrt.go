package optim

import "math"

// InverseSqrt is lr up to step from-1 and falls with the inverse square root of
// the number of steps after that. Behind a [WarmUp] of as many steps it is the
// schedule of Vaswani et al. (arXiv 1706.03762, equation 3).
func InverseSqrt(lr float32, from int) Schedule {
	return func(step int) float32 {
		return lr * float32(math.Sqrt(float64(max(1, from))/float64(max(1, from, step+1))))
	}
}
