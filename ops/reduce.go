package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// Sum returns the sum of all elements of x, a scalar.
func Sum(x *autograd.Tensor) *autograd.Tensor { return total("ops.Sum", x, 1) }

// Mean returns the mean of all elements of x, a scalar; NaN when there are none.
func Mean(x *autograd.Tensor) *autograd.Tensor {
	return total("ops.Mean", x, 1/float32(x.Len()))
}

// total returns factor times the sum of all elements.
func total(name string, x *autograd.Tensor, factor float32) *autograd.Tensor {
	return autograd.Do(autograd.Op{
		Name:   name,
		Inputs: []*autograd.Tensor{x},
		Forward: func(y *autograd.Output) {
			src := x.Data()
			partial := y.Scratch(ceilDiv(len(src), grain))
			parallel.Range(len(src), grain, func(lo, hi int) { partial[lo/grain] = simd.Sum(src[lo:hi]) })
			y.Data()[0] = factor * simd.Sum(partial)
		},
		Backward: func(g *autograd.Grad) {
			dx, d := g.New(0).Data(), factor*g.Dy().Item()
			parallel.Range(len(dx), grain, func(lo, hi int) { simd.Fill(dx[lo:hi], d) })
		},
	})
}

// SumLast sums over the last axis: (..., C) becomes (...).
func SumLast(x *autograd.Tensor) *autograd.Tensor {
	if x.Rank() < 1 {
		panic(autograd.NewShapeError("ops.SumLast", "x (..., C)", x))
	}
	c := x.Dim(-1)
	return autograd.Do(autograd.Op{
		Name:   "ops.SumLast",
		Inputs: []*autograd.Tensor{x},
		Shape:  x.Shape()[:x.Rank()-1],
		Forward: func(y *autograd.Output) {
			dst, src := y.Data(), x.Data()
			parallel.Range(len(dst), rowGrain(c), func(lo, hi int) {
				for i := lo; i < hi; i++ {
					dst[i] = simd.Sum(src[i*c : (i+1)*c])
				}
			})
		},
		Backward: func(g *autograd.Grad) {
			dx, dy := g.New(0).Data(), g.Dy().Data()
			parallel.Range(len(dy), rowGrain(c), func(lo, hi int) {
				for i := lo; i < hi; i++ {
					simd.Fill(dx[i*c:(i+1)*c], dy[i])
				}
			})
		},
	})
}
