package layers

import (
	"math"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/ops"
)

// normal returns a tensor of standard normal values.
func normal(seed uint64, shape ...int) *autograd.Tensor {
	p := NewScope(seed).Param("x", Normal(1), shape...)
	return autograd.FromSlice(p.Data(), shape...)
}

// TestRecurrentStateGoesOn cuts sequences in two and gives the second half the state
// that the first has left: outputs and states are those of the whole, to the bit.
func TestRecurrentStateGoesOn(t *testing.T) {
	s := NewScope(1)
	for name, l := range map[string]*recurrent{
		"lstm": &NewLSTM(s.Sub("lstm"), RecurrentConfig{In: 4, Hidden: 5, Layers: 2}).recurrent,
		"gru":  &NewGRU(s.Sub("gru"), RecurrentConfig{In: 4, Hidden: 5, Layers: 2}).recurrent,
	} {
		c := &Ctx{Tape: autograd.NewInference()}
		x := normal(2, 3, 7, 4)
		whole, end := l.Run(c, x, nil, nil)
		first, state := l.Run(c, ops.Slice(x, 1, 0, 3), nil, nil)
		state = state.Constant()
		if state.Hidden.Tape() != nil {
			t.Errorf("%s: a constant state is on a tape", name)
		}
		second, last := l.Run(c, ops.Slice(x, 1, 3, 7), state, nil)
		if !slices.Equal(ops.Concat(1, first, second).Data(), whole.Data()) || !slices.Equal(last.Hidden.Data(), end.Hidden.Data()) {
			t.Errorf("%s: in two parts it gives something else", name)
		}
	}
}

// TestRecurrentPaddingCountsForNothing changes what stands behind the sequences.
func TestRecurrentPaddingCountsForNothing(t *testing.T) {
	l := NewGRU(NewScope(1), RecurrentConfig{In: 2, Hidden: 3, Bidirectional: true})
	run := func(padding float32) []float32 {
		x := normal(3, 2, 4, 2)
		for i := 2 * 2; i < 4*2; i++ { // of the first, behind its two steps
			x.Data()[i] = padding
		}
		y, end := l.Run(&Ctx{Tape: autograd.NewInference()}, x, nil, []int{2, 4})
		return slices.Concat(y.Data(), end.Hidden.Data())
	}
	y := run(1)
	if !slices.Equal(y, run(float32(math.Inf(1)))) {
		t.Error("padding changes the result")
	}
	if slices.ContainsFunc(y[2*6:4*6], func(v float32) bool { return v != 0 }) {
		t.Errorf("the outputs of padding are %v", y[2*6:4*6])
	}
}

// TestRecurrentKeepsLengths: the caller may use its slice again before the gradient is there.
func TestRecurrentKeepsLengths(t *testing.T) {
	gradient := func(change bool) []float32 {
		s := NewScope(1)
		l := NewLSTM(s, RecurrentConfig{In: 2, Hidden: 3})
		tape := autograd.NewTape(s.Params())
		lengths := []int{3, 1}
		y, _ := l.Run(&Ctx{Tape: tape}, normal(1, 2, 3, 2), nil, lengths)
		if change {
			lengths[0] = 1
		}
		return slices.Clone(tape.Backward(ops.Sum(y)))
	}
	if !slices.Equal(gradient(false), gradient(true)) {
		t.Error("other lengths after the call change the gradient")
	}
}

// TestRecurrentDropout drops between the layers only, and the same for an example
// wherever it stands in a batch.
func TestRecurrentDropout(t *testing.T) {
	s := NewScope(1)
	l := NewLSTM(s.Sub("lstm"), RecurrentConfig{In: 3, Hidden: 8, Layers: 2, Dropout: 0.5})
	single := NewLSTM(s.Sub("single"), RecurrentConfig{In: 3, Hidden: 8, Dropout: 0.5})
	x := normal(2, 4, 5, 3)
	tape := autograd.NewTape(s.Params())
	run := func(l *LSTM, x *autograd.Tensor, mode Mode, first uint64) []float32 {
		tape.Reset()
		c := &Ctx{Tape: tape, Mode: mode, Stream: dropout.Stream{Seed: 1, Example: first}}
		return slices.Clone(l.Forward(c, tape.Input(x.Data(), x.Shape()...)).Data())
	}
	whole := run(l, x, Training, 0)
	if slices.Equal(whole, run(l, x, Prediction, 0)) {
		t.Error("nothing is dropped in training")
	}
	if part := run(l, autograd.FromSlice(x.Data()[2*15:], 2, 5, 3), Training, 2); !slices.Equal(part, whole[len(whole)/2:]) {
		t.Error("the second half of a batch alone loses something else")
	}
	if !slices.Equal(run(single, x, Training, 0), run(single, x, Prediction, 0)) {
		t.Error("a single layer drops something")
	}
}
