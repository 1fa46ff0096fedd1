package optim

import (
	"math"

	"autodropout/internal/parallel"
	"autodropout/simd"
)

// Accumulate adds the gradients of a part of a batch to a sum of gradients.
func Accumulate(sum, grads []float32) {
	parallel.Range(len(sum), grain, func(lo, hi int) { simd.Add(sum[lo:hi], sum[lo:hi], grads[lo:hi]) })
}

// ClipNorm scales grads to the Euclidean norm most when theirs is larger, as
// PyTorch's clip_grad_norm_ does, and returns the norm they had. With most 0 it
// only measures. When the norm is not a finite number grads stay as they are:
// the caller sees it in the result and should not take the step.
func ClipNorm(grads []float32, most float32) (norm float64) {
	norm = euclid(grads)
	const tiny = 1e-6 // PyTorch's guard against a norm of 0
	factor := float64(most) / (norm + tiny)
	if most > 0 && factor < 1 && !math.IsInf(norm, 0) {
		parallel.Range(len(grads), grain, func(lo, hi int) {
			simd.Scale(grads[lo:hi], grads[lo:hi], float32(factor))
		})
	}
	return norm
}

// euclid returns the Euclidean norm of x.
func euclid(x []float32) float64 {
	partial := make([]float64, (len(x)+grain-1)/grain)
	parallel.Range(len(x), grain, func(lo, hi int) {
		partial[lo/grain] = simd.SumSquares(x[lo:hi])
	})
	total := 0.0
	for _, p := range partial {
		total += p
	}
	return math.Sqrt(total)
}
