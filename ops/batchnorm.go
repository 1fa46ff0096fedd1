package ops

import (
	"math"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// BatchNormStats are the running mean and variance of every channel.
type BatchNormStats struct {
	Mean, Var []float32
}

// BatchNormSpec is how a batch normalisation runs. The zero value predicts with
// the running statistics.
type BatchNormSpec struct {
	Train    bool    // normalise with the statistics of the batch and update the running ones
	Momentum float32 // weight of the batch in an update; 0 means 0.1
	Eps      float32 // added to the variance; 0 means 1e-5
}

// BatchNorm normalises every channel of x (..., C) to mean 0 and variance 1,
// multiplies it by gamma (C) and adds beta (C) (Ioffe and Szegedy 2015).
//
// In training it takes the statistics of the batch. It also moves the running
// statistics towards them, with the unbiased variance as in PyTorch, when the tape
// makes its side effects (at once if there is no tape). A single value of each channel has no
// variance: training with it panics. An empty batch leaves the running statistics
// as they are.
func BatchNorm(x, gamma, beta *autograd.Tensor, running BatchNormStats, spec BatchNormSpec) *autograd.Tensor {
	return newBatchNorm("ops.BatchNorm", x, gamma, beta, running, spec).do("ops.BatchNorm")
}

// BatchNormReLU returns Dropout(ReLU(BatchNorm(...)), mask), or without the
// dropout if mask is nil. It makes the passes over memory that BatchNorm alone
// makes, forward and backward, and stores nothing that lies between.
func BatchNormReLU(x, gamma, beta *autograd.Tensor, running BatchNormStats, spec BatchNormSpec, mask Mask) *autograd.Tensor {
	n := newBatchNorm("ops.BatchNormReLU", x, gamma, beta, running, spec)
	n.relu, n.mask = true, mask
	return n.do("ops.BatchNormReLU")
}

// BatchNormAddReLU returns ReLU(BatchNorm(...) + residual), the end of a residual
// block, where residual has the shape of x. The sum and the ReLU are computed
// while a task's part of the normalisation is in the cache, and so is the gradient
// of residual.
func BatchNormAddReLU(x, gamma, beta, residual *autograd.Tensor, running BatchNormStats, spec BatchNormSpec) *autograd.Tensor {
	const name = "ops.BatchNormAddReLU"
	n := newBatchNorm(name, x, gamma, beta, running, spec)
	sameShape(name, x, residual)
	n.relu, n.residual = true, residual
	return autograd.Do(autograd.Op{
		Name: name, Inputs: []*autograd.Tensor{x, gamma, beta, residual}, Spec: &n.BatchNormArgs, Shape: x.Shape(), Saves: n.inputs[:],
		Forward: n.Forward, Backward: n.Backward, // not as Passes: residual, which Recompute would read, is not saved
	})
}

// batchNorm is one batch normalisation, and what its forward pass keeps.
type batchNorm struct {
	inputs         [3]*autograd.Tensor
	x, gamma, beta *autograd.Tensor
	BatchNormArgs
	rows, c  int
	relu     bool
	residual *autograd.Tensor // added before the ReLU; nil: none
	mask     Mask             // nil: none

	mean, invStd []float32
	bits         []uint32 // with a ReLU: where the gradient passes
	factor       float32  // of what passes

	pass batchNormPass
}

// batchNormPass is what the tasks of a pass work on. A task has grain rows.
type batchNormPass struct {
	grain             int
	data, x           []float32 // y or dy, and x
	scale, shift      []float32
	means, sums, dots []float32 // a row for every task
	variance          []float32
	dx, prior         []float32 // prior is added to dx; nil: none
	residual, dr      []float32 // dr is its gradient; nil: not needed
	a, b, d           []float32
}

func newBatchNorm(op string, x, gamma, beta *autograd.Tensor, running BatchNormStats, spec BatchNormSpec) *batchNorm {
	if x.Rank() < 1 || gamma.Rank() != 1 || beta.Rank() != 1 || gamma.Dim(0) != x.Dim(-1) || beta.Dim(0) != x.Dim(-1) ||
		len(running.Mean) != x.Dim(-1) || len(running.Var) != x.Dim(-1) {
		panic(autograd.NewShapeError(op, "x (..., C), gamma (C), beta (C) and running statistics of C channels"+channelsFirst(x, gamma.Len()), x, gamma, beta))
	}
	if spec.Train && x.Len() == x.Dim(-1) && x.Len() > 0 {
		panic(autograd.NewShapeError(op, "more than one value of each channel to train with: a larger batch, or prediction", x))
	}
	if spec.Momentum == 0 {
		spec.Momentum = 0.1
	}
	if spec.Eps == 0 {
		spec.Eps = 1e-5
	}
	c := x.Dim(-1)
	return &batchNorm{
		inputs: [...]*autograd.Tensor{x, gamma, beta}, x: x, gamma: gamma, beta: beta,
		BatchNormArgs: BatchNormArgs{running, spec}, rows: x.Len() / max(1, c), c: c,
		pass: batchNormPass{grain: rowGrain(c)},
	}
}

func (n *batchNorm) do(name string) *autograd.Tensor {
	return autograd.Do(autograd.Op{Name: name, Inputs: n.inputs[:], Spec: &n.BatchNormArgs, Shape: n.x.Shape(), Saves: n.inputs[:], Passes: n})
}

// tasks is the number of tasks of a pass.
func (n *batchNorm) tasks() int { return ceilDiv(n.rows, n.pass.grain) }

// each calls body for the rows [lo, hi) of every task, with size elements to work
// with.
func (n *batchNorm) each(size int, body func(n *batchNorm, lo, hi int, scratch []float32)) {
	parallel.EachRange(n.rows, n.pass.grain, size, n, body)
}

func (n *batchNorm) Forward(y *autograd.Output) {
	c := n.c
	n.mean, n.invStd = y.Keep(c), y.Keep(c)
	variance := n.Running.Var
	if n.Spec.Train {
		variance = y.Retain(c)
		n.moments(y, variance)
		n.track(y, variance)
	} else {
		copy(n.mean, n.Running.Mean)
	}
	for j, v := range variance {
		n.invStd[j] = float32(1 / math.Sqrt(float64(v)+float64(n.Spec.Eps)))
	}
	if n.relu {
		n.bits, n.factor = y.KeepBits(y.Len()), 1
		if n.mask != nil {
			n.factor = n.mask(n.bits)
		} else {
			keepAll(n.bits)
		}
	}
	n.Recompute(y)
}

// Recompute writes y once the statistics are known. With a ReLU it clears the
// bits of the elements that are not positive; doing so again changes nothing.
func (n *batchNorm) Recompute(y *autograd.Output) {
	p := &n.pass
	p.scale, p.shift = y.Scratch(n.c), y.Scratch(n.c)
	gamma, beta := n.gamma.Data(), n.beta.Data()
	for j, s := range n.invStd {
		p.scale[j] = gamma[j] * s
		p.shift[j] = beta[j] - float32(n.mean[j]*p.scale[j])
	}
	p.data, p.x = y.Data(), n.x.Data()
	if n.residual != nil {
		p.residual = n.residual.Data()
	}
	n.each(0, (*batchNorm).normalise)
}

func (n *batchNorm) normalise(lo, hi int, _ []float32) {
	p, rows := &n.pass, hi-lo
	lo, hi = lo*n.c, hi*n.c
	switch {
	case n.residual != nil:
		y := p.data[lo:hi]
		simd.ScaleShiftRows(y, p.x[lo:hi], p.scale, p.shift, rows)
		simd.Add(y, y, p.residual[lo:hi])
		simd.ReLUBits(y, y, n.bits[lo/32:])
	case n.relu:
		simd.ScaleShiftReLURows(p.data[lo:hi], p.x[lo:hi], p.scale, p.shift, n.bits[lo/32:], n.factor, rows)
	default:
		simd.ScaleShiftRows(p.data[lo:hi], p.x[lo:hi], p.scale, p.shift, rows)
	}
}

// keepAll sets all bits.
func keepAll(bits []uint32) {
	for i := range bits {
		bits[i] = math.MaxUint32
	}
}

// Backward is in two passes: one for the sums over the batch that every
// gradient needs, one for dx.
func (n *batchNorm) Backward(g *autograd.Grad) {
	n.pass.data, n.pass.x = g.Dy().Data(), n.x.Data()
	if n.residual != nil && g.Needs(3) {
		n.pass.dr = g.New(3).Data()
	}
	sum, dot := g.Scratch(n.c), g.Scratch(n.c)
	n.reduce(g, sum, dot)
	if g.Needs(1) {
		simd.Mul(g.New(1).Data(), dot, n.invStd)
	}
	if g.Needs(2) {
		copy(g.New(2).Data(), sum)
	}
	if g.Needs(0) {
		n.gradX(g, sum, dot)
	}
}

// gradX computes dx = gamma*invStd * (dy - mean(dy) - xhat*mean(dy*xhat)) as
// a*dy + b*x + d; running statistics are constants.
func (n *batchNorm) gradX(g *autograd.Grad, sum, dot []float32) {
	p, gamma := &n.pass, n.gamma.Data()
	a, b, d := g.Scratch(n.c), g.Scratch(n.c), g.Scratch(n.c)
	clear(b)
	clear(d)
	for j := range a {
		a[j] = gamma[j] * n.invStd[j]
		if n.Spec.Train {
			b[j] = -a[j] * n.invStd[j] * n.invStd[j] * dot[j] / float32(n.rows)
			d[j] = -a[j]*sum[j]/float32(n.rows) - float32(b[j]*n.mean[j])
		}
	}
	p.a, p.b, p.d = a, b, d
	dx, prior := g.Add(0)
	size := 0
	p.dx, p.prior = dx.Data(), nil
	if prior != nil {
		p.prior, size = prior.Data(), p.grain*n.c
	}
	n.each(size, (*batchNorm).differentiate)
}

func (n *batchNorm) differentiate(lo, hi int, scratch []float32) {
	p, rows := &n.pass, hi-lo
	lo, hi = lo*n.c, hi*n.c
	out := p.dx[lo:hi]
	if p.prior != nil {
		out = scratch[:hi-lo]
	}
	if n.relu {
		simd.BNReLUBackwardRows(out, p.data[lo:hi], p.x[lo:hi], p.a, p.b, p.d, n.bits[lo/32:], n.factor, rows)
	} else {
		simd.BNBackwardRows(out, p.data[lo:hi], p.x[lo:hi], p.a, p.b, p.d, rows)
	}
	if p.prior != nil {
		simd.Add(p.dx[lo:hi], p.prior[lo:hi], out)
	}
}

// reduce sets, for every channel, sum to the sum of dy and dot to that of
// dy*(x-mean), where dy is what ReLU and mask let through.
func (n *batchNorm) reduce(g *autograd.Grad, sum, dot []float32) {
	p, size := &n.pass, n.tasks()*n.c
	p.sums, p.dots = g.Scratch(size), g.Scratch(size)
	n.each(0, (*batchNorm).sum)
	clear(sum)
	clear(dot)
	simd.SumRows(sum, p.sums, n.tasks())
	simd.SumRows(dot, p.dots, n.tasks())
}

func (n *batchNorm) sum(lo, hi int, _ []float32) {
	p, at, rows := &n.pass, lo/n.pass.grain*n.c, hi-lo
	lo, hi = lo*n.c, hi*n.c
	s, d := p.sums[at:at+n.c], p.dots[at:at+n.c]
	clear(s)
	clear(d)
	if n.relu {
		simd.MaskSumDotRows(s, d, p.data[lo:hi], p.x[lo:hi], n.mean, n.bits[lo/32:], n.factor, rows)
	} else {
		simd.SumDotRows(s, d, p.data[lo:hi], p.x[lo:hi], n.mean, rows)
	}
	if p.dr != nil {
		simd.MaskScale(p.dr[lo:hi], p.data[lo:hi], n.bits[lo/32:], n.factor)
	}
}
