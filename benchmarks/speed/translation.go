package main

import (
	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/optim"
)

// translationModel is a Transformer that trains on sentence pairs of one length.
type translationModel struct {
	name   string
	pairs  int // the usual number
	length int // of sentences, with their ends
	config models.TransformerConfig
}

// translationModels returns the configuration for IWSLT with the ten thousand
// words of a joint vocabulary.
func translationModels() []translationModel {
	config := models.TransformerIWSLT(10_152, 10_152)
	config.SharedVocab = true
	return []translationModel{{"mt-iwslt", 64, 28, config}}
}

func (m translationModel) String() string { return m.name }

func (m translationModel) batch() int { return m.pairs }

func (m translationModel) items() (int, string) { return m.length, "words" }

// flops counts matrix products as package flops does: four projections
// and the feed-forward part for a word of the encoder, eight and the feed-forward
// part in the decoder, where one of them is for a word of either side.
func (m translationModel) flops(batch int) float64 {
	c, length := m.config, float64(m.length)
	width := float64(c.Width)
	projection := 2 * width * width
	feedForward := 2 * 2 * width * float64(c.Inner)
	seen := 2 * 2 * width // of a key that a word sees: compared, and its value added
	encoder := 4*projection + feedForward + seen*length
	decoder := 8*projection + feedForward + seen*(length+(length+1)/2)
	word := float64(c.Layers)*(encoder+decoder) + 2*width*float64(c.TargetVocab)
	return 3 * float64(batch) * length * word
}

// plain is the dropout of PyTorch's Transformer: elements of attention
// probabilities, of the outputs of attention, and in and behind the feed-forward
// parts, which are the last four places of a pattern.
func plain(drop float64) *dropout.SequencePattern {
	var p dropout.SequencePattern
	for i := range p.Places {
		if p.Places[i].Size = 1; i >= 3 {
			p.Places[i].Drop = drop
		}
	}
	return &p
}

// step trains with dropout and smoothed labels and ends with Adam.
func (m translationModel) step(batch int) (kernel, []*autograd.Tape, error) {
	const rate, smoothing = 5e-4, 0.1
	model, err := models.NewTransformer(m.config)
	if err != nil {
		return nil, nil, err
	}
	policy, err := plain(0.3).Policy(model.Sites())
	if err != nil {
		return nil, nil, err
	}
	rng := seed.New(0, "speed")
	sentences := make([][]int32, 2*batch)
	for i := range sentences {
		for range m.length - 1 { // the end makes one more
			sentences[i] = append(sentences[i], int32(rng.IntN(m.config.TargetVocab)))
		}
	}
	k, tapes := sharded(model, policy, batch, optim.NewAdam(model.Params(), optim.AdamConfig{Beta2: 0.98}), rate,
		func(lo, hi int) func(c *layers.Ctx) *autograd.Tensor {
			return func(c *layers.Ctx) *autograd.Tensor {
				return model.Loss(c, sentences[lo:hi], sentences[batch+lo:batch+hi], smoothing)
			}
		})
	return k, tapes, nil
}
