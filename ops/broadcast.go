package ops

import (
	"fmt"
	"slices"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// mostOperands is how many operands an operation on elements has at most.
const mostOperands = 3

// A broadcast says how operands of several shapes meet, by the rules of NumPy and
// PyTorch: shapes are aligned at their last axes, and where an operand has length
// 1, or no axis, its elements count for all places. Neighbouring axes along which
// every operand moves on alike, or stands still, are one axis here.
type broadcast struct {
	shape []int // of the result
	axes  []broadcastAxis
}

// A broadcastAxis is one axis of a broadcast.
type broadcastAxis struct {
	length int
	step   [mostOperands]int // of each operand, in elements; 0: it stands still
}

// newBroadcast returns how the shapes meet. It panics if they do not.
func newBroadcast(op string, shapes ...[]int) *broadcast {
	rank := 0
	for _, shape := range shapes {
		rank = max(rank, len(shape))
	}
	b := &broadcast{shape: make([]int, rank)}
	stride := [mostOperands]int{1, 1, 1}
	for i := rank - 1; i >= 0; i-- {
		axis := broadcastAxis{length: 1}
		for _, shape := range shapes {
			if d := alignedDim(shape, rank, i); d != 1 {
				if axis.length != 1 && axis.length != d {
					panic(&autograd.ShapeError{Op: op, Shapes: slices.Clone(shapes),
						Want: fmt.Sprintf("shapes whose axes, aligned at the last, are equal or 1, not %d and %d", axis.length, d)})
				}
				axis.length = d
			}
		}
		for k, shape := range shapes {
			if d := alignedDim(shape, rank, i); d == axis.length {
				axis.step[k] = stride[k]
				stride[k] *= d
			}
		}
		b.shape[i] = axis.length
		if axis.length != 1 {
			b.add(axis)
		}
	}
	if len(b.axes) == 0 {
		b.axes = append(b.axes, broadcastAxis{length: 1, step: [mostOperands]int{1, 1, 1}})
	}
	return b
}

// alignedDim returns the length of axis i of a shape that is seen as one of rank
// axes.
func alignedDim(shape []int, rank, i int) int {
	if i -= rank - len(shape); i >= 0 {
		return shape[i]
	}
	return 1
}

// add adds an axis outside of the others, or makes the outermost one longer. The
// last axis of axes is the outermost.
func (b *broadcast) add(axis broadcastAxis) {
	if last := len(b.axes) - 1; last >= 0 {
		inner, together := &b.axes[last], true
		for k, step := range axis.step {
			together = together && step == inner.step[k]*inner.length
		}
		if together {
			inner.length *= axis.length
			return
		}
	}
	b.axes = append(b.axes, axis)
}

// whole reports whether operand k has the shape of the result, but for axes of
// length 1.
func (b *broadcast) whole(k int) bool {
	for _, axis := range b.axes {
		if axis.step[k] == 0 && axis.length != 1 {
			return false
		}
	}
	return true
}

// A piece is a part of the result that lies side by side in memory, and so do, or
// stand still, the operands.
type piece struct {
	lo, hi int               // elements of the result
	from   [mostOperands]int // the first element of each operand
	still  [mostOperands]bool
}

// of returns the elements of operand k, which are written to scratch if it stands
// still.
func (p *piece) of(k int, x, scratch []float32) []float32 {
	n := p.hi - p.lo
	if !p.still[k] {
		return x[p.from[k]:][:n]
	}
	simd.Fill(scratch[:n], x[p.from[k]])
	return scratch[:n]
}

// each calls body for pieces that make up the result, on all cores, with memory
// for so many buffers as long as a piece.
func (b *broadcast) each(buffers int, body func(p *piece, scratch []float32)) {
	row := b.axes[0]
	rows := 1
	for _, axis := range b.axes[1:] {
		rows *= axis.length
	}
	length := min(row.length, grain)
	if rows*length == 0 {
		return
	}
	parts := ceilDiv(row.length, length)
	parallel.EachRange(rows*parts, max(1, grain/length), buffers*length, b, func(b *broadcast, lo, hi int, scratch []float32) {
		for i := lo; i < hi; i++ {
			rest, first := i/parts, i%parts*length
			p := piece{lo: i/parts*row.length + first, hi: i/parts*row.length + min(first+length, row.length)}
			for k, step := range row.step {
				p.from[k], p.still[k] = first*step, step == 0
			}
			for _, axis := range b.axes[1:] {
				for k, step := range axis.step {
					p.from[k] += rest % axis.length * step
				}
				rest /= axis.length
			}
			body(&p, scratch)
		}
	})
}

// pairs returns which elements of two operands each of the result is of.
func (b *broadcast) pairs() [][2]int {
	n := 1
	for _, d := range b.shape {
		n *= d
	}
	pairs := make([][2]int, n)
	b.each(0, func(p *piece, _ []float32) {
		for i := p.lo; i < p.hi; i++ {
			for k := range pairs[i] {
				pairs[i][k] = p.from[k]
				if !p.still[k] {
					pairs[i][k] += i - p.lo
				}
			}
		}
	})
	return pairs
}

// sumTo sets dst to the sums of x, of the shape of the result, over the places
// that operand k counts for.
func (b *broadcast) sumTo(memory scratcher, k int, dst, x []float32) {
	reduceAxes(memory, dst, x, b.summed(k), sumAxis)
}

// summed returns the axes, outermost first, and which of them operand k stands
// still along.
func (b *broadcast) summed(k int) []reducedAxis {
	var axes []reducedAxis
	for i := len(b.axes) - 1; i >= 0; i-- {
		axes = append(axes, reducedAxis{b.axes[i].length, b.axes[i].step[k] == 0})
	}
	return axes
}

// elementwise runs an operation on elements of operands that are broadcast.
// forward sets a piece of the result. grads[k] sets dx to the gradient of operand
// k, as if it were not broadcast; operands that are not saved are nil then.
func elementwise(name string, saves, operands []*autograd.Tensor, spec any, forward func(y []float32, in [mostOperands][]float32),
	grads []func(dx, dy []float32, in [mostOperands][]float32)) *autograd.Tensor {
	shapes := make([][]int, len(operands))
	for k, x := range operands {
		shapes[k] = x.Shape()
	}
	b := newBroadcast(name, shapes...)
	each := func(read []*autograd.Tensor, body func(p *piece, in [mostOperands][]float32)) {
		var data [mostOperands][]float32
		for k, x := range operands {
			if slices.Contains(read, x) {
				data[k] = x.Data()
			}
		}
		b.each(len(operands), func(p *piece, scratch []float32) {
			n := p.hi - p.lo
			var in [mostOperands][]float32
			for k := range operands {
				if data[k] != nil {
					in[k] = p.of(k, data[k], scratch[k*n:])
				}
			}
			body(p, in)
		})
	}
	return autograd.Do(autograd.Op{
		Name:   name,
		Inputs: operands[:len(grads)],
		Spec:   spec,
		Shape:  b.shape,
		Saves:  saves,
		Forward: func(y *autograd.Output) {
			dst := y.Data()
			each(operands, func(p *piece, in [mostOperands][]float32) { forward(dst[p.lo:p.hi], in) })
		},
		Backward: func(g *autograd.Grad) {
			dy := g.Dy().Data()
			for k, grad := range grads {
				if !g.Needs(k) {
					continue
				}
				dx := g.New(k).Data()
				full := dx
				if !b.whole(k) {
					full = g.Scratch(len(dy))
				}
				each(saves, func(p *piece, in [mostOperands][]float32) { grad(full[p.lo:p.hi], dy[p.lo:p.hi], in) })
				if !b.whole(k) {
					b.sumTo(g, k, dx, full)
				}
			}
		},
	})
}
