package ops

import (
	"math"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// LayerNorm normalises every row of x (..., C) to mean 0 and variance 1, with
// eps added to the variance, multiplies it by gamma (C) and adds beta (C) (Ba et
// al. 2016).
func LayerNorm(x, gamma, beta *autograd.Tensor, eps float32) *autograd.Tensor {
	if x.Rank() < 1 || gamma.Rank() != 1 || beta.Rank() != 1 || gamma.Dim(0) != x.Dim(-1) || beta.Dim(0) != x.Dim(-1) {
		panic(autograd.NewShapeError("ops.LayerNorm", "x (..., C), gamma (C) and beta (C)", x, gamma, beta))
	}
	c := x.Dim(-1)
	var mean, invStd []float32 // of every row
	return autograd.Do(autograd.Op{
		Name:   "ops.LayerNorm",
		Inputs: []*autograd.Tensor{x, gamma, beta},
		Shape:  x.Shape(),
		Saves:  []*autograd.Tensor{x, gamma},
		Forward: func(y *autograd.Tensor) {
			rows := x.Len() / max(1, c)
			mean, invStd = y.Keep(rows), y.Keep(rows)
			dst, src, gamma, beta := y.Data(), x.Data(), gamma.Data(), beta.Data()
			eachRow(len(dst), c, func(r, lo, hi int) {
				row := dst[lo:hi]
				mean[r] = simd.Sum(src[lo:hi]) / float32(c)
				simd.AddScalar(row, src[lo:hi], -mean[r])
				invStd[r] = float32(1 / math.Sqrt(simd.SumSquares(row)/float64(c)+float64(eps)))
				simd.Scale(row, row, invStd[r])
				simd.ScaleShiftRows(row, row, gamma, beta, 1)
			})
		},
		Backward: func(g *autograd.Grad) {
			layerNormGrad(g, x.Data(), gamma.Data(), mean, invStd)
		},
	})
}

// layerNormGrad computes all three gradients in one pass over the rows. Tasks
// sum the gradients of gamma and beta over their own rows.
func layerNormGrad(g *autograd.Grad, x, gamma, mean, invStd []float32) {
	c, rows := len(gamma), len(mean)
	dy := g.Dy().Data()
	var dx []float32
	if g.Needs(0) {
		dx = g.New(0).Data()
	}
	grain := rowGrain(c)
	count := ceilDiv(rows, grain)
	sums := g.Scratch(count * 2 * c) // of dgamma and dbeta, by task
	parallel.ForScratch(count, 2*c, func(task int, scratch []float32) {
		xhat, dxhat := scratch[:c], scratch[c:]
		dgamma, dbeta := sums[task*2*c:][:c], sums[(task*2+1)*c:][:c]
		clear(dgamma)
		clear(dbeta)
		for r := task * grain; r < min((task+1)*grain, rows); r++ {
			dyRow := dy[r*c : (r+1)*c]
			simd.AddScalar(xhat, x[r*c:], -mean[r])
			simd.Scale(xhat, xhat, invStd[r])
			simd.MulAdd(dgamma, dyRow, xhat)
			simd.Add(dbeta, dbeta, dyRow)
			if dx == nil {
				continue
			}
			// dx = invStd * (dxhat - mean(dxhat) - xhat*mean(dxhat*xhat))
			simd.Mul(dxhat, dyRow, gamma)
			along := simd.Dot(dxhat, xhat) / float32(c)
			simd.AddScalar(dxhat, dxhat, -simd.Sum(dxhat)/float32(c))
			simd.Axpy(dxhat, -along, xhat)
			simd.Scale(dx[r*c:(r+1)*c], dxhat, invStd[r])
		}
	})
	total := g.Scratch(2 * c)
	clear(total)
	simd.SumRows(total, sums, count)
	if g.Needs(1) {
		copy(g.New(1).Data(), total[:c])
	}
	if g.Needs(2) {
		copy(g.New(2).Data(), total[c:])
	}
}
