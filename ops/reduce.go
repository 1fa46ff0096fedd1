package ops

import (
	"fmt"
	"math"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// Sum returns the sums of x over some axes, which are gone afterwards; negative
// ones count from the last. Without axes it is the sum of all elements, a scalar.
func Sum(x *autograd.Tensor, axes ...int) *autograd.Tensor {
	return newReduction("ops.Sum", x, axes).sum("ops.Sum", false)
}

// Mean returns the means of x over some axes, as [Sum] does the sums; NaN where
// there are no elements.
func Mean(x *autograd.Tensor, axes ...int) *autograd.Tensor {
	return newReduction("ops.Mean", x, axes).sum("ops.Mean", true)
}

// Max returns the largest elements of x over some axes, as [Sum] does the sums.
// Where several are the largest, the gradient is divided among them. NaN is larger
// than any number.
func Max(x *autograd.Tensor, axes ...int) *autograd.Tensor {
	r := newReduction("ops.Max", x, axes)
	if r.count == 0 {
		panic(autograd.NewShapeError("ops.Max", "at least one element to choose from", x))
	}
	var y []float32
	return autograd.Do(autograd.Op{
		Name: "ops.Max", Inputs: []*autograd.Tensor{x}, Spec: r.gone, Shape: r.shape, Saves: []*autograd.Tensor{x}, SavesOutput: true,
		Forward: func(out *autograd.Output) {
			y = out.Data()
			reduceAxes(out, y, x.Data(), r.axes(), maxAxis)
		},
		Backward: func(g *autograd.Grad) {
			dx, share, src := g.New(0).Data(), g.Scratch(len(y)), x.Data()
			r.each(y, func(lo, hi int, y []float32) {
				for i, v := range src[lo:hi] {
					dx[lo+i] = 0
					if v == y[i] {
						dx[lo+i] = 1
					}
				}
			})
			reduceAxes(g, share, dx, r.axes(), sumAxis) // how many are the largest
			for i, d := range g.Dy().Data() {
				share[i] = d / share[i]
			}
			r.each(share, func(lo, hi int, share []float32) { simd.Mul(dx[lo:hi], dx[lo:hi], share) })
		},
	})
}

// ArgMax returns where along an axis the largest elements of x are: one index for each
// element of [Max] over that axis, in row-major order. Of equal elements it takes the
// first.
func ArgMax(x *autograd.Tensor, axis int) []int {
	if axis < 0 {
		axis += x.Rank()
	}
	if axis < 0 || axis >= x.Rank() || x.Dim(axis) == 0 {
		panic(autograd.NewShapeError("ops.ArgMax", "an axis of x that is not empty", x))
	}
	outer, inner := blocks(x.Shape(), axis)
	n := x.Dim(axis)
	inner /= n
	best, data := make([]int, outer*inner), x.Data()
	parallel.Range(len(best), rowGrain(n), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			from := data[i/inner*n*inner+i%inner:]
			for k := range n {
				if v, most := from[k*inner], from[best[i]*inner]; v > most || v != v && most == most {
					best[i] = k
				}
			}
		}
	})
	return best
}

// An axesReduction does away with axes of x.
type axesReduction struct {
	x     *autograd.Tensor
	shape []int // of the result
	gone  Axes
	count int // elements of x for one of the result
	meet  *broadcast
}

// newReduction reduces all axes if none is given.
func newReduction(op string, x *autograd.Tensor, axes []int) *axesReduction {
	r := &axesReduction{x: x, count: 1}
	gone := make([]bool, x.Rank())
	for i := range gone {
		gone[i] = len(axes) == 0
	}
	for _, axis := range axes {
		if axis < 0 {
			axis += x.Rank()
		}
		if axis < 0 || axis >= x.Rank() || gone[axis] {
			panic(autograd.NewShapeError(op, fmt.Sprintf("different axes of x, not %v", axes), x))
		}
		gone[axis] = true
	}
	ones := make([]int, x.Rank())
	for i, d := range x.Shape() {
		if gone[i] {
			r.gone = append(r.gone, i)
			r.count *= d
			ones[i] = 1
		} else {
			r.shape = append(r.shape, d)
			ones[i] = d
		}
	}
	r.meet = newBroadcast(op, x.Shape(), ones)
	return r
}

// axes returns those of x, some of which may be one.
func (r *axesReduction) axes() []reducedAxis { return r.meet.summed(1) }

// each calls body for pieces [lo, hi) of x, with the elements of y, of the shape
// of the result, that they belong to.
func (r *axesReduction) each(y []float32, body func(lo, hi int, y []float32)) {
	r.meet.each(1, func(p *piece, scratch []float32) { body(p.lo, p.hi, p.of(1, y, scratch)) })
}

