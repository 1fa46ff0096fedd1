package report

import (
	"math"
	"testing"

	"autodropout/dropout"
)

// TestWhereWords says what patterns drop to people who do not know a pattern's choices.
func TestWhereWords(t *testing.T) {
	sequence := func(outside bool, drops map[int]float64) *dropout.SequencePattern {
		p := &dropout.SequencePattern{Outside: outside}
		for i := range p.Places {
			p.Places[i] = dropout.TokenPattern{Size: 1, Drop: drops[i]}
		}
		p.Places[7].Stride = 3 // means nothing for words
		return p
	}
	scattered := func(place dropout.Kind, p float64) dropout.BlockPattern {
		return dropout.BlockPattern{Size: 1, Cells: 1, Scatter: p, Place: place}
	}
	conv := func(stages ...[]dropout.BlockPattern) *dropout.ConvPattern {
		return &dropout.ConvPattern{Stages: stages}
	}
	for want, pattern := range map[string]interface{ String() string }{
		"about 12 % of the words and 20 % of the last output; nothing in the layers":                      sequence(true, map[int]float64{7: 0.12, 9: 0.2}),
		"about 10 % of the words; 2.5 % of the values in every layer":                                     sequence(true, map[int]float64{2: 0.025, 7: 0.1}),
		"about 10 % of the hidden units in every layer; nothing before and after them":                    sequence(true, map[int]float64{5: 0.1}),
		"about 10 % of the hidden units and 0.4 % of the outputs of the feed-forward part in every layer": sequence(false, map[int]float64{5: 0.1, 6: 0.004}),
		"about 5 % of the word vectors; 20 % of everything in every layer":                                sequence(true, map[int]float64{0: 0.2, 1: 0.2, 2: 0.2, 3: 0.2, 4: 0.2, 5: 0.2, 6: 0.2, 8: 0.05}),
		"about 20 % of the queries, keys and values and 10 % of the hidden units in every layer":          sequence(false, map[int]float64{0: 0.2, 1: 0.2, 2: 0.2, 5: 0.1}),
		"about 10 % of the cells in every stage":                                                          conv([]dropout.BlockPattern{scattered(dropout.Norm, 0.1)}, []dropout.BlockPattern{scattered(dropout.Norm, 0.1)}, []dropout.BlockPattern{scattered(dropout.Norm, 0.1)}),
		"nothing":                                                                                         sequence(true, nil),
		"about 10 % of the cells in stage 1; nothing elsewhere":                                           conv([]dropout.BlockPattern{scattered(dropout.Norm, 0.2), {}}, []dropout.BlockPattern{{}}),
		"about 10 % of the cells in stage 2; nothing elsewhere":                                           conv([]dropout.BlockPattern{scattered(dropout.Features, 0.3)}, []dropout.BlockPattern{scattered(dropout.Norm, 0.1)}),
		"about 30 % of the inputs of the classifier; nothing elsewhere":                                   conv([]dropout.BlockPattern{{}}, []dropout.BlockPattern{scattered(dropout.Features, 0.3)}),
	} {
		if got := WhereWords(Where(pattern, 32)); got != want {
			t.Errorf("it drops %q, want %q", got, want)
		}
	}
	parts := Where(conv([]dropout.BlockPattern{scattered(dropout.Norm, 0.2), {}}, []dropout.BlockPattern{scattered(dropout.Norm, 0.4)}), 32)
	if got := Mean(parts); math.Abs(got-0.2) > 0.01 {
		t.Errorf("three blocks that drop 0.2, 0 and 0.4 drop %v on average", got)
	}
	if Where(choices{}, 32) != nil {
		t.Error("what is no pattern of dropout drops something")
	}
}
