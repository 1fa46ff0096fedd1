package gradcheck

import (
	"math"
	"testing"

	"autodropout/autograd"
)

// recorder counts the errors a check reports.
type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.errors++ }

// product is a*b with a gradient that is wrong by factors.
func product(a, b *autograd.Tensor, factorA, factorB float32) *autograd.Tensor {
	return autograd.Do(autograd.Op{
		Name: "product", Inputs: []*autograd.Tensor{a, b}, Shape: a.Shape(), Saves: []*autograd.Tensor{a, b},
		Forward: func(y *autograd.Output) {
			for i := range y.Data() {
				y.Data()[i] = a.Data()[i] * b.Data()[i]
			}
		},
		Backward: func(g *autograd.Grad) {
			for i, other := range []*autograd.Tensor{b, a} {
				if !g.Needs(i) {
					continue
				}
				factor := []float32{factorA, factorB}[i]
				dx := g.New(i).Data()
				for j, dy := range g.Dy().Data() {
					dx[j] = factor * dy * other.Data()[j]
				}
			}
		},
	})
}

func TestCheck(t *testing.T) {
	inputs := []*autograd.Tensor{
		autograd.FromSlice([]float32{1, -2, 0.5}, 3),
		autograd.FromSlice([]float32{0.3, 0.7, -1.5}, 3),
	}
	nan := float32(math.NaN())
	for _, c := range []struct {
		name             string
		factorA, factorB float32
		right            bool
	}{
		{"right", 1, 1, true},
		{"first gradient off by 2 %", 1.02, 1, false},
		{"second gradient off by 2 %", 1, 0.98, false},
		{"no gradient", 0, 0, false},
		{"NaN", nan, 1, false},
	} {
		r := &recorder{TB: t}
		Check(r, c.name, func(in []*autograd.Tensor) *autograd.Tensor {
			return product(in[0], in[1], c.factorA, c.factorB)
		}, inputs, Options{})
		if (r.errors == 0) != c.right {
			t.Errorf("%s: %d errors were reported", c.name, r.errors)
		}
	}
}

// A single infinity, which no other one cancels to NaN, is an error too.
func TestCheckReportsInfinity(t *testing.T) {
	inputs := []*autograd.Tensor{autograd.FromSlice([]float32{2}, 1), autograd.FromSlice([]float32{3}, 1)}
	r := &recorder{TB: t}
	Check(r, "infinite", func(in []*autograd.Tensor) *autograd.Tensor {
		return product(in[0], in[1], float32(math.Inf(1)), 1)
	}, inputs, Options{})
	if r.errors == 0 {
		t.Error("an infinite gradient passes")
	}
}
