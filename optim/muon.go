package optim

import (
	"fmt"
	"math"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// MuonConfig configures [NewMuon]. A zero Momentum or Iterations stands for the
// published value: 0.95, 5.
type MuonConfig struct {
	Momentum    float32
	Plain       bool    // momentum as it is, not Nesterov's
	WeightDecay float32 // of matrices, w = w - lr*WeightDecay*w, except where Param.NoDecay
	Iterations  int     // of Newton and Schulz

	// Matrix reports whether a parameter is updated as a matrix; nil: all of two axes or
	// more are. Embeddings, first and last layers usually are not.
	Matrix func(p *autograd.Param) bool
	// Others is how the other parameters are updated. Its Factor, which matrices do not
	// have, multiplies their learning rate; its Until holds for matrices too.
	Others SGDConfig
}

// Muon updates matrices by steps whose singular values are all near 1 (Jordan et al.
// 2024, "Muon: an optimizer for hidden layers in neural networks"), as torch.optim.Muon does in
// float32, and all other parameters as [SGD] does:
//
//	m = Momentum*m + (1-Momentum)*g
//	u = Momentum*m + (1-Momentum)*g     or, Plain: m
//	w = w - lr*WeightDecay*w - lr*sqrt(max(1, rows/columns))*orthogonal(u)
//
// The rows of a matrix are the first axis that the parameter has in files, the
// outputs of a layer, and its columns all others.
type Muon struct {
	config   MuonConfig
	others   *SGD // its momentum is that of all parameters
	params   []float32
	matrices []*muonMatrix
}

// NewMuon returns an optimizer for ps, which must be complete: parameters added
// later are not updated. It reads Param.NoDecay now: to
// change that afterwards has no effect.
func NewMuon(ps *autograd.Params, config MuonConfig) *Muon {
	if config.Momentum == 0 {
		config.Momentum = 0.95
	}
	if config.Iterations == 0 {
		config.Iterations = 5
	}
	isMatrix := func(p *autograd.Param) bool {
		return len(p.Shape()) > 1 && p.Len() > 0 && (config.Matrix == nil || config.Matrix(p))
	}
	o := &Muon{config: config, others: newSGD(ps, config.Others, isMatrix), params: ps.Flat()}
	for _, p := range ps.All() {
		if isMatrix(p) {
			o.matrices = append(o.matrices, newMuonMatrix(p, config))
		}
	}
	return o
}

// Step implements [Optimizer].
func (o *Muon) Step(lr float32, grads []float32) {
	step := o.others.steps
	o.others.Step(lr, grads)
	for _, m := range o.matrices {
		if m.until == 0 || step < m.until {
			m.update(o, lr, grads)
		}
	}
}

// Describe implements [Optimizer].
func (o *Muon) Describe() string {
	c := o.config
	settings := []string{
		fmt.Sprintf("momentum %v, plain %t, weight decay %v, %d iterations", c.Momentum, c.Plain, c.WeightDecay, c.Iterations),
		"others by SGD with " + c.Others.settings(),
	}
	for _, m := range o.matrices {
		text := fmt.Sprintf("a matrix of %dx%d from element %d", m.rows, m.cols, m.lo)
		if m.until != 0 {
			text += fmt.Sprintf(" for %d steps", m.until)
		}
		settings = append(settings, text)
	}
	return o.others.pass.describe("Muon", settings...)
}

// State implements [Optimizer].
func (o *Muon) State() State { return o.others.State() }

// LoadState implements [Optimizer].
func (o *Muon) LoadState(s State) error { return o.others.LoadState(s) }

// muonMatrix is a parameter that is updated as a matrix, which in memory may be the
// transposed one with its rows in another order: neither matters to its singular
// vectors.
type muonMatrix struct {
	lo, hi     int
	rows, cols int     // in memory
	scale      float32 // sqrt(max(1, rows/cols)) of the matrix in files
	decay      float32
	until      int

	u, next []float32 // the update, and what an iteration makes of it
	a, b    []float32 // rows x rows or cols x cols, the smaller
	tasks   muonTasks
}

func newMuonMatrix(p *autograd.Param, config MuonConfig) *muonMatrix {
	m := &muonMatrix{lo: p.Offset(), hi: p.Offset() + p.Len(), cols: p.Shape()[len(p.Shape())-1]}
	m.rows = p.Len() / m.cols
	outputs := p.Shape()[0]
	if p.FileAxes == nil || p.FileAxes[0] == 0 { // rows are the first axis in memory too
		m.rows, m.cols = outputs, p.Len()/outputs
	} else if outputs = p.Shape()[p.FileAxes[0]]; p.FileAxes[0] != len(p.Shape())-1 {
		panic(fmt.Sprintf("optim.NewMuon: the outputs of %s are neither its first axis nor its last one in memory", p.Name))
	}
	m.scale = float32(math.Sqrt(max(1, float64(outputs)*float64(outputs)/float64(p.Len()))))
	if !p.NoDecay {
		m.decay = config.WeightDecay
	}
	if config.Others.Until != nil {
		m.until = config.Others.Until(p)
	}
	side := min(m.rows, m.cols)
	m.u, m.next = parallel.Aligned(p.Len()), parallel.Aligned(p.Len())
	m.a, m.b = parallel.Aligned(side*side), parallel.Aligned(side*side)
	return m
}

// update is the step of the matrix.
func (m *muonMatrix) update(o *Muon, lr float32, grads []float32) {
	momentum, g, w := o.others.momentum[m.lo:m.hi], grads[m.lo:m.hi], o.params[m.lo:m.hi]
	parallel.Range(len(g), grain, func(lo, hi int) {
		simd.Lerp(momentum[lo:hi], g[lo:hi], 1-o.config.Momentum)
		copy(m.u[lo:hi], momentum[lo:hi])
		if !o.config.Plain {
			simd.Lerp(m.u[lo:hi], g[lo:hi], 1-o.config.Momentum)
		}
	})
	m.orthogonalise(o.config.Iterations)
	parallel.Range(len(w), grain, func(lo, hi int) {
		simd.Scale(w[lo:hi], w[lo:hi], 1-lr*m.decay)
		simd.Axpy(w[lo:hi], -lr*m.scale, m.u[lo:hi])
	})
}

// orthogonalise brings the singular values of u near 1, from about 0.7 to 1.2, by
// iterations of u = 3.4445*u - 4.7750*(u*u^T)*u + 2.0315*(u*u^T)^2*u, of which
// Newton and Schulz's has other numbers.
func (m *muonMatrix) orthogonalise(iterations int) {
	const (
		c1, c3, c5 = 3.4445, -4.7750, 2.0315
		tiny       = 1e-7 // torch's guard against a norm of 0
	)
	shrink := float32(1 / max(euclid(m.u), tiny))
	parallel.Range(len(m.u), grain, func(lo, hi int) { simd.Scale(m.u[lo:hi], m.u[lo:hi], shrink) })
	side, wide := min(m.rows, m.cols), m.rows <= m.cols
	t := &m.tasks
	for range iterations {
		// u*u^T, or u^T*u where that is smaller: a polynomial of either does.
		t.run(!wide, wide, side, side, m.rows+m.cols-side, 1, m.u, m.cols, m.u, m.cols, 0, m.a, side)
		copy(m.b, m.a)
		t.run(false, false, side, side, side, c5, m.a, side, m.a, side, c3, m.b, side)
		copy(m.next, m.u)
		if wide {
			t.run(false, false, m.rows, m.cols, side, 1, m.b, side, m.u, m.cols, c1, m.next, m.cols)
		} else {
			t.run(false, false, m.rows, m.cols, side, 1, m.u, m.cols, m.b, side, c1, m.next, m.cols)
		}
		m.u, m.next = m.next, m.u
	}
}

// muonTasks is a product of matrices on all cores, see [simd.Gemm].
type muonTasks struct {
	transA, transB bool
	m, n, k        int
	alpha, beta    float32
	a, b, c        []float32
	lda, ldb, ldc  int
}

// muonBlock is the side of the block of a product that a task computes.
const muonBlock = 96

func (t *muonTasks) run(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	*t = muonTasks{transA, transB, m, n, k, alpha, beta, a, b, c, lda, ldb, ldc}
	blocks := ((m + muonBlock - 1) / muonBlock) * ((n + muonBlock - 1) / muonBlock)
	parallel.Each(blocks, simd.GemmWork(min(m, muonBlock), min(n, muonBlock), k), t, (*muonTasks).block)
}

func (t *muonTasks) block(task int, work []float32) {
	across := (t.n + muonBlock - 1) / muonBlock
	i, j := task/across*muonBlock, task%across*muonBlock
	a, b := t.a[i*t.lda:], t.b[j:]
	if t.transA {
		a = t.a[i:]
	}
	if t.transB {
		b = t.b[j*t.ldb:]
	}
	simd.Gemm(t.transA, t.transB, min(muonBlock, t.m-i), min(muonBlock, t.n-j), t.k, t.alpha, a, t.lda, b, t.ldb,
		t.beta, t.c[i*t.ldc+j:], t.ldc, work)
}
