package ops

import (
	"slices"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// grain is the constant number of elements that one task of an elementwise
// operation handles. It is a multiple of 32, so that tasks own whole words of a
// bit mask.
const grain = 1 << 14

// sameShape panics unless a and b have the same shape.
func sameShape(op string, a, b *autograd.Tensor) {
	if !slices.Equal(a.Shape(), b.Shape()) {
		panic(autograd.NewShapeError(op, "two operands of the same shape", a, b))
	}
}

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
		Forward: func(y *autograd.Tensor) {
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

func (s *addition) Forward(y *autograd.Tensor) {
	s.dst, s.a, s.b = y.Data(), s.inputs[0].Data(), s.inputs[1].Data()
	parallel.Each(ceilDiv(len(s.dst), grain), 0, s, (*addition).part)
}

func (s *addition) part(task int, _ []float32) {
	lo, hi := task*grain, min((task+1)*grain, len(s.dst))
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
		Forward: func(y *autograd.Tensor) {
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

// AddBias adds the vector b (C) to every row of x (..., C).
func AddBias(x, b *autograd.Tensor) *autograd.Tensor {
	if x.Rank() < 1 || b.Rank() != 1 || x.Dim(-1) != b.Dim(0) {
		panic(autograd.NewShapeError("ops.AddBias", "x (..., C) and b (C)", x, b))
	}
	return autograd.Do(autograd.Op{
		Name:   "ops.AddBias",
		Inputs: []*autograd.Tensor{x, b},
		Shape:  x.Shape(),
		Forward: func(y *autograd.Tensor) {
			addBias(y.Data(), x.Data(), b.Data())
		},
		Backward: func(g *autograd.Grad) {
			if g.Needs(0) {
				g.Share(0)
			}
			if g.Needs(1) {
				sumRows(g, g.New(1).Data(), g.Dy().Data())
			}
		},
	})
}

// addBias sets every row of dst to that of x plus b.
func addBias(dst, x, b []float32) {
	if len(x) == 0 {
		return
	}
	c := len(b)
	parallel.Range(len(x)/c, rowGrain(c), func(lo, hi int) {
		simd.AddRow(dst[lo*c:hi*c], x[lo*c:hi*c], b, hi-lo)
	})
}

// rowGrain is the number of rows of c elements that one task handles: about
// grain elements, and a multiple of 32 so that tasks own whole words of a mask.
func rowGrain(c int) int { return max(32, grain/max(1, c)&^31) }

// sumRows sets dst[j] to the sum over the rows of x. Tasks sum their own rows;
// their sums are added in order.
func sumRows(g *autograd.Grad, dst, x []float32) {
	c := len(dst)
	clear(dst)
	if len(x) == 0 {
		return
	}
	rows, n := len(x)/c, rowGrain(c)
	count := ceilDiv(rows, n)
	partial := g.Scratch(count * c)
	parallel.Range(rows, n, func(lo, hi int) {
		p := partial[lo/n*c:][:c]
		clear(p)
		simd.SumRows(p, x[lo*c:hi*c], hi-lo)
	})
	simd.SumRows(dst, partial, count)
}
