package ops

import (
	"slices"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// binary runs an operation on corresponding elements of two tensors, which may be
// broadcast. grads holds the derivatives: grads[i] sets dx to the gradient of
// operand i.
func binary(name string, a, b *autograd.Tensor, saves []*autograd.Tensor,
	forward func(y, a, b []float32), grads [2]func(dx, dy, a, b []float32)) *autograd.Tensor {
	apart := make([]func(dx, dy []float32, in [mostOperands][]float32), 2)
	for i, grad := range grads {
		apart[i] = func(dx, dy []float32, in [mostOperands][]float32) { grad(dx, dy, in[0], in[1]) }
	}
	return elementwise(name, saves, []*autograd.Tensor{a, b}, nil, func(y []float32, in [mostOperands][]float32) { forward(y, in[0], in[1]) }, apart)
}

// through is the gradient of a term of a sum.
func through(dx, dy, _, _ []float32) { copy(dx, dy) }

// Add returns a + b. As for all operations on two tensors, the shapes may differ:
// they are aligned at their last axes, and an axis of length 1, or one that is
// missing, counts for all places, as in NumPy and PyTorch.
func Add(a, b *autograd.Tensor) *autograd.Tensor {
	if !slices.Equal(a.Shape(), b.Shape()) {
		return binary("ops.Add", a, b, nil, simd.Add, [2]func(dx, dy, a, b []float32){through, through})
	}
	s := &addition{inputs: [...]*autograd.Tensor{a, b}}
	return autograd.Do(autograd.Op{Name: "ops.Add", Inputs: s.inputs[:], Shape: a.Shape(), Passes: s})
}

// addition is one sum of its inputs.
type addition struct {
	inputs    [2]*autograd.Tensor
	dst, a, b []float32
}

func (s *addition) Forward(y *autograd.Output) {
	s.dst, s.a, s.b = y.Data(), s.inputs[0].Data(), s.inputs[1].Data()
	parallel.EachRange(len(s.dst), grain, 0, s, (*addition).part)
}

func (s *addition) part(lo, hi int, _ []float32) {
	simd.Add(s.dst[lo:hi], s.a[lo:hi], s.b[lo:hi])
}

func (s *addition) Backward(g *autograd.Grad) {
	for i := range s.inputs {
		if g.Needs(i) {
			g.Share(i)
		}
	}
}

// Sub returns a - b, broadcast as by [Add].
func Sub(a, b *autograd.Tensor) *autograd.Tensor {
	return binary("ops.Sub", a, b, nil, simd.Sub, [2]func(dx, dy, a, b []float32){
		through,
		func(dx, dy, _, _ []float32) { simd.Scale(dx, dy, -1) },
	})
}

// Mul returns the product of corresponding elements of a and b, broadcast as by
// [Add].
func Mul(a, b *autograd.Tensor) *autograd.Tensor {
	return binary("ops.Mul", a, b, []*autograd.Tensor{a, b}, simd.Mul, [2]func(dx, dy, a, b []float32){
		func(dx, dy, _, b []float32) { simd.Mul(dx, dy, b) },
		func(dx, dy, a, _ []float32) { simd.Mul(dx, dy, a) },
	})
}

// Div returns the quotient of corresponding elements of a and b, broadcast as by
// [Add].
func Div(a, b *autograd.Tensor) *autograd.Tensor {
	return binary("ops.Div", a, b, []*autograd.Tensor{a, b},
		func(y, a, b []float32) {
			for i, v := range a {
				y[i] = v / b[i]
			}
		},
		[2]func(dx, dy, a, b []float32){
			func(dx, dy, _, b []float32) {
				for i, v := range b {
					dx[i] = dy[i] / v
				}
			},
			func(dx, dy, a, b []float32) {
				for i, v := range b {
					dx[i] = -dy[i] * (a[i] / v) / v
				}
			},
		})
}

// Maximum returns the larger of corresponding elements of a and b, broadcast as by
// [Add]. Where they are equal each gets half of the gradient.
func Maximum(a, b *autograd.Tensor) *autograd.Tensor {
	return binary("ops.Maximum", a, b, []*autograd.Tensor{a, b}, simd.Max, [2]func(dx, dy, a, b []float32){
		func(dx, dy, a, b []float32) { gradOfLarger(dx, dy, a, b) },
		func(dx, dy, a, b []float32) { gradOfLarger(dx, dy, b, a) },
	})
}

// Minimum returns the smaller of corresponding elements of a and b, broadcast as by
// [Add]. Where they are equal each gets half of the gradient.
func Minimum(a, b *autograd.Tensor) *autograd.Tensor {
	return binary("ops.Minimum", a, b, []*autograd.Tensor{a, b}, simd.Min, [2]func(dx, dy, a, b []float32){
		func(dx, dy, a, b []float32) { gradOfLarger(dx, dy, b, a) },
		func(dx, dy, a, b []float32) { gradOfLarger(dx, dy, a, b) },
	})
}

// gradOfLarger sets dx to dy where p > q, to half of it where they are equal,
// and to 0 where p < q. NaN in either lets dy through.
func gradOfLarger(dx, dy, p, q []float32) {
	for i, d := range dy {
		switch {
		case p[i] < q[i]:
			dx[i] = 0
		case p[i] == q[i]:
			dx[i] = d / 2
		default:
			dx[i] = d
		}
	}
}

// Where returns the elements of a where those of the condition are not 0, and of b
// elsewhere. All three are broadcast as by [Add]; no gradient flows to the
// condition.
func Where(condition, a, b *autograd.Tensor) *autograd.Tensor {
	choose := func(dst, condition, yes, no []float32) {
		for i, c := range condition {
			if c != 0 {
				dst[i] = yes[i]
			} else {
				dst[i] = no[i]
			}
		}
	}
	return elementwise("ops.Where", []*autograd.Tensor{condition}, []*autograd.Tensor{a, b, condition}, condition,
		func(y []float32, in [mostOperands][]float32) { choose(y, in[2], in[0], in[1]) },
		[]func(dx, dy []float32, in [mostOperands][]float32){
			func(dx, dy []float32, in [mostOperands][]float32) {
				clear(dx)
				choose(dx, in[2], dy, dx)
			},
			func(dx, dy []float32, in [mostOperands][]float32) {
				clear(dx)
				choose(dx, in[2], dx, dy)
			},
		})
}
