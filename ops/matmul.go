package ops

import (
	"slices"

	"autodropout/autograd"
	"autodropout/simd"
)

// MatMul returns the matrix product of a and b, each transposed first if its
// flag is set.
func MatMul(a, b *autograd.Tensor, transA, transB bool) *autograd.Tensor {
	const want = "matrices (M, K) and (K, N) after transposition"
	if a.Rank() != 2 || b.Rank() != 2 {
		panic(autograd.NewShapeError("ops.MatMul", want, a, b))
	}
	m, k := a.Dim(0), a.Dim(1)
	if transA {
		m, k = k, m
	}
	kb, n := b.Dim(0), b.Dim(1)
	if transB {
		kb, n = n, kb
	}
	if k != kb {
		panic(autograd.NewShapeError("ops.MatMul", want, a, b))
	}
	lda, ldb := a.Dim(1), b.Dim(1)
	return autograd.Do(autograd.Op{
		Name:   "ops.MatMul",
		Inputs: []*autograd.Tensor{a, b},
		Shape:  []int{m, n},
		Saves:  productSaves(a, b),
		Forward: func(y *autograd.Tensor) {
			gemm(transA, transB, m, n, k, a.Data(), lda, b.Data(), ldb, 0, y.Data(), n)
		},
		Backward: func(g *autograd.Grad) {
			dy := g.Dy().Data()
			if g.Needs(0) {
				da := g.New(0).Data()
				if transA { // da (K, M) = op(b) * dy'
					gemm(transB, true, k, m, n, b.Data(), ldb, dy, n, 0, da, lda)
				} else { // da (M, K) = dy * op(b)'
					gemm(false, !transB, m, k, n, dy, n, b.Data(), ldb, 0, da, lda)
				}
			}
			if g.Needs(1) {
				db := g.New(1).Data()
				switch {
				case transB: // db (N, K) = dy' * op(a)
					gemm(true, transA, n, k, m, dy, n, a.Data(), lda, 0, db, ldb)
				case transA: // db (K, N) = op(a)' * dy
					gemm(false, false, k, n, m, a.Data(), lda, dy, n, 0, db, ldb)
				default:
					gemmReduce(g, k, n, m, a.Data(), lda, dy, n, db)
				}
			}
		},
	})
}

// Linear returns x*w' + b for x (..., in), w (out, in) and b (out), which may
// be nil.
func Linear(x, w, b *autograd.Tensor) *autograd.Tensor {
	if x.Rank() < 1 || w.Rank() != 2 || x.Dim(-1) != w.Dim(1) || (b != nil && (b.Rank() != 1 || b.Dim(0) != w.Dim(0))) {
		panic(autograd.NewShapeError("ops.Linear", "x (..., in), w (out, in) and b (out) or nil", x, w, b))
	}
	in, out := w.Dim(1), w.Dim(0)
	shape := slices.Clone(x.Shape())
	shape[len(shape)-1] = out
	rows := 1
	for _, d := range shape[:len(shape)-1] {
		rows *= d
	}
	inputs := []*autograd.Tensor{x, w}
	if b != nil {
		inputs = append(inputs, b)
	}
	return autograd.Do(autograd.Op{
		Name:   "ops.Linear",
		Inputs: inputs,
		Shape:  shape,
		Saves:  productSaves(x, w),
		Forward: func(y *autograd.Tensor) {
			var finish func(rows, cols span)
			if b != nil {
				finish = biasAdder(y.Data(), b.Data())
			}
			gemmThen(false, true, rows, out, in, x.Data(), in, w.Data(), in, 0, y.Data(), out, finish)
		},
		Backward: func(g *autograd.Grad) {
			dy := g.Dy().Data()
			if g.Needs(0) {
				dx, beta := addInPlace(g, 0)
				gemm(false, false, rows, in, out, dy, out, w.Data(), in, beta, dx, in)
			}
			if g.Needs(1) {
				gemmReduce(g, out, in, rows, dy, out, x.Data(), in, g.New(1).Data())
			}
			if b != nil && g.Needs(2) {
				sumRows(g, g.New(2).Data(), dy)
			}
		},
	})
}

// addInPlace returns where a product is to write the gradient of input i, and what
// it multiplies by what is there: 1 where another use has left its gradient.
func addInPlace(g *autograd.Grad, i int) (dx []float32, beta float32) {
	sum, prior := g.Add(i)
	if prior == nil {
		return sum.Data(), 0
	}
	if prior != sum {
		copy(sum.Data(), prior.Data())
	}
	return sum.Data(), 1
}

// biasAdder returns a function that adds b to blocks of y, whose rows are as long
// as b.
func biasAdder(y, b []float32) func(rows, cols span) {
	return func(rows, cols span) {
		for i := rows.lo; i < rows.hi; i++ {
			row := y[i*len(b):][cols.lo:cols.hi]
			simd.Add(row, row, b[cols.lo:cols.hi])
		}
	}
}
