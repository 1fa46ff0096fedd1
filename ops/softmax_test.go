package ops_test

import (
	"math"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

// TestLogitsFarFromZero shifts logits, which changes only how they are rounded:
// losses are those of the rounded logits, computed in float64. Formulas that add
// the largest logit to a logarithm lose what is after the point.
func TestLogitsFarFromZero(t *testing.T) {
	near := func(what string, shift float32, got float32, want float64) {
		t.Helper()
		if !(math.Abs(float64(got)-want) <= 2e-6*(1+math.Abs(want))) {
			t.Errorf("%s of logits about %g is %.7g, want %.7g", what, shift, got, want)
		}
	}
	for _, shift := range []float32{0, 1e3, -1e4, 1e4, 1e5, -1e6, 1e6, 1e7, 1e8, -3e30} {
		x := []float32{0, 0.5, 1, -0.25, 0.75}
		largest, sum := math.Inf(-1), 0.0
		for i := range x {
			x[i] += shift
			largest = max(largest, float64(x[i]))
		}
		for _, v := range x {
			sum += math.Exp(float64(v) - largest)
		}
		want := make([]float64, len(x)) // log-probabilities
		mean := 0.0
		for i, v := range x {
			want[i] = float64(v) - largest - math.Log(sum)
			mean += want[i] / float64(len(x))
		}
		for smoothing := range 2 {
			s := 0.25 * float64(smoothing)
			got := ops.CrossEntropy(autograd.FromSlice(x, 1, 5), []int{3}, ops.CrossEntropySpec{Smoothing: float32(s)}).Item()
			near("the cross-entropy", shift, got, -(1-s)*want[3]-s*mean)
		}
		ps := params(tensors{autograd.FromSlice(x, 1, 5)})
		tape := autograd.NewTape(ps)
		logs := ops.LogSoftmax(tape.Use(ps.All()[0]))
		for i, v := range logs.Data() {
			near("the log-softmax", shift, v, want[i])
		}
		grad := tape.Backward(ops.Sum(ops.Pick(logs, []int{0})))
		for i, v := range grad {
			d := -math.Exp(want[i])
			if i == 0 {
				d++
			}
			near("its gradient", shift, v, d)
		}
	}
}
