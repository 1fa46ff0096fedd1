package ops

import (
	"slices"

	"autodropout/autograd"
	"autodropout/internal/parallel"
)

// MatMulSpec says which matrices a product transposes first.
type MatMulSpec struct{ TransA, TransB bool }

// MatMul returns the matrix product of a (..., M, K) and b (..., K, N), each
// transposed first if the spec says so, which is (..., M, N). The axes in front
// count matrices; they are broadcast as by [Add].
func MatMul(a, b *autograd.Tensor, spec MatMulSpec) *autograd.Tensor {
	const want = "matrices (..., M, K) and (..., K, N) after transposition"
	if a.Rank() < 2 || b.Rank() < 2 {
		panic(autograd.NewShapeError("ops.MatMul", want, a, b))
	}
	p := &matMul{MatMulSpec: spec, a: a, b: b, m: a.Dim(-2), k: a.Dim(-1), n: b.Dim(-1), lda: a.Dim(-1), ldb: b.Dim(-1)}
	if spec.TransA {
		p.m, p.k = p.k, p.m
	}
	kb := b.Dim(-2)
	if spec.TransB {
		kb, p.n = p.n, kb
	}
	if p.k != kb {
		panic(autograd.NewShapeError("ops.MatMul", want, a, b))
	}
	batch := newBroadcast("ops.MatMul", a.Shape()[:a.Rank()-2], b.Shape()[:b.Rank()-2])
	shape := append(slices.Clone(batch.shape), p.m, p.n)
	p.pairs = batch.pairs()
	if b.Rank() == 2 && !spec.TransA { // the rows of all matrices are those of one
		p.m *= len(p.pairs)
		p.pairs = [][2]int{{0, 0}}
	}
	return autograd.Do(autograd.Op{Name: "ops.MatMul", Inputs: []*autograd.Tensor{a, b}, Spec: &p.MatMulSpec, Shape: shape, Saves: productSaves(nil, a, b), Passes: p})
}

// matMul is one product of matrices, or many.
type matMul struct {
	MatMulSpec
	a, b     *autograd.Tensor
	m, k, n  int
	lda, ldb int
	pairs    [][2]int // the matrices of a and b that each of the results is of
}

// each calls body for n pieces of work, of a product each: side by side if they
// are small, and otherwise one after the other on all cores.
func (p *matMul) each(n int, body func(i int)) {
	const large = 1 << 20 // multiplications
	if p.m*p.k*p.n < large {
		parallel.For(n, body)
		return
	}
	for i := range n {
		body(i)
	}
}

func (p *matMul) Forward(y *autograd.Output) {
	a, b, dst := p.a.Data(), p.b.Data(), y.Data()
	p.each(len(p.pairs), func(i int) {
		gemm(p.TransA, p.TransB, p.m, p.n, p.k, a[p.pairs[i][0]*p.m*p.k:], p.lda, b[p.pairs[i][1]*p.k*p.n:], p.ldb, 0, dst[i*p.m*p.n:], p.n)
	})
}

func (p *matMul) Backward(g *autograd.Grad) {
	if g.Needs(0) {
		b := p.b.Data()
		p.gradient(g, 0, p.m*p.k, func(da, dy []float32, i int, beta float32) {
			b := b[p.pairs[i][1]*p.k*p.n:]
			if p.TransA { // da (K, M) = op(b) * dy'
				gemm(p.TransB, true, p.k, p.m, p.n, b, p.ldb, dy, p.n, beta, da, p.lda)
			} else { // da (M, K) = dy * op(b)'
				gemm(false, !p.TransB, p.m, p.k, p.n, dy, p.n, b, p.ldb, beta, da, p.lda)
			}
		})
	}
	if !g.Needs(1) {
		return
	}
	a := p.a.Data()
	if len(p.pairs) == 1 && !p.TransA && !p.TransB {
		gemmReduce(g, p.k, p.n, p.m, a, p.lda, g.Dy().Data(), p.n, g.New(1).Data())
		return
	}
	p.gradient(g, 1, p.k*p.n, func(db, dy []float32, i int, beta float32) {
		a := a[p.pairs[i][0]*p.m*p.k:]
		if p.TransB { // db (N, K) = dy' * op(a)
			gemm(true, p.TransA, p.n, p.k, p.m, dy, p.n, a, p.lda, beta, db, p.ldb)
		} else { // db (K, N) = op(a)' * dy
			gemm(!p.TransA, false, p.k, p.n, p.m, a, p.lda, dy, p.n, beta, db, p.ldb)
		}
	})
}

// gradient adds up the gradient of every matrix, of size elements, of operand k:
// product sets it to that from result i, or with a beta of 1 adds that.
func (p *matMul) gradient(g *autograd.Grad, k, size int, product func(dx, dy []float32, i int, beta float32)) {
	dx, dy := g.New(k).Data(), g.Dy().Data()
	if size == 0 {
		return
	}
	results := make([][]int, len(dx)/size) // that a matrix contributes to
	for i, pair := range p.pairs {
		results[pair[k]] = append(results[pair[k]], i)
	}
	p.each(len(results), func(at int) {
		part := dx[at*size:][:size]
		if len(results[at]) == 0 {
			clear(part)
		}
		for j, i := range results[at] {
			product(part, dy[i*p.m*p.n:], i, float32(min(j, 1)))
		}
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
	bias          rowEnd
}

func (l *linear) Forward(y *autograd.Output) {
	var bias *rowEnd
	if l.b != nil {
		l.bias = rowEnd{y: y.Data(), width: l.out, shift: l.b.Data()}
		bias = &l.bias
	}
	gemmWeights(y, true, l.rows, l.out, l.in, l.x.Data(), l.w.Data(), y.Data(), bias)
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
