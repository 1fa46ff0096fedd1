package ops

import (
	"fmt"
	"slices"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// Gather returns elements of x that lie at given places along an axis: with the
// axis 1 of three, y[i][j][k] = x[i][ids[i][j][k]][k]. ids has as many elements
// along the other axes as x and any number along this one, in row-major order. A
// negative axis counts from the last.
func Gather(x *autograd.Tensor, axis int, ids []int) *autograd.Tensor {
	if axis < 0 {
		axis += x.Rank()
	}
	if axis < 0 || axis >= x.Rank() || x.Len() == 0 || len(ids)%(x.Len()/x.Dim(axis)) != 0 {
		panic(autograd.NewShapeError("ops.Gather", fmt.Sprintf("an axis of x, and ids that have its other axes; there are %d ids", len(ids)), x))
	}
	n := x.Dim(axis)
	checkRange("ops.Gather", x, ids, n)
	outer, inner := blocks(x.Shape(), axis)
	inner /= n
	shape := slices.Clone(x.Shape())
	shape[axis] = len(ids) / (outer * inner)
	rows := shape[axis]
	return autograd.Do(autograd.Op{
		Name:   "ops.Gather",
		Inputs: []*autograd.Tensor{x},
		Spec:   GatherArgs{axis, ids},
		Shape:  shape,
		Forward: func(y *autograd.Output) {
			dst, src := y.Data(), x.Data()
			parallel.Range(len(dst), grain, func(lo, hi int) {
				for i := lo; i < hi; i++ {
					dst[i] = src[(i/inner/rows*n+ids[i])*inner+i%inner]
				}
			})
		},
		Backward: func(g *autograd.Grad) {
			dx, dy := g.New(0).Data(), g.Dy().Data()
			clear(dx)
			parallel.Range(outer, max(1, grain/max(1, rows*inner)), func(lo, hi int) {
				for i := lo * rows * inner; i < hi*rows*inner; i++ {
					dx[(i/inner/rows*n+ids[i])*inner+i%inner] += dy[i]
				}
			})
		},
	})
}

// Select returns the parts of x at given places along an axis: with the axis 1 of
// three, y[i][j][k] = x[i][ids[j]][k]. A place may come several times. A negative axis
// counts from the last.
func Select(x *autograd.Tensor, axis int, ids []int) *autograd.Tensor {
	if axis < 0 {
		axis += x.Rank()
	}
	if axis < 0 || axis >= x.Rank() || x.Dim(axis) == 0 {
		panic(autograd.NewShapeError("ops.Select", "an axis of x, which is not empty", x))
	}
	n := x.Dim(axis)
	checkRange("ops.Select", x, ids, n)
	outer, inner := blocks(x.Shape(), axis)
	inner /= n
	shape := slices.Clone(x.Shape())
	shape[axis] = len(ids)
	each := func(body func(from, to int)) {
		parallel.Range(outer, max(1, grain/max(1, len(ids)*inner)), func(lo, hi int) {
			for i := lo; i < hi; i++ {
				for j, id := range ids {
					body((i*n+id)*inner, (i*len(ids)+j)*inner)
				}
			}
		})
	}
	return autograd.Do(autograd.Op{
		Name:   "ops.Select",
		Inputs: []*autograd.Tensor{x},
		Spec:   GatherArgs{axis, ids},
		Shape:  shape,
		Forward: func(y *autograd.Output) {
			dst, src := y.Data(), x.Data()
			each(func(from, to int) { copy(dst[to:to+inner], src[from:from+inner]) })
		},
		Backward: func(g *autograd.Grad) {
			dx, dy := g.New(0).Data(), g.Dy().Data()
			clear(dx)
			each(func(from, to int) { simd.Add(dx[from:from+inner], dx[from:from+inner], dy[to:to+inner]) })
		},
	})
}

// Pick returns one element of every row of x (N, C): y[i] = x[i, ids[i]].
func Pick(x *autograd.Tensor, ids []int) *autograd.Tensor {
	checkIDs("ops.Pick", x, ids)
	c := x.Dim(1)
	return autograd.Do(autograd.Op{
		Name:   "ops.Pick",
		Inputs: []*autograd.Tensor{x},
		Shape:  []int{len(ids)},
		Forward: func(y *autograd.Output) {
			dst, src := y.Data(), x.Data()
			for i, id := range ids {
				dst[i] = src[i*c+id]
			}
		},
		Backward: func(g *autograd.Grad) {
			dx, dy := g.New(0).Data(), g.Dy().Data()
			clear(dx)
			for i, id := range ids {
				dx[i*c+id] = dy[i]
			}
		},
	})
}
