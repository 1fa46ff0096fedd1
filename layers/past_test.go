package layers

import (
	"slices"
	"testing"

	"autodropout/autograd"
)

// TestPastWithoutPadding makes two sentences and changes their order in between: no
// lengths are those of the whole memory.
func TestPastWithoutPadding(t *testing.T) {
	s := NewScope(3)
	b := NewTransformerBlock(s, TransformerBlockConfig{Dim: 8, Heads: 2, Causal: true, Cross: true})
	memory, x, y := normal(1, 2, 5, 8), normal(2, 2, 1, 8), normal(3, 2, 1, 8)
	run := func(lengths []int) []float32 {
		c := &Ctx{Tape: autograd.NewInference()}
		p := b.Recall(c, memory, lengths)
		for i := range lengths {
			lengths[i] = 1 // the past has its own
		}
		b.Continue(c, x, p)
		p.Select([]int{1, 0}, []int{1, 0})
		return b.Continue(c, y, p).Data()
	}
	if got, want := run(nil), run([]int{5, 5}); !slices.Equal(got, want) {
		t.Errorf("without lengths the outputs are %v, want %v", got, want)
	}
}

// TestTransformerBlockMethods: a block with Cross is not run without it, nor one without with it.
func TestTransformerBlockMethods(t *testing.T) {
	x := normal(1, 2, 3, 4)
	c := &Ctx{Tape: autograd.NewInference()}
	with := NewTransformerBlock(NewScope(1), TransformerBlockConfig{Dim: 4, Heads: 2, Cross: true})
	without := NewTransformerBlock(NewScope(1), TransformerBlockConfig{Dim: 4, Heads: 2})
	for method, call := range map[string]func(){
		"Encode": func() { with.Forward(c, x) },
		"Decode": func() { without.Decode(c, x, x, nil) },
		"Recall": func() { without.Recall(c, x, nil) },
	} {
		func() {
			defer func() {
				if wrong, ok := recover().(*autograd.ShapeError); !ok || wrong.Op != "layers.TransformerBlock."+method {
					t.Errorf("%s: it panics with %v", method, wrong)
				}
			}()
			call()
		}()
	}
}
