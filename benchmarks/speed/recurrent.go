package main

import (
	"time"

	"autodropout/autograd"
	"autodropout/internal/seed"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/optim"
)

// recurrentModel is two layers of LSTM, alone or in a language model, on texts that go
// on from where the batch before has ended.
type recurrentModel struct {
	name          string
	width, length int
	vocab         int // 0: the layers alone, on vectors
}

const recurrentLayers, recurrentTexts = 2, 20

// recurrentModels returns the layers alone and a language model for Penn Treebank around
// them, of the length and the number of texts of Zaremba et al. 2014.
func recurrentModels() []recurrentModel {
	return []recurrentModel{{"lstm-512", 512, 35, 0}, {"lstm-ptb", 512, 35, 10_000}}
}

func (m recurrentModel) String() string { return m.name }

func (m recurrentModel) batch() int { return recurrentTexts }

func (m recurrentModel) items() (int, string) { return m.length, "words" }

// flops counts the products of inputs and of hidden states with the four gates, and
// those of the logits. The inputs of the layers alone need no gradient.
func (m recurrentModel) flops(batch int) float64 {
	product := 2 * 4 * float64(m.width*m.width)
	word := 3 * (2*recurrentLayers*product + 2*float64(m.width*m.vocab))
	if m.vocab == 0 {
		word -= product
	}
	return float64(batch*m.length) * word
}

// step ends with stochastic gradient descent; the language model drops half of its
// inputs, of what passes from layer to layer and of its outputs, and clips the gradient.
func (m recurrentModel) step(batch int) (kernel, []*autograd.Tape, error) {
	const rate, drop, clip = 0.1, 0.5, 5
	s := layers.NewScope(0)
	config := layers.RecurrentConfig{In: m.width, Hidden: m.width, Layers: recurrentLayers}
	forward := m.alone(s, config, batch)
	if m.vocab > 0 {
		config.Dropout = drop
		forward = m.language(s, config, batch)
	}
	tape, sgd := autograd.NewTape(s.Params()), optim.NewSGD(s.Params(), optim.SGDConfig{})
	var state *layers.RecurrentState
	steps := uint64(0)
	return func() time.Duration {
		start := time.Now()
		tape.Reset()
		c := &layers.Ctx{Tape: tape}
		c.Stream.Step = steps
		loss, end := forward(c, state)
		state = end.Constant()
		grads := tape.Backward(loss)
		if m.vocab > 0 {
			optim.ClipNorm(grads, clip)
		}
		sgd.Step(rate, grads)
		steps++
		return time.Since(start)
	}, []*autograd.Tape{tape}, nil
}

// A recurrentPass returns the loss of a batch, and the state at its end.
type recurrentPass func(c *layers.Ctx, state *layers.RecurrentState) (loss *autograd.Tensor, end *layers.RecurrentState)

func (m recurrentModel) alone(s *layers.Scope, config layers.RecurrentConfig, batch int) recurrentPass {
	lstm := layers.NewLSTM(s, config)
	x := make([]float32, batch*m.length*m.width)
	layers.Normal(1)(seed.New(0, "speed"), x)
	return func(c *layers.Ctx, state *layers.RecurrentState) (*autograd.Tensor, *layers.RecurrentState) {
		y, end := lstm.Run(c, c.Tape.Input(x, batch, m.length, m.width), state, nil)
		return ops.Mean(ops.Mul(y, y)), end
	}
}

func (m recurrentModel) language(s *layers.Scope, config layers.RecurrentConfig, batch int) recurrentPass {
	embedding := layers.NewEmbedding(s.Sub("embedding"), layers.EmbeddingConfig{Count: m.vocab, Dim: m.width})
	lstm := layers.NewLSTM(s.Sub("lstm"), config)
	output := layers.NewLinear(s.Sub("output"), layers.LinearConfig{In: m.width, Out: m.vocab})
	before, behind := layers.NewDropout("input", config.Dropout), layers.NewDropout("output", config.Dropout)
	rng := seed.New(0, "speed")
	words := make([]int, 2*batch*m.length)
	for i := range words {
		words[i] = rng.IntN(m.vocab)
	}
	inputs, targets := words[:len(words)/2], words[len(words)/2:]
	return func(c *layers.Ctx, state *layers.RecurrentState) (*autograd.Tensor, *layers.RecurrentState) {
		x := before.Forward(c, embedding.Forward(c, inputs, batch, m.length))
		y, end := lstm.Run(c, x, state, nil)
		logits := output.Forward(c, behind.Forward(c, y))
		return ops.CrossEntropy(ops.Reshape(logits, len(targets), m.vocab), targets, ops.CrossEntropySpec{}), end
	}
}
