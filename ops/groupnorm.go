package ops

import (
	"math"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// GroupNorm normalises every example of x (N, ..., C) to mean 0 and variance 1 within
// groups of neighbouring channels, which divide C, with eps added to the variance,
// multiplies it by gamma (C) and adds beta (C) (Wu and He 2018). As many groups as
// channels are instance normalisation (Ulyanov et al. 2016). Gamma and beta may both be
// nil. A group of a single value becomes beta.
func GroupNorm(x, gamma, beta *autograd.Tensor, groups int, eps float32) *autograd.Tensor {
	inputs := []*autograd.Tensor{x, gamma, beta}
	fits := func(v *autograd.Tensor) bool { return v != nil && v.Rank() == 1 && v.Dim(0) == x.Dim(-1) }
	plain := gamma == nil && beta == nil
	if x.Rank() < 2 || groups < 1 || x.Dim(-1)%groups != 0 || !plain && !(fits(gamma) && fits(beta)) {
		want := "x (N, ..., C), groups that divide C, and gamma (C) and beta (C) or neither"
		if gamma != nil {
			want += channelsFirst(x, gamma.Len())
		}
		panic(autograd.NewShapeError("ops.GroupNorm", want, inputs...))
	}
	n := &groupNorm{x: x, gamma: gamma, beta: beta, n: x.Dim(0), c: x.Dim(-1), groups: groups, eps: eps}
	n.rows = x.Len() / max(1, n.n*n.c)
	op := autograd.Op{Name: "ops.GroupNorm", Inputs: inputs, Spec: GroupNormArgs{groups, eps}, Shape: x.Shape(), Saves: inputs[:2], Passes: n}
	if plain {
		op.Inputs, op.Saves = inputs[:1], inputs[:1]
	}
	return autograd.Do(op)
}

// groupNorm is one normalisation of groups, and what its forward pass keeps.
type groupNorm struct {
	x, gamma, beta *autograd.Tensor // gamma and beta may be nil
	n, rows, c     int              // rows of an example
	groups         int
	eps            float32
	mean, invStd   []float32 // of every group of every example

	// What the tasks of a pass work on, which are examples.
	src, y, dy, dx []float32 // dx is nil if it is not wanted
	scale, shift   []float32 // gamma and beta; nil where there are none
	sums           []float32 // of dgamma and dbeta, by example
}

func (n *groupNorm) Forward(y *autograd.Output) {
	n.mean, n.invStd = y.Keep(n.n*n.groups), y.Keep(n.n*n.groups)
	n.src, n.y = n.x.Data(), y.Data()
	if n.gamma != nil {
		n.scale, n.shift = n.gamma.Data(), n.beta.Data()
	}
	if len(n.y) > 0 {
		parallel.Each(n.n, 5*n.c, n, (*groupNorm).normalise)
	}
}

// normalise measures the channels of an example about their own means, which it
// combines to the statistics of groups, as a batch normalisation does.
func (n *groupNorm) normalise(example int, scratch []float32) {
	c, size := n.c, n.rows*n.c
	x, y := n.src[example*size:][:size], n.y[example*size:][:size]
	means, sums, squares, a, b := scratch[:c], scratch[c:2*c], scratch[2*c:3*c], scratch[3*c:4*c], scratch[4*c:5*c]
	clear(scratch[:3*c])
	simd.SumRows(means, x, n.rows)
	simd.Scale(means, means, 1/float32(n.rows))
	simd.SumMomentsRows(sums, squares, x, n.rows, means)
	each, rows := c/n.groups, float64(n.rows)
	for g := range n.groups {
		mean, square := 0.0, 0.0
		for j := g * each; j < (g+1)*each; j++ {
			rest := float64(sums[j]) / rows // of the channel's mean, lost in rounding
			delta, before := float64(means[j])+rest-mean, float64(j-g*each)
			square += float64(squares[j]) - rows*rest*rest + delta*delta*rows*before/(before+1)
			mean += delta / (before + 1)
		}
		at := example*n.groups + g
		n.mean[at] = float32(mean)
		n.invStd[at] = float32(1 / math.Sqrt(max(0, square)/(rows*float64(each))+float64(n.eps)))
		if n.rows*each == 1 {
			n.invStd[at] = 0 // nothing that a single value does is seen, not even what rounding leaves
		}
		for j := g * each; j < (g+1)*each; j++ {
			a[j], b[j] = n.invStd[at], 0
			if n.scale != nil {
				a[j], b[j] = n.scale[j]*n.invStd[at], n.shift[j]
			}
			b[j] -= float32(n.mean[at] * a[j])
		}
	}
	simd.ScaleShiftRows(y, x, a, b, n.rows)
}

func (n *groupNorm) Backward(g *autograd.Grad) {
	n.src, n.dy, n.dx = n.x.Data(), g.Dy().Data(), nil
	if n.gamma != nil {
		n.scale = n.gamma.Data()
	}
	if g.Needs(0) {
		n.dx = g.New(0).Data()
	}
	n.sums = g.Scratch(n.n * 2 * n.c)
	clear(n.sums)
	if len(n.dy) > 0 {
		parallel.Each(n.n, 4*n.c, n, (*groupNorm).differentiate)
	}
	if n.gamma == nil {
		return
	}
	total := g.Scratch(2 * n.c)
	clear(total)
	simd.SumRows(total, n.sums, n.n)
	for i := range 2 {
		if g.Needs(1 + i) {
			copy(g.New(1+i).Data(), total[i*n.c:])
		}
	}
}

// differentiate computes dx = invStd * (dxhat - mean(dxhat) - xhat*mean(dxhat*xhat))
// as a*dy + b*x + d, where dxhat is gamma*dy and the means are those of the group.
func (n *groupNorm) differentiate(example int, scratch []float32) {
	c, size := n.c, n.rows*n.c
	x, dy := n.src[example*size:][:size], n.dy[example*size:][:size]
	means, a, b, d := scratch[:c], scratch[c:2*c], scratch[2*c:3*c], scratch[3*c:4*c]
	dots, sums := n.sums[example*2*c:][:c], n.sums[(example*2+1)*c:][:c]
	each := c / n.groups
	for j := range means {
		means[j] = n.mean[example*n.groups+j/each]
	}
	simd.SumDotRows(sums, dots, dy, x, means, n.rows)
	for g := range n.groups {
		along, across := 0.0, 0.0
		for j := g * each; j < (g+1)*each; j++ {
			along += float64(n.gain(j)) * float64(sums[j])
			across += float64(n.gain(j)) * float64(dots[j])
		}
		inv, count := n.invStd[example*n.groups+g], float64(n.rows*each)
		for j := g * each; j < (g+1)*each; j++ {
			a[j] = n.gain(j) * inv
			b[j] = -inv * inv * inv * float32(across/count)
			d[j] = -inv*float32(along/count) - float32(b[j]*means[j])
			dots[j] *= inv // the gradient of gamma
		}
	}
	if n.dx != nil {
		simd.BNBackwardRows(n.dx[example*size:][:size], dy, x, a, b, d, n.rows)
	}
}

// gain is gamma of a channel.
func (n *groupNorm) gain(channel int) float32 {
	if n.scale == nil {
		return 1
	}
	return n.scale[channel]
}
