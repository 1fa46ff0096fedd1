package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// This file has what operations share: how work is cut, and how sums are made of
// parts.

// tasks is the number of pieces that heavy operations are cut into where their
// size allows it, so that many cores have something to do.
const tasks = 128

// grain is the constant number of elements that one task of an elementwise
// operation handles. It is a multiple of 32, so that tasks own whole words of a
// bit mask.
const grain = 1 << 14

// ceilDiv returns a/b rounded up.
func ceilDiv(a, b int) int { return (a + b - 1) / b }

// rowGrain is the number of rows of c elements that one task handles: about
// grain elements, and a multiple of 32 so that tasks own whole words of a mask.
func rowGrain(c int) int { return max(32, grain/max(1, c)&^31) }

// eachRow calls body for every row of c elements of a buffer of n elements.
func eachRow(n, c int, body func(row, lo, hi int)) {
	if n == 0 {
		return
	}
	parallel.Range(n/c, max(1, grain/c), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			body(r, r*c, (r+1)*c)
		}
	})
}

// A scratcher lends memory until an operation is done.
type scratcher interface{ Scratch(n int) []float32 }

// A former also makes forms of parameters, which a [autograd.Frozen] keeps.
type former interface {
	scratcher
	Keeps(x []float32) bool
	Form(x []float32, kind autograd.Form, n int, fill func(form []float32)) []float32
}

// addParts sets dst to the sum of the parts, in order, that partial holds one
// after the other.
func addParts(dst, partial []float32, parts int) {
	n := len(dst)
	parallel.Range(n, max(grain/parts, 512), func(lo, hi int) {
		copy(dst[lo:hi], partial[lo:hi])
		for p := 1; p < parts; p++ {
			simd.Add(dst[lo:hi], dst[lo:hi], partial[p*n+lo:p*n+hi])
		}
	})
}

// sumRows sets dst to the sum over the rows of x.
func sumRows(memory scratcher, dst, x []float32) {
	sumAxis(memory, dst, x, 1, len(x)/max(1, len(dst)), len(dst))
}

// productSaves appends to saves what the gradient of a product reads: a factor,
// when the other one needs a gradient.
func productSaves(saves []*autograd.Tensor, a, b *autograd.Tensor) []*autograd.Tensor {
	if a.NeedsGrad() {
		saves = append(saves, b)
	}
	if b.NeedsGrad() {
		saves = append(saves, a)
	}
	return saves
}

// addInPlace returns where a product is to write the gradient of input i, and what
// it multiplies by what is there: 1 where another use has left its gradient.
func addInPlace(g *autograd.Grad, i int) (dx []float32, beta float32) {
	sum, prior := g.Add(i)
	if prior == nil {
		return sum.Data(), 0
	}
	if prior != sum {
		copy(sum.Data(), prior.Data())
	}
	return sum.Data(), 1
}
