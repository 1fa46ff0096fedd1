package main

import (
	"autodropout/autograd"
	"autodropout/benchmarks/internal/flops"
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

func (m languageModel) flops(batch int) float64 {
	return flops.TransformerXL(m.config, m.lengths, batch)
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
