package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// binary runs an operation on corresponding elements of two tensors. grads
// holds the derivatives: grads[i] sets dx to the gradient of operand i.
func binary(name string, a, b *autograd.Tensor, saves []*autograd.Tensor,
	forward func(y, a, b []float32), grads [2]func(dx, dy, a, b []float32)) *autograd.Tensor {
	sameShape(name, a, b)
	return autograd.Do(autograd.Op{
		Name:   name,
		Inputs: []*autograd.Tensor{a, b},
		Shape:  a.Shape(),
		Saves:  saves,
		Forward: func(y *autograd.Output) {
			dst, a, b := y.Data(), a.Data(), b.Data()
			parallel.Range(len(dst), grain, func(lo, hi int) { forward(dst[lo:hi], a[lo:hi], b[lo:hi]) })
		},
		Backward: func(g *autograd.Grad) {
			dy, a, b := g.Dy().Data(), a.Data(), b.Data()
			for i, grad := range grads {
				if g.Needs(i) {
					dx := g.New(i).Data()
					parallel.Range(len(dx), grain, func(lo, hi int) { grad(dx[lo:hi], dy[lo:hi], a[lo:hi], b[lo:hi]) })
				}
			}
		},
	})
}

// Add returns a + b for operands of the same shape.
func Add(a, b *autograd.Tensor) *autograd.Tensor {
	sameShape("ops.Add", a, b)
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

// Sub returns a - b for operands of the same shape.
func Sub(a, b *autograd.Tensor) *autograd.Tensor {
	sameShape("ops.Sub", a, b)
	return autograd.Do(autograd.Op{
		Name:   "ops.Sub",
		Inputs: []*autograd.Tensor{a, b},
		Shape:  a.Shape(),
		Forward: func(y *autograd.Output) {
			dst, a, b := y.Data(), a.Data(), b.Data()
			parallel.Range(len(dst), grain, func(lo, hi int) { simd.Sub(dst[lo:hi], a[lo:hi], b[lo:hi]) })
		},
		Backward: func(g *autograd.Grad) {
			if g.Needs(0) {
				g.Share(0)
			}
			if g.Needs(1) {
				db, dy := g.New(1).Data(), g.Dy().Data()
				parallel.Range(len(db), grain, func(lo, hi int) { simd.Scale(db[lo:hi], dy[lo:hi], -1) })
			}
		},
	})
}

// Mul returns the product of corresponding elements of a and b, which have the
// same shape.
func Mul(a, b *autograd.Tensor) *autograd.Tensor {
	return binary("ops.Mul", a, b, []*autograd.Tensor{a, b}, simd.Mul, [2]func(dx, dy, a, b []float32){
		func(dx, dy, _, b []float32) { simd.Mul(dx, dy, b) },
		func(dx, dy, a, _ []float32) { simd.Mul(dx, dy, a) },
	})
}

// Maximum returns the larger of corresponding elements of a and b, which have
// the same shape. Where they are equal each gets half of the gradient.
func Maximum(a, b *autograd.Tensor) *autograd.Tensor {
	return binary("ops.Maximum", a, b, []*autograd.Tensor{a, b}, simd.Max, [2]func(dx, dy, a, b []float32){
		func(dx, dy, a, b []float32) { gradOfLarger(dx, dy, a, b) },
		func(dx, dy, a, b []float32) { gradOfLarger(dx, dy, b, a) },
	})
}

// Minimum returns the smaller of corresponding elements of a and b, which have
// the same shape. Where they are equal each gets half of the gradient.
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
