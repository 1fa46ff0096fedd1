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
	n := &layerNorm{inputs: [...]*autograd.Tensor{x, gamma, beta}, eps: eps, c: x.Dim(-1)}
	n.rows = x.Len() / max(1, n.c)
	return autograd.Do(autograd.Op{Name: "ops.LayerNorm", Inputs: n.inputs[:], Spec: &n.eps, Shape: x.Shape(), Saves: n.inputs[:2], Passes: n})
}

// RMSNorm divides every row of x (..., C) by the root of the mean of its squares, to
// which eps is added, and multiplies it by gamma (C) (Zhang and Sennrich 2019).
func RMSNorm(x, gamma *autograd.Tensor, eps float32) *autograd.Tensor {
	if x.Rank() < 1 || gamma.Rank() != 1 || gamma.Dim(0) != x.Dim(-1) {
		panic(autograd.NewShapeError("ops.RMSNorm", "x (..., C) and gamma (C)", x, gamma))
	}
	n := &layerNorm{inputs: [3]*autograd.Tensor{x, gamma}, eps: eps, c: x.Dim(-1)}
	n.rows = x.Len() / max(1, n.c)
	return autograd.Do(autograd.Op{Name: "ops.RMSNorm", Inputs: n.inputs[:2], Spec: &n.eps, Shape: x.Shape(), Saves: n.inputs[:2], Passes: n})
}

// layerNorm is one layer normalisation, and what its forward pass keeps. Without beta
// the means stay where they are, as if they were 0.
type layerNorm struct {
	inputs       [3]*autograd.Tensor // x, gamma, beta; nil: none
	eps          float32
	rows, c      int
	mean, invStd []float32 // of every row

	// What the tasks of a pass work on.
	x, gamma, beta []float32
	y, dy, dx      []float32 // dx is nil if it is not wanted
	sums           []float32 // of dgamma and dbeta, by task
}

func (n *layerNorm) Forward(y *autograd.Output) {
	n.mean, n.invStd = y.Keep(n.rows), y.Keep(n.rows)
	n.y, n.x, n.gamma = y.Data(), n.inputs[0].Data(), n.inputs[1].Data()
	if n.inputs[2] != nil {
		n.beta = n.inputs[2].Data()
	}
	parallel.EachRange(n.rows, rowGrain(n.c), 0, n, (*layerNorm).normalise)
}

func (n *layerNorm) normalise(lo, hi int, _ []float32) {
	c := n.c
	for r := lo; r < hi; r++ {
		row, x := n.y[r*c:(r+1)*c], n.x[r*c:(r+1)*c]
		n.mean[r] = 0
		if n.beta != nil {
			n.mean[r] = simd.Sum(x) / float32(c)
		}
		simd.AddScalar(row, x, -n.mean[r])
		n.invStd[r] = float32(1 / math.Sqrt(simd.SumSquares(row)/float64(c)+float64(n.eps)))
		simd.Scale(row, row, n.invStd[r])
		if n.beta != nil {
			simd.ScaleShiftRows(row, row, n.gamma, n.beta, 1)
		} else {
			simd.Mul(row, row, n.gamma)
		}
	}
}

// Backward computes all gradients in one pass over the rows. Tasks sum the
// gradients of gamma and beta over their own rows.
func (n *layerNorm) Backward(g *autograd.Grad) {
	n.x, n.gamma, n.dy, n.dx = n.inputs[0].Data(), n.inputs[1].Data(), g.Dy().Data(), nil
	if g.Needs(0) {
		n.dx = g.New(0).Data()
	}
	count := ceilDiv(n.rows, rowGrain(n.c))
	n.sums = g.Scratch(count * 2 * n.c)
	parallel.EachRange(n.rows, rowGrain(n.c), 2*n.c, n, (*layerNorm).differentiate)
	total := g.Scratch(2 * n.c)
	clear(total)
	simd.SumRows(total, n.sums, count)
	if g.Needs(1) {
		copy(g.New(1).Data(), total[:n.c])
	}
	if n.beta != nil && g.Needs(2) {
		copy(g.New(2).Data(), total[n.c:])
	}
}

func (n *layerNorm) differentiate(lo, hi int, scratch []float32) {
	c, task := n.c, lo/rowGrain(n.c)
	xhat, dxhat := scratch[:c], scratch[c:]
	dgamma, dbeta := n.sums[task*2*c:][:c], n.sums[(task*2+1)*c:][:c]
	clear(dgamma)
	clear(dbeta)
	for r := lo; r < hi; r++ {
		dy := n.dy[r*c : (r+1)*c]
		simd.AddScalar(xhat, n.x[r*c:], -n.mean[r])
		simd.Scale(xhat, xhat, n.invStd[r])
		simd.MulAdd(dgamma, dy, xhat)
		simd.Add(dbeta, dbeta, dy)
		if n.dx == nil {
			continue
		}
		// dx = invStd * (dxhat - mean(dxhat) - xhat*mean(dxhat*xhat))
		simd.Mul(dxhat, dy, n.gamma)
		along := simd.Dot(dxhat, xhat) / float32(c)
		if n.beta != nil {
			simd.AddScalar(dxhat, dxhat, -simd.Sum(dxhat)/float32(c))
		}
		simd.Axpy(dxhat, -along, xhat)
		simd.Scale(n.dx[r*c:(r+1)*c], dxhat, n.invStd[r])
	}
}
