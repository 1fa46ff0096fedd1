package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// Dropout keeps some elements of x, times a factor, and sets the others to 0.
// fill sets the bits of the kept elements, bit i mod 32 of word i/32 for element
// i (least significant first), and returns the factor. It must write every word
// of keep, which is uninitialised; bits behind the last element are ignored. It
// is called once; the backward pass uses the same bits.
func Dropout(x *autograd.Tensor, fill func(keep []uint32) (factor float32)) *autograd.Tensor {
	var (
		keep   []uint32
		factor float32
	)
	return autograd.Do(autograd.Op{
		Name:   "ops.Dropout",
		Inputs: []*autograd.Tensor{x},
		Shape:  x.Shape(),
		Forward: func(y *autograd.Tensor) {
			dst, src := y.Data(), x.Data()
			keep = y.KeepBits(len(dst))
			factor = fill(keep)
			parallel.Range(len(dst), grain, func(lo, hi int) { simd.MaskScale(dst[lo:hi], src[lo:hi], keep[lo/32:], factor) })
		},
		Backward: func(g *autograd.Grad) { maskGrad(g, keep, factor) },
	})
}
