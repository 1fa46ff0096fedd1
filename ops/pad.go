package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// Pad surrounds x with a value: sides has the number of places before and behind
// it along every axis, from the first on; axes that it does not reach stay as they
// are.
func Pad(x *autograd.Tensor, value float32, sides ...[2]int) *autograd.Tensor {
	ok := len(sides) <= x.Rank()
	shape := make([]int, x.Rank())
	for i := range shape {
		if shape[i] = x.Dim(i); i < len(sides) {
			ok = ok && sides[i][0] >= 0 && sides[i][1] >= 0
			shape[i] += sides[i][0] + sides[i][1]
		}
	}
	if !ok {
		panic(autograd.NewShapeError("ops.Pad", "numbers of at least 0 before and behind, for no more axes than x has", x))
	}
	n := 1 // elements of a row
	if x.Rank() > 0 {
		n = x.Dim(-1)
	}
	// rows calls body with the places of every row of x in x and in the result.
	rows := func(body func(from, to int)) {
		if x.Len() == 0 {
			return
		}
		parallel.Range(x.Len()/n, max(1, grain/n), func(lo, hi int) {
			for row := lo; row < hi; row++ {
				to, stride, rest := 0, 1, row*n
				for i := len(shape) - 1; i >= 0; i-- {
					place := rest % x.Dim(i)
					rest /= x.Dim(i)
					if i < len(sides) {
						place += sides[i][0]
					}
					to += place * stride
					stride *= shape[i]
				}
				body(row*n, to)
			}
		})
	}
	return autograd.Do(autograd.Op{
		Name:   "ops.Pad",
		Inputs: []*autograd.Tensor{x},
		Spec:   PadArgs{value, sides},
		Shape:  shape,
		Forward: func(y *autograd.Output) {
			dst, src := y.Data(), x.Data()
			simd.Fill(dst, value)
			rows(func(from, to int) { copy(dst[to:to+n], src[from:from+n]) })
		},
		Backward: func(g *autograd.Grad) {
			dx, dy := g.New(0).Data(), g.Dy().Data()
			rows(func(from, to int) { copy(dx[from:from+n], dy[to:to+n]) })
		},
	})
}
