package ops_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

// A group of a single value is beta whatever the value is: its gradient is 0, not what
// rounding leaves of the sum of three terms that cancel.
func TestGroupNormOfSingleValues(t *testing.T) {
	const n, c = 500, 4
	rng := rand.New(rand.NewPCG(1, 2))
	var ps autograd.Params
	x := ps.Add("x", n, c)
	for i, v := range normal(rng, n, c).Data() {
		x.Data()[i] = 1000 * v // what rounding leaves of it is not small
	}
	tape := autograd.NewTape(&ps)
	beta := normal(rng, c)
	y := ops.GroupNorm(tape.Use(x), normal(rng, c), beta, c, 1e-5)
	for i, v := range y.Data() {
		if v != beta.Data()[i%c] {
			t.Fatalf("value %d is %g, beta is %g", i, v, beta.Data()[i%c])
		}
	}
	grads := tape.Backward(ops.Sum(ops.Mul(y, normal(rng, n, c))))
	if at := slices.IndexFunc(grads, func(g float32) bool { return g != 0 }); at >= 0 {
		t.Errorf("the gradient of value %d is %g", at, grads[at])
	}
}
