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
// In training the statistics are those of the batch, and the running ones are
// moved towards them, with the unbiased variance as in PyTorch, when the tape is
// committed (at once if there is no tape). A batch with a single value for each
// channel counts as having variance 0.
func BatchNorm(x, gamma, beta *autograd.Tensor, running BatchNormStats, spec BatchNormSpec) *autograd.Tensor {
	return newBatchNorm("ops.BatchNorm", x, gamma, beta, running, spec).do("ops.BatchNorm")
}

// BatchNormReLU returns Dropout(ReLU(BatchNorm(...)), mask), or without the
// dropout if mask is nil. It makes the passes over memory that BatchNorm alone
// makes, forward and backward, and stores nothing that lies between.
func BatchNormReLU(x, gamma, beta *autograd.Tensor, running BatchNormStats, spec BatchNormSpec, mask func(keep []uint32) (factor float32)) *autograd.Tensor {
	n := newBatchNorm("ops.BatchNormReLU", x, gamma, beta, running, spec)
	n.relu, n.mask = true, mask
	return n.do("ops.BatchNormReLU")
}

// batchNorm is one batch normalisation, and what its forward pass keeps.
type batchNorm struct {
	x, gamma, beta *autograd.Tensor
	running        BatchNormStats
	spec           BatchNormSpec
	rows, c        int
	relu           bool
	mask           func(keep []uint32) (factor float32) // nil: none

	mean, invStd []float32
	bits         []uint32 // with a ReLU: where the gradient passes
	factor       float32  // of what passes
}

func newBatchNorm(op string, x, gamma, beta *autograd.Tensor, running BatchNormStats, spec BatchNormSpec) *batchNorm {
	if x.Rank() < 1 || gamma.Rank() != 1 || beta.Rank() != 1 || gamma.Dim(0) != x.Dim(-1) || beta.Dim(0) != x.Dim(-1) ||
		len(running.Mean) != x.Dim(-1) || len(running.Var) != x.Dim(-1) {
		panic(autograd.NewShapeError(op, "x (..., C), gamma (C), beta (C) and running statistics of C channels", x, gamma, beta))
	}
	if spec.Momentum == 0 {
		spec.Momentum = 0.1
	}
	if spec.Eps == 0 {
		spec.Eps = 1e-5
	}
	c := x.Dim(-1)
	return &batchNorm{x: x, gamma: gamma, beta: beta, running: running, spec: spec, rows: x.Len() / max(1, c), c: c}
}

func (n *batchNorm) do(name string) *autograd.Tensor {
	inputs := []*autograd.Tensor{n.x, n.gamma, n.beta}
	return autograd.Do(autograd.Op{
		Name:      name,
		Inputs:    inputs,
		Shape:     n.x.Shape(),
		Saves:     inputs,
		Forward:   n.forward,
		Backward:  n.backward,
		Recompute: n.normalise,
	})
}

func (n *batchNorm) forward(y *autograd.Tensor) {
	c := n.c
	n.mean, n.invStd = y.Keep(c), y.Keep(c)
	variance := n.running.Var
	if n.spec.Train {
		variance = y.Retain(c)
		n.moments(y, n.mean, variance)
		n.track(y, variance)
	} else {
		copy(n.mean, n.running.Mean)
	}
	for j, v := range variance {
		n.invStd[j] = float32(1 / math.Sqrt(float64(v)+float64(n.spec.Eps)))
	}
	if n.relu {
		n.bits, n.factor = y.KeepBits(y.Len()), 1
		if n.mask != nil {
			n.factor = n.mask(n.bits)
		} else {
			keepAll(n.bits)
		}
	}
	n.normalise(y)
}

// normalise writes y once the statistics are known. With a ReLU it clears the
// bits of the elements that are not positive; doing so again changes nothing.
func (n *batchNorm) normalise(y *autograd.Tensor) {
	c := n.c
	scale, shift := y.Scratch(c), y.Scratch(c)
	gamma, beta := n.gamma.Data(), n.beta.Data()
	for j, s := range n.invStd {
		scale[j] = gamma[j] * s
		shift[j] = beta[j] - float32(n.mean[j]*scale[j])
	}
	dst, x := y.Data(), n.x.Data()
	parallel.Range(n.rows, rowGrain(c), func(lo, hi int) {
		if n.relu {
			simd.ScaleShiftReLURows(dst[lo*c:hi*c], x[lo*c:hi*c], scale, shift, n.bits[lo*c/32:], n.factor, hi-lo)
		} else {
			simd.ScaleShiftRows(dst[lo*c:hi*c], x[lo*c:hi*c], scale, shift, hi-lo)
		}
	})
}

// keepAll sets all bits.
func keepAll(bits []uint32) {
	for i := range bits {
		bits[i] = math.MaxUint32
	}
}

