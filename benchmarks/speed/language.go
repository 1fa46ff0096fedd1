package main

import (
	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/optim"
)

// languageModel is a Transformer-XL that trains on segments of texts.
type languageModel struct {
	name    string
	texts   int // the usual number
	config  models.TransformerXLConfig
	lengths models.Lengths
}

// languageModels returns the published configurations.
func languageModels() []languageModel {
	return []languageModel{
		{"txl-ptb", 10, models.TransformerXLPTB(), models.Lengths{Target: 70}},
		{"txl-wt2", 8, models.TransformerXLWikiText2(), models.Lengths{Target: 150, Memory: 150}},
	}
}

func (m languageModel) String() string { return m.name }

func (m languageModel) batch() int { return m.texts }

func (m languageModel) items() (int, string) { return m.lengths.Target, "words" }

// flops counts matrix products: a forward pass, and as much again for each of
// the gradients of inputs and weights, except that memory and positions need no
// gradient. Of attention, what is not masked counts: contents and positions are
// compared, and values summed, for the keys that a query sees. What attention
// computes a second time does not count.
func (m languageModel) flops(batch int) float64 {
	c, l := m.config, m.lengths
	targets, context := float64(l.Target), float64(l.Memory+l.Target)
	seen := float64(l.Memory) + (targets+1)/2 // keys of a query, on average
	all := float64(c.Heads * c.HeadWidth)
	projection := 2 * float64(c.Width) * all // of one hidden state
	word := 4*projection + 2*2*float64(c.Width*c.Inner) + 3*2*seen*all
	layer := 3*targets*word + 2*float64(l.Memory)*2*projection
	text := float64(c.Layers)*layer + 3*targets*2*float64(c.Width*c.Vocab)
	return float64(batch)*text + float64(c.Layers)*2*context*projection
}

// recipe is the dropout of the recipe for Penn Treebank.
var recipe = dropout.SequenceRates{Words: 0.2, Input: 0.6, Attention: 0.2, Probability: 0.2, Inner: 0.2, Output: 0.2, Final: 0.5}

// step trains with dropout and ends with Adam. Its memory is full from the second time on.
func (m languageModel) step(batch int) (kernel, []*autograd.Tape, error) {
	model, err := models.NewTransformerXL(m.config)
	if err != nil {
		return nil, nil, err
	}
	policy, err := dropout.NewSequenceDropout(recipe, model.Sites())
	if err != nil {
		return nil, nil, err
	}
	rng := seed.New(0, "speed")
	words := make([]int, 2*batch*m.lengths.Target)
	for i := range words {
		words[i] = rng.IntN(m.config.Vocab)
	}
	inputs, targets := words[:len(words)/2], words[len(words)/2:]
	k, tapes := sharded(model, policy, batch, optim.NewAdam(model.Params(), optim.AdamConfig{}), 3e-4,
		func(lo, hi int) func(c *layers.Ctx) *autograd.Tensor {
			lo, hi = lo*m.lengths.Target, hi*m.lengths.Target
			s := models.Segment{N: (hi - lo) / m.lengths.Target, Inputs: inputs[lo:hi], Targets: targets[lo:hi]}
			var next *models.Memory
			return func(c *layers.Ctx) *autograd.Tensor {
				s.Memory, s.Spare = next, s.Memory
				out := model.Forward(c, s, m.lengths)
				next = out.Memory
				return out.Loss
			}
		})
	return k, tapes, nil
}
