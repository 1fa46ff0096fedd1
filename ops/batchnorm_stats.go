package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

const statChannels = 64 // of a task that combines

// moments sets the mean and the biased variance of every channel of the batch.
// Tasks measure their own rows about their own mean, so that a mean that is
// large against the deviation costs no accuracy; the results are combined in
// order (Chan, Golub and LeVeque 1979).
func (n *batchNorm) moments(y *autograd.Output, variance []float32) {
	p, size := &n.pass, n.tasks()*n.c
	p.means, p.sums, p.dots = y.Scratch(size), y.Scratch(size), y.Scratch(size)
	p.x, p.variance = n.x.Data(), variance
	n.each(0, (*batchNorm).measure)
	parallel.EachRange(n.c, statChannels, 0, n, (*batchNorm).combine)
}

// measure sets a task's means, and the sums of the distances from them and of
// their squares.
func (n *batchNorm) measure(lo, hi int, _ []float32) {
	rows, at := hi-lo, lo/n.pass.grain*n.c
	lo, hi = lo*n.c, hi*n.c
	m, sum, square, x := n.pass.means[at:at+n.c], n.pass.sums[at:at+n.c], n.pass.dots[at:at+n.c], n.pass.x[lo:hi]
	clear(m)
	clear(sum)
	clear(square)
	simd.SumRows(m, x, rows)
	simd.Scale(m, m, 1/float32(rows))
	simd.SumMomentsRows(sum, square, x, rows, m)
}

// combine sets the statistics of channels [from, to), at most statChannels. Channel after
// channel would wait for its own divisions.
func (n *batchNorm) combine(from, to int, _ []float32) {
	var average, square [statChannels]float64
	p, rows := &n.pass, 0.0
	for t := range n.tasks() {
		k := float64(min(p.grain, n.rows-t*p.grain))
		before := rows
		rows += k
		lo, hi := t*n.c+from, t*n.c+to
		means, sums, dots := p.means[lo:hi], p.sums[lo:hi], p.dots[lo:hi]
		for j := range min(len(means), statChannels) {
			rest := float64(sums[j]) / k // of the task's mean, lost in rounding
			delta := float64(means[j]) + rest - average[j]
			square[j] += float64(dots[j]) - k*rest*rest + delta*delta*before*k/rows
			average[j] += delta * k / rows
		}
	}
	for j := range to - from {
		n.mean[from+j], p.variance[from+j] = float32(average[j]), float32(square[j]/max(rows, 1))
	}
}

// track queues the update of the running statistics. variance lives until the
// tape is reset.
func (n *batchNorm) track(y *autograd.Output, variance []float32) {
	if n.rows == 0 {
		return
	}
	mean := y.Retain(n.c)
	copy(mean, n.mean)
	unbiased := float32(n.rows) / float32(n.rows-1)
	running, momentum := n.Running, n.Spec.Momentum
	y.Defer(func() {
		simd.Lerp(running.Mean, mean, momentum)
		for j, v := range variance {
			running.Var[j] += momentum * (v*unbiased - running.Var[j])
		}
	})
}
