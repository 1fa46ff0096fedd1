package ops

import (
	"autodropout/autograd"
	"autodropout/simd"
)

// Backward is in two passes: one for the sums over the batch that every
// gradient needs, one for dx. With a smooth activation the first also writes the
// gradient of what was normalised, where dx will be.
func (n *batchNorm) Backward(g *autograd.Grad) {
	p := &n.pass
	p.data, p.x, p.dx, p.prior = g.Dy().Data(), n.x.Data(), nil, nil
	if g.Needs(0) {
		dx, prior := g.Add(0)
		if p.dx = dx.Data(); prior != nil {
			p.prior = prior.Data()
		}
	}
	if n.residual != nil && g.Needs(3) {
		p.dr = g.New(3).Data()
	}
	if n.activation.smooth() {
		n.affine(g)
		if p.before = p.dx; p.dx == nil || p.prior != nil {
			p.before = g.Scratch(len(p.x))
		}
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
	if p.before != nil {
		p.data = p.before
	}
	size := 0
	if p.prior != nil {
		size = p.grain * n.c
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
	if n.activation == WithReLU {
		simd.BNReLUBackwardRows(out, p.data[lo:hi], p.x[lo:hi], p.a, p.b, p.d, n.bits[lo/32:], n.factor, rows)
	} else {
		simd.BNBackwardRows(out, p.data[lo:hi], p.x[lo:hi], p.a, p.b, p.d, rows)
	}
	if p.prior != nil {
		simd.Add(p.dx[lo:hi], p.prior[lo:hi], out)
	}
}

// reduce sets, for every channel, sum to the sum of dy and dot to that of
// dy*(x-mean), where dy is what activation and mask let through.
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
	dy, x := p.data[lo:hi], p.x[lo:hi]
	switch {
	case n.activation == WithReLU:
		simd.MaskSumDotRows(s, d, dy, x, n.mean, n.bits[lo/32:], n.factor, rows)
	case n.activation.smooth():
		before := p.before[lo:hi]
		n.beforeActivation(before, dy, x, lo, rows)
		simd.SumDotRows(s, d, before, x, n.mean, rows)
	default:
		simd.SumDotRows(s, d, dy, x, n.mean, rows)
	}
	if p.dr != nil {
		simd.MaskScale(p.dr[lo:hi], dy, n.bits[lo/32:], n.factor)
	}
}

// beforeActivation sets g to the gradient of the normalised rows that begin with element
// lo. What the smooth activation was applied to is computed again.
func (n *batchNorm) beforeActivation(g, dy, x []float32, lo, rows int) {
	p := &n.pass
	if n.activation == WithSiLU && n.mask == nil {
		simd.SiLUGradRows(g, dy, x, p.scale, p.shift, rows)
		return
	}
	n.masked(g, x, lo, rows)
	n.activation.differentiate(g, dy)
	if n.mask != nil {
		simd.MaskScale(g, g, n.bits[lo/32:], n.factor)
	}
}
