package optim

import (
	"math"
	"testing"
)

// TestInverseSqrt compares a schedule with the paper's formula.
func TestInverseSqrt(t *testing.T) {
	const width, warmUp = 512, 4000
	highest := math.Pow(width, -0.5) * math.Pow(warmUp, -0.5)
	schedule := WarmUp(warmUp, InverseSqrt(float32(highest), warmUp))
	for _, step := range []int{1, 2, 1000, 3999, 4000, 4001, 10_000, 100_000} {
		want := math.Pow(width, -0.5) * min(math.Pow(float64(step), -0.5), float64(step)*math.Pow(warmUp, -1.5))
		if got := float64(schedule(step - 1)); !(math.Abs(got-want) <= 1e-6*want) {
			t.Errorf("step %d has the rate %g, want %g", step, got, want)
		}
	}
	for step, want := range []float32{2, float32(2 / math.Sqrt2)} {
		if got := InverseSqrt(2, 0)(step); got != want {
			t.Errorf("without a warm-up step %d has the rate %v, want %v", step, got, want)
		}
	}
}
