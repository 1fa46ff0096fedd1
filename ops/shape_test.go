package ops_test

import (
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

// TestConcatKeepsItsTensors has a caller that uses its slice again before the gradient is
// computed.
func TestConcatKeepsItsTensors(t *testing.T) {
	ps := &autograd.Params{}
	a, b := ps.Add("a", 2, 1), ps.Add("b", 2, 3)
	tape := autograd.NewTape(ps)
	parts := []*autograd.Tensor{tape.Use(a), tape.Use(b)}
	y := ops.Concat(1, parts...)
	parts[0], parts[1] = autograd.New(2, 3), autograd.New(2, 1)
	weights := autograd.FromSlice([]float32{1, 2, 3, 4, 5, 6, 7, 8}, 2, 4)
	if got, want := tape.Backward(ops.Sum(ops.Mul(y, weights))), []float32{1, 5, 2, 3, 4, 6, 7, 8}; !slices.Equal(got, want) {
		t.Errorf("the gradient is %v, want %v", got, want)
	}
}

// TestCosineOfNothing: vectors without elements have a length of 0, and a cosine of 0, on a
// tape whose memory was used before.
func TestCosineOfNothing(t *testing.T) {
	tape := autograd.NewInference()
	ops.AddScalar(tape.Input(make([]float32, 3), 3), 5)
	tape.Reset()
	none := tape.Input(nil, 3, 0)
	if got := ops.CosineSimilarity(none, none).Data(); !slices.Equal(got, make([]float32, 3)) {
		t.Errorf("the cosines are %v, want 0", got)
	}
}

// TestSelectOfNoExamples: an empty batch has places along its other axes.
func TestSelectOfNoExamples(t *testing.T) {
	ps := &autograd.Params{}
	p := ps.Add("images", 0, 4, 3)
	tape := autograd.NewTape(ps)
	y := ops.Select(tape.Use(p), 1, []int{3, 0, 3, 1, 2})
	if want := []int{0, 5, 3}; !slices.Equal(y.Shape(), want) {
		t.Errorf("the shape is %v, want %v", y.Shape(), want)
	}
	tape.Backward(ops.Sum(y))
	if shapeErrorOf(t, func() { ops.Select(tape.Use(p), 0, nil) }) == nil {
		t.Error("an axis of length 0 is taken")
	}
}
