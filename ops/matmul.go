package ops

import "autodropout/autograd"

// MatMulSpec says which matrices a product transposes first.
type MatMulSpec struct{ TransA, TransB bool }

// MatMul returns the matrix product of a and b.
func MatMul(a, b *autograd.Tensor, spec MatMulSpec) *autograd.Tensor {
	const want = "matrices (M, K) and (K, N) after transposition"
	if a.Rank() != 2 || b.Rank() != 2 {
		panic(autograd.NewShapeError("ops.MatMul", want, a, b))
	}
	transA, transB := spec.TransA, spec.TransB
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
		Saves:  productSaves(nil, a, b),
		Forward: func(y *autograd.Output) {
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
	l := &linear{x: x, w: w, b: b, in: w.Dim(1), out: w.Dim(0), inputs: [...]*autograd.Tensor{x, w, b}}
	inputs := l.inputs[:]
	if b == nil {
		inputs = inputs[:2]
	}
	shape := l.shape[:copy(l.shape[:], x.Shape())]
	shape[len(shape)-1] = l.out
	l.rows = 1
	for _, d := range shape[:len(shape)-1] {
		l.rows *= d
	}
	return autograd.Do(autograd.Op{Name: "ops.Linear", Inputs: inputs, Shape: shape, Saves: productSaves(l.saves[:0], x, w), Passes: l})
}

// linear is one linear map.
type linear struct {
	x, w, b       *autograd.Tensor
	rows, in, out int
	inputs        [3]*autograd.Tensor
	saves         [2]*autograd.Tensor
	shape         [autograd.MaxRank]int
}

func (l *linear) Forward(y *autograd.Output) {
	var b []float32
	if l.b != nil {
		b = l.b.Data()
	}
	gemmPlus(false, true, l.rows, l.out, l.in, l.x.Data(), l.in, l.w.Data(), l.in, 0, y.Data(), l.out, b)
}

func (l *linear) Backward(g *autograd.Grad) {
	dy := g.Dy().Data()
	if g.Needs(0) {
		dx, beta := addInPlace(g, 0)
		gemm(false, false, l.rows, l.in, l.out, dy, l.out, l.w.Data(), l.in, beta, dx, l.in)
	}
	if g.Needs(1) {
		gemmReduce(g, l.out, l.in, l.rows, dy, l.out, l.x.Data(), l.in, g.New(1).Data())
	}
	if l.b != nil && g.Needs(2) {
		sumRows(g, g.New(2).Data(), dy)
	}
}
