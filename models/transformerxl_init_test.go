package models

import (
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
)

// allWords drops every word vector.
type allWords struct{}

func (allWords) Describe() string { return "allWords" }

func (allWords) Mask(site string, shape []int, s dropout.Stream) dropout.Mask {
	if site != wordsSite {
		return nil
	}
	return func(keep []uint32) float32 { clear(keep); return 1 }
}

func TestTransformerXLDroppedWordsAtTheBeginning(t *testing.T) {
	m := small(t, 16, nil)
	tape := autograd.NewTape(m.Params())
	l := Lengths{Target: 3}
	out := m.Forward(&layers.Ctx{Tape: tape, Policy: allWords{}}, segment(0, l, nil), l)
	for i, g := range tape.Backward(out.Loss) {
		if !(g < 1e6 && g > -1e6) {
			t.Fatalf("element %d of the gradient is %v", i, g)
		}
	}
}
