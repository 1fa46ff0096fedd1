package ops

import (
	"math"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// unary runs an operation on every element of x, which was told spec besides. grad sets dx from dy and from
// v, the data of x; with saveOutput v is the data of the output instead.
func unary(name string, x *autograd.Tensor, spec any, saveOutput bool, forward func(y, x []float32), grad func(dx, dy, v []float32)) *autograd.Tensor {
	u := &unaryOp{inputs: [...]*autograd.Tensor{x}, saveOutput: saveOutput, forward: forward, grad: grad}
	op := autograd.Op{Name: name, Inputs: u.inputs[:], Spec: spec, Shape: x.Shape(), SavesOutput: saveOutput, Passes: u}
	if !saveOutput {
		op.Saves, op.Passes = op.Inputs, repeatable{u}
	}
	return autograd.Do(op)
}

// unaryOp is one operation on every element of its input.
type unaryOp struct {
	inputs     [1]*autograd.Tensor
	output     *autograd.Tensor
	saveOutput bool
	forward    func(y, x []float32)
	grad       func(dx, dy, v []float32)

	// What the tasks of a pass work on: y or dx, dy, and what they read.
	dst, dy, v []float32
}

func (u *unaryOp) Forward(y *autograd.Output) {
	u.output = y.Tensor
	u.dst, u.v = y.Data(), u.inputs[0].Data()
	parallel.EachRange(len(u.dst), grain, 0, u, func(u *unaryOp, lo, hi int, _ []float32) {
		u.forward(u.dst[lo:hi], u.v[lo:hi])
	})
}

func (u *unaryOp) Backward(g *autograd.Grad) {
	read := u.inputs[0]
	if u.saveOutput {
		read = u.output
	}
	u.dst, u.dy, u.v = g.New(0).Data(), g.Dy().Data(), read.Data()
	parallel.EachRange(len(u.dst), grain, 0, u, func(u *unaryOp, lo, hi int, _ []float32) {
		u.grad(u.dst[lo:hi], u.dy[lo:hi], u.v[lo:hi])
	})
}

// repeatable is a unary operation that makes its output again.
type repeatable struct{ *unaryOp }

func (r repeatable) Recompute(y *autograd.Output) { r.Forward(y) }

// Scale returns c*x.
func Scale(x *autograd.Tensor, c float32) *autograd.Tensor { return scale("ops.Scale", x, c) }

// Neg returns -x.
func Neg(x *autograd.Tensor) *autograd.Tensor { return scale("ops.Neg", x, -1) }

func scale(name string, x *autograd.Tensor, c float32) *autograd.Tensor {
	times := func(dst, src []float32) {
		parallel.Range(len(dst), grain, func(lo, hi int) { simd.Scale(dst[lo:hi], src[lo:hi], c) })
	}
	return autograd.Do(autograd.Op{
		Name:     name,
		Inputs:   []*autograd.Tensor{x},
		Spec:     c,
		Shape:    x.Shape(),
		Forward:  func(y *autograd.Output) { times(y.Data(), x.Data()) },
		Backward: func(g *autograd.Grad) { times(g.New(0).Data(), g.Dy().Data()) },
	})
}

// AddScalar returns x + c.
func AddScalar(x *autograd.Tensor, c float32) *autograd.Tensor {
	return autograd.Do(autograd.Op{
		Name:   "ops.AddScalar",
		Inputs: []*autograd.Tensor{x},
		Spec:   c,
		Shape:  x.Shape(),
		Forward: func(y *autograd.Output) {
			dst, x := y.Data(), x.Data()
			parallel.Range(len(dst), grain, func(lo, hi int) { simd.AddScalar(dst[lo:hi], x[lo:hi], c) })
		},
		Backward: func(g *autograd.Grad) { g.Share(0) },
	})
}

// Clamp limits every element of x to [lo, hi]. The gradient passes where x is
// strictly inside.
func Clamp(x *autograd.Tensor, lo, hi float32) *autograd.Tensor {
	return unary("ops.Clamp", x, [2]float32{lo, hi}, false,
		func(y, x []float32) {
			for i, v := range x {
				y[i] = min(max(v, lo), hi)
			}
		},
		func(dx, dy, x []float32) {
			for i, v := range x {
				if v <= lo || v >= hi {
					dx[i] = 0
				} else {
					dx[i] = dy[i]
				}
			}
		})
}

// Exp returns e to the power of x.
func Exp(x *autograd.Tensor) *autograd.Tensor {
	return unary("ops.Exp", x, nil, true, simd.Exp, simd.Mul)
}

// Log returns the natural logarithm of x.
func Log(x *autograd.Tensor) *autograd.Tensor {
	return unary("ops.Log", x, nil, false,
		func(y, x []float32) {
			for i, v := range x {
				y[i] = float32(math.Log(float64(v)))
			}
		},
		func(dx, dy, x []float32) {
			for i, v := range x {
				dx[i] = dy[i] / v
			}
		})
}

// Abs returns the absolute value of x. At 0 its gradient is 0.
func Abs(x *autograd.Tensor) *autograd.Tensor {
	return unary("ops.Abs", x, nil, false,
		func(y, x []float32) {
			for i, v := range x {
				y[i] = float32(math.Abs(float64(v)))
			}
		},
		func(dx, dy, x []float32) {
			for i, v := range x {
				switch {
				case v > 0:
					dx[i] = dy[i]
				case v < 0:
					dx[i] = -dy[i]
				default:
					dx[i] = 0 * v
				}
			}
		})
}

// Sqrt returns the square root of x.
func Sqrt(x *autograd.Tensor) *autograd.Tensor {
	return unary("ops.Sqrt", x, nil, true,
		func(y, x []float32) {
			for i, v := range x {
				y[i] = float32(math.Sqrt(float64(v)))
			}
		},
		func(dx, dy, y []float32) {
			for i, v := range y {
				dx[i] = dy[i] / (2 * v)
			}
		})
}

// Pow returns x to the power of p. It is NaN for negative numbers unless p is
// whole.
func Pow(x *autograd.Tensor, p float32) *autograd.Tensor {
	return unary("ops.Pow", x, p, false,
		func(y, x []float32) {
			for i, v := range x {
				y[i] = float32(math.Pow(float64(v), float64(p)))
			}
		},
		func(dx, dy, x []float32) {
			if p == 0 {
				clear(dx)
				return
			}
			for i, v := range x {
				dx[i] = dy[i] * float32(float64(p)*math.Pow(float64(v), float64(p)-1))
			}
		})
}
