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
		if id < 0 || id >= n {
			panic(autograd.NewShapeError(op, fmt.Sprintf("ids in [0, %d); id %d is %d", n, i, id), x))
		}
	}
}
