// Package gradcheck compares the gradients of operations with finite
// differences.
//
// The scalar that is differentiated is a random projection of the output,
// taken twice with different weights, so that every input also sees the sum
// over a fan-out. Its derivative along random directions is measured by a
// fourth-order central difference with sums in float64.
//
// The test of an operation of one's own is one call:
//
//	func TestSquare(t *testing.T) {
//		x := autograd.FromSlice([]float32{0.5, -1, 2}, 3)
//		gradcheck.Check(t, "square", func(in []*autograd.Tensor) *autograd.Tensor {
//			return square(in[0])
//		}, []*autograd.Tensor{x}, gradcheck.Options{})
//	}
package gradcheck

import (
	"math"
	"math/rand/v2"
	"testing"

	"autodropout/autograd"
)

// Options tune a check. The zero value suits smooth operations on inputs of
// order one.
type Options struct {
	Step      float64 // of the finite difference, relative to inputs of order one; default 0.02
	Tolerance float64 // relative to the size of the derivative; default 2e-3
	Seed      uint64  // of projections and directions
}

// Func computes an output from inputs that are on a tape.
type Func func(in []*autograd.Tensor) *autograd.Tensor

// directions is how many random directions are tried for each set of inputs.
const directions = 3

// Check reports an error when f's gradients disagree with finite differences:
// with respect to all inputs together and to each alone, the others being
// constants.
func Check(t testing.TB, name string, f Func, inputs []*autograd.Tensor, o Options) {
	t.Helper()
	if o.Step == 0 {
		o.Step = 0.02
	}
	if o.Tolerance == 0 {
		o.Tolerance = 2e-3
	}
	all := make([]bool, len(inputs))
	for i := range all {
		all[i] = true
	}
	checkWith(t, name, f, inputs, all, o)
	if len(inputs) > 1 {
		for i := range inputs {
			only := make([]bool, len(inputs))
			only[i] = true
			checkWith(t, name, f, inputs, only, o)
		}
	}
}

// checkWith differentiates with respect to the inputs that trained marks.
func checkWith(t testing.TB, name string, f Func, inputs []*autograd.Tensor, trained []bool, o Options) {
	t.Helper()
	rng := rand.New(rand.NewPCG(o.Seed, 7))
	var ps autograd.Params
	params := make([]*autograd.Param, len(inputs))
	for i, x := range inputs {
		if trained[i] {
			params[i] = ps.Add(string(rune('a'+i)), x.Shape()...)
			copy(params[i].Data(), x.Data())
		}
	}
	tape := autograd.NewTape(&ps)
	var first, second []float32 // projections
	evaluate := func() *autograd.Tensor {
		tape.Reset()
		in := make([]*autograd.Tensor, len(inputs))
		for i, x := range inputs {
			if trained[i] {
				in[i] = tape.Use(params[i])
			} else {
				in[i] = tape.Input(x.Data(), x.Shape()...)
			}
		}
		return f(in)
	}
	n := evaluate().Len()
	first, second = normal(rng, n), normal(rng, n)
	y := evaluate()
	loss := add(project(y, first), project(y, second))
	grads := append([]float32(nil), tape.Backward(loss)...)

	flat := ps.Flat()
	start := append([]float32(nil), flat...)
	for range directions {
		v := normal(rng, len(flat))
		at := func(h float64) float64 {
			for i := range flat {
				flat[i] = float32(float64(start[i]) + h*float64(v[i]))
			}
			y := evaluate()
			sum := 0.0
			for i, value := range y.Data() {
				sum += (float64(first[i]) + float64(second[i])) * float64(value)
			}
			return sum
		}
		h := o.Step
		numeric := (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
		copy(flat, start)
		analytic, scale := 0.0, 0.0
		for i, g := range grads {
			analytic += float64(g) * float64(v[i])
			scale += float64(g) * float64(g)
		}
		// An infinite derivative would make the tolerance infinite too.
		if off := math.Abs(numeric - analytic); !(off <= o.Tolerance*(1+math.Sqrt(scale)+math.Abs(numeric))) || math.IsInf(off, 0) {
			t.Errorf("%s: derivative along a random direction (inputs %v): backward says %.6g, finite differences %.6g", name, trained, analytic, numeric)
		}
	}
}

func normal(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// project returns the scalar sum of y[i]*weights[i].
func project(y *autograd.Tensor, weights []float32) *autograd.Tensor {
	return autograd.Do(autograd.Op{
		Name:   "gradcheck.project",
		Inputs: []*autograd.Tensor{y},
		Forward: func(out *autograd.Output) {
			sum := 0.0
			for i, v := range y.Data() {
				sum += float64(v) * float64(weights[i])
			}
			out.Data()[0] = float32(sum)
		},
		Backward: func(g *autograd.Grad) {
			dy, dx := g.Dy().Data()[0], g.New(0).Data()
			for i := range dx {
				dx[i] = dy * weights[i]
			}
		},
	})
}

// add returns a+b for scalars.
func add(a, b *autograd.Tensor) *autograd.Tensor {
	return autograd.Do(autograd.Op{
		Name:    "gradcheck.add",
		Inputs:  []*autograd.Tensor{a, b},
		Forward: func(out *autograd.Output) { out.Data()[0] = a.Item() + b.Item() },
		Backward: func(g *autograd.Grad) {
			for i := range 2 {
				if g.Needs(i) {
					g.Share(i)
				}
			}
		},
	})
}
