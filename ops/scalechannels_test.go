package ops_test

import (
	"math/rand/v2"
	"testing"

	"autodropout/ops"
)

func TestScaleChannels(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	x, s := normal(rng, 2, 3, 4, 5), normal(rng, 2, 5)
	for i, got := range ops.ScaleChannels(x, s).Data() {
		if want := x.Data()[i] * s.Data()[i/60*5+i%5]; got != want {
			t.Fatalf("element %d is %v, want %v", i, got, want)
		}
	}
}