// sum returns the sums or the means.
func (r *axesReduction) sum(name string, mean bool) *autograd.Tensor {
	factor := float32(1)
	if mean {
		factor /= float32(r.count)
	}
	return autograd.Do(autograd.Op{
		Name: name, Inputs: []*autograd.Tensor{r.x}, Spec: r.gone, Shape: r.shape,
		Forward: func(y *autograd.Output) {
			reduceAxes(y, y.Data(), r.x.Data(), r.axes(), sumAxis)
			if mean {
				simd.Scale(y.Data(), y.Data(), factor)
			}
		},
		Backward: func(g *autograd.Grad) {
			dx := g.New(0).Data()
			r.each(g.Dy().Data(), func(lo, hi int, dy []float32) { simd.Scale(dx[lo:hi], dy, factor) })
		},
	})
}

// A reducedAxis is an axis of a tensor that is done away with or stays.
type reducedAxis struct {
	length  int
	reduced bool
}

// reduceAxes sets dst to what is left of x, whose axes these are, when step has
// done away with one after the other: with the axis of n in (outer, n, inner).
func reduceAxes(memory scratcher, dst, x []float32, axes []reducedAxis, step func(memory scratcher, dst, x []float32, outer, n, inner int)) {
	var all []reducedAxis // in which neighbours differ
	for _, axis := range axes {
		if last := len(all) - 1; last >= 0 && all[last].reduced == axis.reduced {
			all[last].length *= axis.length
		} else {
			all = append(all, axis)
		}
	}
	left := 0
	for _, axis := range all {
		if axis.reduced {
			left++
		}
	}
	if left == 0 {
		copy(dst, x)
		return
	}
	inner := 1
	for i := len(all) - 1; i >= 0; i-- {
		n := all[i].length
		if !all[i].reduced {
			inner *= n
			continue
		}
		outer := 1
		for _, axis := range all[:i] {
			outer *= axis.length
		}
		to := dst
		if left--; left > 0 {
			to = memory.Scratch(outer * inner)
		}
		step(memory, to, x, outer, n, inner)
		x = to
	}
}

// sumAxis sets dst (outer, inner) to the sums of x (outer, n, inner) over n. Tasks
// add up their own parts; their sums are added in order.
func sumAxis(memory scratcher, dst, x []float32, outer, n, inner int) {
	if inner >= grain && n > 0 {
		sumPlanes(dst, x, outer, n, inner)
		return
	}
	length := rowGrain(inner) // of a part
	if inner == 1 {
		length = grain
	}
	parts := max(1, ceilDiv(n, length))
	partial := dst
	if parts > 1 {
		partial = memory.Scratch(outer * parts * inner)
	}
	each := max(1, grain/max(1, min(n, length)*inner)) // parts of a task
	parallel.Range(outer*parts, each, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			first := i % parts * length
			rows := min(length, n-first)
			sumPart(partial[i*inner:][:inner], x[(i/parts*n+first)*inner:][:rows*inner], rows)
		}
	})
	if parts > 1 {
		for i := range outer {
			sumPart(dst[i*inner:][:inner], partial[i*parts*inner:][:parts*inner], parts)
		}
	}
}

// sumPlanes is sumAxis where what is added up is long.
func sumPlanes(dst, x []float32, outer, n, inner int) {
	for i := range outer {
		to, from := dst[i*inner:][:inner], x[i*n*inner:][:n*inner]
		parallel.Range(inner, grain, func(lo, hi int) {
			copy(to[lo:hi], from[lo:hi])
			for at := inner; at < len(from); at += inner {
				simd.Add(to[lo:hi], to[lo:hi], from[at+lo:at+hi])
			}
		})
	}
}

// sumPart sets dst to the sum of rows.
func sumPart(dst, x []float32, rows int) {
	if len(dst) == 1 {
		dst[0] = simd.Sum(x)
		return
	}
	clear(dst)
	simd.SumRows(dst, x, rows)
}

// maxAxis sets dst (outer, inner) to the largest elements of x (outer, n, inner)
// over n, which is not 0.
func maxAxis(_ scratcher, dst, x []float32, outer, n, inner int) {
	each := max(1, grain/max(1, n*inner))
	parallel.Range(outer, each, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			rows, most := x[i*n*inner:][:n*inner], dst[i*inner:][:inner]
			if inner == 1 {
				largest := float32(math.Inf(-1))
				for _, v := range rows {
					largest = max(largest, v)
				}
				most[0] = largest
				continue
			}
			copy(most, rows)
			for at := inner; at < len(rows); at += inner {
				simd.Max(most, most, rows[at:at+inner])
			}
		}
	})
}
