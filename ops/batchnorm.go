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
// In training it takes the statistics of the batch. It also moves the running statistics
// towards them, with the unbiased variance as in PyTorch, when the tape applies its side
// effects (at once if there is no tape). A single value of each channel has no variance:
// training with it panics. An empty batch leaves the running statistics as they are.
func BatchNorm(x, gamma, beta *autograd.Tensor, running BatchNormStats, spec BatchNormSpec) *autograd.Tensor {
	return newBatchNorm("ops.BatchNorm", x, gamma, beta, running, spec).do("ops.BatchNorm")
}

// BatchNormReLU returns Dropout(ReLU(BatchNorm(...)), mask), or without the dropout if mask
// is nil. It passes over memory as often as BatchNorm alone, forward and backward, and
// stores no intermediate result.
func BatchNormReLU(x, gamma, beta *autograd.Tensor, running BatchNormStats, spec BatchNormSpec, mask Mask) *autograd.Tensor {
	return batchNormActivated("ops.BatchNormReLU", x, gamma, beta, running, spec, WithReLU, mask)
}

// BatchNormSiLU returns SiLU(Dropout(BatchNorm(...), mask)), or without the dropout
// if mask is nil. It makes the passes over memory that BatchNorm alone makes,
// and writes the gradient of what lies between where that of x will be.
func BatchNormSiLU(x, gamma, beta *autograd.Tensor, running BatchNormStats, spec BatchNormSpec, mask Mask) *autograd.Tensor {
	return batchNormActivated("ops.BatchNormSiLU", x, gamma, beta, running, spec, WithSiLU, mask)
}

// BatchNormGELU is [BatchNormSiLU] with the GELU.
func BatchNormGELU(x, gamma, beta *autograd.Tensor, running BatchNormStats, spec BatchNormSpec, mask Mask) *autograd.Tensor {
	return batchNormActivated("ops.BatchNormGELU", x, gamma, beta, running, spec, WithGELU, mask)
}

// batchNormActivated returns a normalisation with an activation and the dropout of a mask.
func batchNormActivated(name string, x, gamma, beta *autograd.Tensor, running BatchNormStats, spec BatchNormSpec, activation Activation, mask Mask) *autograd.Tensor {
	n := newBatchNorm(name, x, gamma, beta, running, spec)
	n.activation, n.mask = activation, mask
	return n.do(name)
}

// BatchNormAddReLU returns ReLU(BatchNorm(...) + residual), the end of a residual
// block, where residual has the shape of x. The sum and the ReLU are computed
// while a task's part of the normalisation is in the cache, and so is the gradient
// of residual.
func BatchNormAddReLU(x, gamma, beta, residual *autograd.Tensor, running BatchNormStats, spec BatchNormSpec) *autograd.Tensor {
	const name = "ops.BatchNormAddReLU"
	n := newBatchNorm(name, x, gamma, beta, running, spec)
	sameShape(name, x, residual)
	n.activation, n.residual = WithReLU, residual
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
	rows, c    int
	activation Activation
	residual   *autograd.Tensor // added before the ReLU; nil: none
	mask       Mask             // nil: none

	mean, invStd []float32
	bits         []uint32 // where the gradient passes a ReLU or a mask; nil: there is neither
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
	before            []float32 // the gradient of what a smooth activation was applied to; nil: there is none
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
	if n.activation == WithReLU || n.mask != nil {
		n.bits, n.factor = y.KeepBits(y.Len()), 1
		if n.mask != nil {
			n.factor = n.mask(n.bits)
		}
	}
	n.Recompute(y)
}

// Recompute writes y once the statistics are known. With a ReLU it clears the
// bits of the elements that are not positive; doing so again changes nothing.
func (n *batchNorm) Recompute(y *autograd.Output) {
	p := &n.pass
	n.affine(y)
	p.data, p.x = y.Data(), n.x.Data()
	if n.residual != nil {
		p.residual = n.residual.Data()
	}
	n.each(0, (*batchNorm).normalise)
}

// affine sets what a pass multiplies the elements of a channel by and adds to them.
func (n *batchNorm) affine(memory scratcher) {
	p := &n.pass
	p.scale, p.shift = memory.Scratch(n.c), memory.Scratch(n.c)
	gamma, beta := n.gamma.Data(), n.beta.Data()
	for j, s := range n.invStd {
		p.scale[j] = gamma[j] * s
		p.shift[j] = beta[j] - float32(n.mean[j]*p.scale[j])
	}
}

func (n *batchNorm) normalise(lo, hi int, _ []float32) {
	p, rows := &n.pass, hi-lo
	lo, hi = lo*n.c, hi*n.c
	y, x := p.data[lo:hi], p.x[lo:hi]
	if n.bits != nil && n.mask == nil {
		keepAll(n.bits[lo/32 : ceilDiv(hi, 32)])
	}
	switch {
	case n.residual != nil:
		simd.ScaleShiftRows(y, x, p.scale, p.shift, rows)
		simd.Add(y, y, p.residual[lo:hi])
		simd.ReLUBits(y, y, n.bits[lo/32:])
	case n.activation == WithReLU:
		simd.ScaleShiftReLURows(y, x, p.scale, p.shift, n.bits[lo/32:], n.factor, rows)
	case n.activation == WithSiLU && n.mask == nil:
		simd.ScaleShiftSiLURows(y, x, p.scale, p.shift, rows)
	case n.activation.smooth():
		n.masked(y, x, lo, rows)
		n.activation.apply(y)
	default:
		simd.ScaleShiftRows(y, x, p.scale, p.shift, rows)
	}
}

// masked sets z to what the activation is applied to, from the rows of x that begin with
// element lo.
func (n *batchNorm) masked(z, x []float32, lo, rows int) {
	simd.ScaleShiftRows(z, x, n.pass.scale, n.pass.shift, rows)
	if n.mask != nil {
		simd.MaskScale(z, z, n.bits[lo/32:], n.factor)
	}
}

// keepAll sets all bits.
func keepAll(bits []uint32) {
	for i := range bits {
		bits[i] = math.MaxUint32
	}
}
