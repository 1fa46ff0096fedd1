package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// AddBias adds the vector b (C) to every row of x (..., C).
func AddBias(x, b *autograd.Tensor) *autograd.Tensor {
	if x.Rank() < 1 || b.Rank() != 1 || x.Dim(-1) != b.Dim(0) {
		panic(autograd.NewShapeError("ops.AddBias", "x (..., C) and b (C)", x, b))
	}
	return autograd.Do(autograd.Op{
		Name:   "ops.AddBias",
		Inputs: []*autograd.Tensor{x, b},
		Shape:  x.Shape(),
		Forward: func(y *autograd.Output) {
			addBias(y.Data(), x.Data(), b.Data())
		},
		Backward: func(g *autograd.Grad) {
			if g.Needs(0) {
				g.Share(0)
			}
			if g.Needs(1) {
				sumRows(g, g.New(1).Data(), g.Dy().Data())
			}
		},
	})
}

// addBias sets every row of dst to that of x plus b.
func addBias(dst, x, b []float32) {
	if len(x) == 0 {
		return
	}
	c := len(b)
	parallel.Range(len(x)/c, rowGrain(c), func(lo, hi int) {
		simd.AddRow(dst[lo*c:hi*c], x[lo*c:hi*c], b, hi-lo)
	})
}
