package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/optim"
)

// The words of sentences that a tagger reads, and its tags.
const (
	open, closed, other = 0, 1, 2 // and four more
	vocab               = 7
	outside, inside     = 0, 1
	padding             = -1
)

// sentences are some of different lengths, padded to the longest. A word is inside when
// a bracket is open before it and one closes behind it: both directions count.
type sentences struct {
	words, tags []int // (N, T)
	lengths     []int
}

func newSentences(rng *rand.Rand, n int) (s sentences) {
	const longest = 12
	for range n {
		length := 4 + rng.IntN(longest-3)
		words, tags := make([]int, longest), make([]int, longest)
		for i := range longest {
			if words[i], tags[i] = rng.IntN(vocab), outside; i >= length {
				tags[i] = padding
			}
		}
		opened := -1
		for i, word := range words[:length] {
			switch {
			case word == open && opened < 0:
				opened = i
			case word == closed && opened >= 0:
				for k := opened + 1; k < i; k++ {
					tags[k] = inside
				}
				opened = -1
			}
		}
		s.words, s.tags, s.lengths = append(s.words, words...), append(s.tags, tags...), append(s.lengths, length)
	}
	return s
}

// tagger gives every word of a sentence a tag.
type tagger struct {
	params    *autograd.Params
	embedding *layers.Embedding
	gru       *layers.GRU
	output    *layers.Linear
}

func newTagger() *tagger {
	s := layers.NewScope(1)
	return &tagger{
		params:    s.Params(),
		embedding: layers.NewEmbedding(s.Sub("embedding"), layers.EmbeddingConfig{Count: vocab, Dim: 8}),
		gru:       layers.NewGRU(s.Sub("gru"), layers.RecurrentConfig{In: 8, Hidden: 16, Bidirectional: true}),
		output:    layers.NewLinear(s.Sub("output"), layers.LinearConfig{In: 32, Out: 2}),
	}
}

// forward returns the logits of the tags of all words, (N*T, 2).
func (m *tagger) forward(c *layers.Ctx, s sentences) *autograd.Tensor {
	n := len(s.lengths)
	y, _ := m.gru.Run(c, m.embedding.Forward(c, s.words, n, len(s.words)/n), nil, s.lengths)
	return ops.Reshape(m.output.Forward(c, y), len(s.words), 2)
}

// tag trains the tagger in a loop of its own, and returns the share of the words of
// other sentences that it tags right.
func tag(ctx context.Context, steps int, w io.Writer) error {
	m, rng := newTagger(), rand.New(rand.NewPCG(1, 0))
	tape, adam := autograd.NewTape(m.params), optim.NewAdam(m.params, optim.AdamConfig{})
	rate := optim.Cosine(0.02, steps)
	for step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch := newSentences(rng, 32)
		tape.Reset() // gives back what the step before used
		c := &layers.Ctx{Tape: tape, Stream: dropout.Stream{Seed: 1, Step: uint64(step)}}
		loss := ops.CrossEntropy(m.forward(c, batch), batch.tags, ops.CrossEntropySpec{Ignored: []int{padding}})
		grads := tape.Backward(loss)
		optim.ClipNorm(grads, 1)
		adam.Step(rate(step), grads)
	}
	held := newSentences(rng, 200)
	found := ops.ArgMax(m.forward(&layers.Ctx{Tape: autograd.NewInference()}, held), 1)
	right, all := 0, 0
	for i, want := range held.tags {
		if want == padding {
			continue
		}
		if all++; found[i] == want {
			right++
		}
	}
	fmt.Fprintf(w, "%.1f %% of %d words of other sentences have the right tag\n", 100*float64(right)/float64(all), all)
	return nil
}
