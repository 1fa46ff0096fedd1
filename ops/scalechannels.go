package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// ScaleChannels multiplies every channel of every example by its own factor: x
// (N, ..., C) and s (N, C) give y[n, ..., c] = x[n, ..., c]*s[n, c], the gate of
// squeeze-and-excitation (Hu et al., arXiv 1709.01507, equation 4).
func ScaleChannels(x, s *autograd.Tensor) *autograd.Tensor {
	if x.Rank() < 2 || s.Rank() != 2 || s.Dim(0) != x.Dim(0) || s.Dim(1) != x.Dim(-1) {
		panic(autograd.NewShapeError("ops.ScaleChannels", "x (N, ..., C) and s (N, C)", x, s))
	}
	n, c := s.Dim(0), s.Dim(1)
	rows := x.Len() / max(1, n*c)
	const elements = 1 << 15 // of a task
	part := max(1, elements/max(1, c))
	parts := ceilDiv(rows, part)
	times := func(dst, src, zeros []float32) {
		parallel.For(n*parts, func(task int) {
			i, first := task/parts, task%parts*part
			lo, hi := (i*rows+first)*c, (i*rows+min(first+part, rows))*c
			simd.ScaleShiftRows(dst[lo:hi], src[lo:hi], s.Data()[i*c:(i+1)*c], zeros, (hi-lo)/max(1, c))
		})
	}
	return autograd.Do(autograd.Op{
		Name:   "ops.ScaleChannels",
		Inputs: []*autograd.Tensor{x, s},
		Shape:  x.Shape(),
		Saves:  []*autograd.Tensor{x, s},
		Forward: func(y *autograd.Output) {
			zeros := y.Scratch(c)
			clear(zeros)
			times(y.Data(), x.Data(), zeros)
		},
		Backward: func(g *autograd.Grad) {
			const block = 128 // rows, whose dy both gradients find in the cache
			dy, zeros := g.Dy().Data(), g.Scratch(c)
			clear(zeros)
			var dx, ds, sums []float32
			if g.Needs(0) {
				dx = g.New(0).Data()
			}
			if g.Needs(1) {
				ds, sums = g.New(1).Data(), g.Scratch(n*c)
				clear(ds)
				clear(sums)
			}
			parallel.For(n, func(i int) {
				from, to := i*c, (i+1)*c
				for r := 0; r < rows; r += block {
					k := min(block, rows-r)
					lo, hi := (i*rows+r)*c, (i*rows+r+k)*c
					if ds != nil {
						simd.SumDotRows(sums[from:to], ds[from:to], dy[lo:hi], x.Data()[lo:hi], zeros, k)
					}
					if dx != nil {
						simd.ScaleShiftRows(dx[lo:hi], dy[lo:hi], s.Data()[from:to], zeros, k)
					}
				}
			})
		},
	})
}
