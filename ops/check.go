package ops

import (
	"fmt"
	"slices"

	"autodropout/autograd"
)

// This file has the checks of operands that operations share.

// sameShape panics unless a and b have the same shape.
func sameShape(op string, a, b *autograd.Tensor) {
	if !slices.Equal(a.Shape(), b.Shape()) {
		panic(autograd.NewShapeError(op, "two operands of the same shape", a, b))
	}
}

// needRows panics unless x has a last axis to work over.
func needRows(op string, x *autograd.Tensor) {
	if x.Rank() < 1 {
		panic(autograd.NewShapeError(op, "x (..., C)", x))
	}
}

// needConstant panics if a gradient would have to flow to x, as operations on
// targets have none.
func needConstant(op string, x *autograd.Tensor) {
	if x.NeedsGrad() {
		panic(autograd.NewShapeError(op, "targets that no gradient flows to: Detach gives them", x))
	}
}

// channelsFirst returns what to add to the message about images that have c
// channels where they should have rows, "" for others.
func channelsFirst(x *autograd.Tensor, c int) string {
	if x.Rank() != 4 || x.Dim(1) != c || x.Dim(3) == c {
		return ""
	}
	return "; images are channels last, and these look like channels first: ops.Transpose(x, 0, 2, 3, 1) turns them"
}

// checkIDs panics unless x is (N, C) and ids holds N values in [0, C).
func checkIDs(op string, x *autograd.Tensor, ids []int) {
	if x.Rank() != 2 || x.Dim(0) != len(ids) {
		panic(autograd.NewShapeError(op, fmt.Sprintf("(N, C) with one id for each row; there are %d ids", len(ids)), x))
	}
	checkRange(op, x, ids, x.Dim(1))
}

// checkRange panics unless every id is in [0, n).
func checkRange(op string, x *autograd.Tensor, ids []int, n int) {
	for i, id := range ids {
		checkID(op, x, i, id, n)
	}
}

// checkID panics unless id i is in [0, n).
func checkID(op string, x *autograd.Tensor, i, id, n int) {
	if id < 0 || id >= n {
		panic(autograd.NewShapeError(op, fmt.Sprintf("ids from 0 to %d, as there are %d classes or words, but id %d is %d", n-1, n, i, id), x))
	}
}