// moments sets the mean and the biased variance of every channel of the batch.
// Tasks measure their own rows about their own mean, so that a mean that is
// large against the deviation costs no accuracy; the results are combined in
// order (Chan, Golub and LeVeque 1979).
func (n *batchNorm) moments(y *autograd.Tensor, mean, variance []float32) {
	c, grain := n.c, rowGrain(n.c)
	x := n.x.Data()
	count := ceilDiv(n.rows, grain)
	means, squares, sums := y.Scratch(count*c), y.Scratch(count*c), y.Scratch(count*c)
	parallel.Range(n.rows, grain, func(lo, hi int) {
		at := lo / grain * c
		m, sum, square := means[at:at+c], sums[at:at+c], squares[at:at+c]
		clear(m)
		clear(sum)
		clear(square)
		simd.SumRows(m, x[lo*c:hi*c], hi-lo)
		simd.Scale(m, m, 1/float32(hi-lo))
		simd.SumMomentsRows(sum, square, x[lo*c:hi*c], hi-lo, m)
	})
	parallel.Range(c, 64, func(from, to int) {
		for j := from; j < to; j++ {
			rows, average, square := 0.0, 0.0, 0.0
			for t := range count {
				k := float64(min(grain, n.rows-t*grain))
				rest := float64(sums[t*c+j]) / k // of the task's mean, lost in rounding
				delta := float64(means[t*c+j]) + rest - average
				square += float64(squares[t*c+j]) - k*rest*rest + delta*delta*rows*k/(rows+k)
				rows += k
				average += delta * k / rows
			}
			mean[j], variance[j] = float32(average), float32(square/rows)
		}
	})
}

// track queues the update of the running statistics. variance lives until the
// tape is reset.
func (n *batchNorm) track(y *autograd.Tensor, variance []float32) {
	mean := y.Retain(n.c)
	copy(mean, n.mean)
	unbiased := float32(n.rows) / float32(max(1, n.rows-1))
	running, momentum := n.running, n.spec.Momentum
	update := func() {
		simd.Lerp(running.Mean, mean, momentum)
		for j, v := range variance {
			running.Var[j] += momentum * (v*unbiased - running.Var[j])
		}
	}
	if tape := y.Tape(); tape != nil {
		tape.Defer(update)
	} else {
		update()
	}
}

// backward is in two passes: one for the sums over the batch that every
// gradient needs, one for dx.
func (n *batchNorm) backward(g *autograd.Grad) {
	c := n.c
	sum, dot := g.Scratch(c), g.Scratch(c)
	n.reduce(g, sum, dot)
	if g.Needs(1) {
		simd.Mul(g.New(1).Data(), dot, n.invStd)
	}
	if g.Needs(2) {
		copy(g.New(2).Data(), sum)
	}
	if !g.Needs(0) {
		return
	}
	// dx = gamma*invStd * (dy - mean(dy) - xhat*mean(dy*xhat)) as a*dy + b*x + d;
	// running statistics are constants.
	a, b, d := g.Scratch(c), g.Scratch(c), g.Scratch(c)
	gamma := n.gamma.Data()
	clear(b)
	clear(d)
	for j := range a {
		a[j] = gamma[j] * n.invStd[j]
		if n.spec.Train {
			b[j] = -a[j] * n.invStd[j] * n.invStd[j] * dot[j] / float32(n.rows)
			d[j] = -a[j]*sum[j]/float32(n.rows) - float32(b[j]*n.mean[j])
		}
	}
	total, prior := g.Add(0)
	dx, dy, x := total.Data(), g.Dy().Data(), n.x.Data()
	rows, size := rowGrain(c), 0
	if prior != nil {
		size = rows * c
	}
	parallel.ForScratch(ceilDiv(n.rows, rows), size, func(task int, scratch []float32) {
		lo, hi := task*rows*c, min((task+1)*rows, n.rows)*c
		out := dx[lo:hi]
		if prior != nil {
			out = scratch[:hi-lo]
		}
		if n.relu {
			simd.BNReLUBackwardRows(out, dy[lo:hi], x[lo:hi], a, b, d, n.bits[lo/32:], n.factor, (hi-lo)/c)
		} else {
			simd.BNBackwardRows(out, dy[lo:hi], x[lo:hi], a, b, d, (hi-lo)/c)
		}
		if prior != nil {
			simd.Add(dx[lo:hi], prior.Data()[lo:hi], out)
		}
	})
}

// reduce sets, for every channel, sum to the sum of dy and dot to that of
// dy*(x-mean), where dy is what ReLU and mask let through.
func (n *batchNorm) reduce(g *autograd.Grad, sum, dot []float32) {
	c, grain := n.c, rowGrain(n.c)
	dy, x := g.Dy().Data(), n.x.Data()
	count := ceilDiv(n.rows, grain)
	sums, dots := g.Scratch(count*c), g.Scratch(count*c)
	parallel.Range(n.rows, grain, func(lo, hi int) {
		at := lo / grain * c
		s, d := sums[at:at+c], dots[at:at+c]
		clear(s)
		clear(d)
		if n.relu {
			simd.MaskSumDotRows(s, d, dy[lo*c:hi*c], x[lo*c:hi*c], n.mean, n.bits[lo*c/32:], n.factor, hi-lo)
		} else {
			simd.SumDotRows(s, d, dy[lo*c:hi*c], x[lo*c:hi*c], n.mean, hi-lo)
		}
	})
	clear(sum)
	clear(dot)
	simd.SumRows(sum, sums, count)
	simd.SumRows(dot, dots, count)
}
