package layers

import (
	"math"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/ops"
)

func TestWhiteningRefuses(t *testing.T) {
	l := NewWhitening(NewScope(1), WhiteningConfig{In: 3, Size: 2})
	for _, c := range []struct {
		images *autograd.Tensor
		want   string
	}{
		{autograd.New(0, 4, 4, 3), "no patch"},
		{autograd.New(2, 1, 4, 3), "no patch"},
		{autograd.FromSlice([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, float32(math.NaN())}, 1, 2, 2, 3), "finite"},
	} {
		if err := l.Fit(c.images, 1e-3); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("images %v: error %v, want one with %q", c.images.Shape(), err, c.want)
		}
	}
}

// The bias has a gradient while it learns, and then neither has anything before it.
func TestWhiteningBiasLearnsAtFirst(t *testing.T) {
	s := NewScope(1)
	l := NewWhitening(s, WhiteningConfig{In: 3, Size: 2, Learns: 0.25})
	before := s.Param("before", Ones, 1)
	for _, c := range []struct {
		progress float64
		learns   bool
	}{{0, true}, {0.24, true}, {0.25, false}, {1, false}} {
		tape := autograd.NewTape(s.Params())
		ctx := &Ctx{Tape: tape, Stream: dropout.Stream{Progress: c.progress}}
		y := l.Forward(ctx, tape.Input(make([]float32, 2*4*4*3), 2, 4, 4, 3))
		grads := tape.Backward(ops.Add(ops.Sum(y), ops.Sum(tape.Use(before))))
		if got := grads[l.bias.Offset()] != 0; got != c.learns {
			t.Errorf("at %v of the training the bias learns: %v, want %v", c.progress, got, c.learns)
		}
	}
}

// In training a network sees images as they are.
func TestViewsOfTraining(t *testing.T) {
	x := normal(1, 2, 4, 4, 3)
	l := Views{Func(ops.GlobalAvgPool), []View{{Flip: true, Down: 2, Weight: 3}}}
	if y := l.Forward(&Ctx{Tape: autograd.NewInference(), Mode: Training}, x); y.Data()[0] != ops.GlobalAvgPool(x).Data()[0] {
		t.Errorf("training sees %v", y)
	}
	if y := l.Forward(&Ctx{Tape: autograd.NewInference()}, x); y.Data()[0] == ops.GlobalAvgPool(x).Data()[0] {
		t.Error("prediction sees the images as they are")
	}
}
