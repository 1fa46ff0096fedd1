package ops

import (
	"slices"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// Reshape returns x with another shape of the same number of elements. The data is shared.
// The length of one axis may be given as -1: it follows from the others.
func Reshape(x *autograd.Tensor, shape ...int) *autograd.Tensor {
	shape = slices.Clone(shape)
	if i := slices.Index(shape, -1); i >= 0 {
		rest := 1
		for j, d := range shape {
			if j != i {
				rest *= d
			}
		}
		if rest <= 0 || x.Len()%rest != 0 {
			panic(&autograd.ShapeError{Op: "ops.Reshape", Shapes: [][]int{slices.Clone(x.Shape()), shape}, Want: "the same number of elements"})
		}
		shape[i] = x.Len() / rest
	}
	return autograd.Do(autograd.Op{
		Name:     "ops.Reshape",
		Inputs:   []*autograd.Tensor{x},
		Shape:    shape,
		Alias:    true,
		Backward: func(g *autograd.Grad) { g.Share(0) },
	})
}

// Transpose reorders the axes of x: axis i of the result is axis perm[i] of x.
// Without perm it reverses them.
func Transpose(x *autograd.Tensor, perm ...int) *autograd.Tensor {
	if len(perm) == 0 {
		for i := range x.Rank() {
			perm = append(perm, x.Rank()-1-i)
		}
	}
	inverse := make([]int, x.Rank())
	shape := make([]int, len(perm))
	seen := 0
	for i, p := range perm {
		if p < 0 || p >= x.Rank() || len(perm) != x.Rank() || seen&(1<<p) != 0 {
			panic(autograd.NewShapeError("ops.Transpose", "a permutation of the axes of x", x))
		}
		seen |= 1 << p
		inverse[p] = i
		shape[i] = x.Dim(p)
	}
	return autograd.Do(autograd.Op{
		Name:     "ops.Transpose",
		Inputs:   []*autograd.Tensor{x},
		Spec:     Axes(perm),
		Shape:    shape,
		Forward:  func(y *autograd.Output) { transpose(y.Data(), x.Data(), x.Shape(), perm) },
		Backward: func(g *autograd.Grad) { transpose(g.New(0).Data(), g.Dy().Data(), shape, inverse) },
	})
}

// transpose writes x, of the given shape, with its axes in the order of perm.
func transpose(dst, x []float32, shape, perm []int) {
	if len(dst) == 0 || len(perm) == 0 {
		copy(dst, x)
		return
	}
	strides := [autograd.MaxRank]int{}
	stride := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = stride
		stride *= shape[i]
	}
	outer, last := perm[:len(perm)-1], perm[len(perm)-1]
	n, step := shape[last], strides[last]
	parallel.Range(len(dst)/n, max(1, grain/n), func(lo, hi int) {
		for row := lo; row < hi; row++ {
			from, rest := 0, row
			for i := len(outer) - 1; i >= 0; i-- {
				d := shape[outer[i]]
				from += rest % d * strides[outer[i]]
				rest /= d
			}
			out := dst[row*n : (row+1)*n]
			if step == 1 {
				copy(out, x[from:from+n])
				continue
			}
			for j := range out {
				out[j] = x[from+j*step]
			}
		}
	})
}

// blocks says how an axis cuts a tensor: into outer runs of inner elements.
func blocks(shape []int, axis int) (outer, inner int) {
	outer, inner = 1, 1
	for _, d := range shape[:axis] {
		outer *= d
	}
	for _, d := range shape[axis:] {
		inner *= d
	}
	return outer, inner
}

// copyBlocks copies outer runs of n elements between buffers in which they are
// dstStride and srcStride elements apart.
func copyBlocks(dst, src []float32, outer, n, dstStride, srcStride int) {
	parallel.Range(outer, max(1, grain/max(1, n)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			copy(dst[i*dstStride:i*dstStride+n], src[i*srcStride:i*srcStride+n])
		}
	})
}

// Concat joins tensors along an axis; their other axes are equal. A negative
// axis counts from the last.
func Concat(axis int, xs ...*autograd.Tensor) *autograd.Tensor {
	want := "at least one tensor, with equal axes except the one they are joined along"
	if len(xs) == 0 {
		panic(autograd.NewShapeError("ops.Concat", want))
	}
	xs = slices.Clone(xs) // Backward reads it, and the caller may use its slice again
	first := xs[0]
	if axis < 0 {
		axis += first.Rank()
	}
	if axis < 0 || axis >= first.Rank() {
		panic(autograd.NewShapeError("ops.Concat", "an axis of the tensors", xs...))
	}
	shape := slices.Clone(first.Shape())
	for _, x := range xs[1:] {
		if x.Rank() != first.Rank() || !slices.Equal(x.Shape()[:axis], shape[:axis]) || !slices.Equal(x.Shape()[axis+1:], shape[axis+1:]) {
			panic(autograd.NewShapeError("ops.Concat", want, xs...))
		}
		shape[axis] += x.Dim(axis)
	}
	outer, stride := blocks(shape, axis)
	return autograd.Do(autograd.Op{
		Name:   "ops.Concat",
		Inputs: xs,
		Spec:   Axes{axis},
		Shape:  shape,
		Forward: func(y *autograd.Output) {
			at := 0
			for _, x := range xs {
				_, n := blocks(x.Shape(), axis)
				copyBlocks(y.Data()[at:], x.Data(), outer, n, stride, n)
				at += n
			}
		},
		Backward: func(g *autograd.Grad) {
			at := 0
			for i, x := range xs {
				_, n := blocks(x.Shape(), axis)
				if g.Needs(i) {
					copyBlocks(g.New(i).Data(), g.Dy().Data()[at:], outer, n, n, stride)
				}
				at += n
			}
		},
	})
}

// Slice returns the part [lo, hi) of x along an axis. A negative axis counts
// from the last.
func Slice(x *autograd.Tensor, axis, lo, hi int) *autograd.Tensor {
	if axis < 0 {
		axis += x.Rank()
	}
	if axis < 0 || axis >= x.Rank() || lo < 0 || hi < lo || hi > x.Dim(axis) {
		panic(autograd.NewShapeError("ops.Slice", "a range 0 <= lo <= hi <= length of an axis", x))
	}
	shape := slices.Clone(x.Shape())
	shape[axis] = hi - lo
	outer, stride := blocks(x.Shape(), axis)
	_, n := blocks(shape, axis)
	if n == 0 {
		outer = 0
	}
	_, unit := blocks(shape, axis+1)
	at := lo * unit
	return autograd.Do(autograd.Op{
		Name:   "ops.Slice",
		Inputs: []*autograd.Tensor{x},
		Spec:   SliceArgs{axis, lo, hi},
		Shape:  shape,
		Forward: func(y *autograd.Output) {
			if outer > 0 {
				copyBlocks(y.Data(), x.Data()[at:], outer, n, n, stride)
			}
		},
		Backward: func(g *autograd.Grad) {
			// Other parts of a tensor that is cut up are not touched: their slices add
			// what is theirs.
			dx, beta := addInPlace(g, 0)
			if beta == 0 {
				clear(dx)
			}
			dy := g.Dy().Data()
			parallel.Range(outer, max(1, grain/max(1, n)), func(lo, hi int) {
				for i := lo; i < hi; i++ {
					part := dx[at+i*stride:][:n]
					simd.Add(part, part, dy[i*n:])
				}
			})
		},
	})
}
