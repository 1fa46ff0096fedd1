package train

import (
	"autodropout/internal/safetensors"
	"autodropout/ops"
)

// translationShard computes some pairs of every batch of a [TranslationTrainer],
// divided into parts.
type translationShard struct {
	trainer *TranslationTrainer
	first   int // its parts are first, first+1, ...
	partTape

	// Of the current step.
	loss  float64   // the shard's share of the mean cross-entropy
	grads []float32 // nil where no pair is the shard's
}

func newTranslationShard(t *TranslationTrainer, i int) *translationShard {
	parts := t.config.Accumulate
	return &translationShard{trainer: t, first: i * parts, partTape: newPartTape(t.model.Params(), parts, &t.config.Common)}
}

// compute computes the loss and the gradient of the shard's pairs in a batch in
// which the given number of words is predicted.
func (s *translationShard) compute(step, words int, sources, targets [][]int32) {
	s.loss, s.grads = 0, nil
	config := &s.trainer.config
	for part := range config.Accumulate {
		parts := config.Shards * config.Accumulate
		at := s.first + part
		lo, hi := at*len(sources)/parts, (at+1)*len(sources)/parts
		if lo == hi {
			continue
		}
		s.tape.Reset()
		s.grads = s.add(s.grads, s.part(step, words, lo, sources[lo:hi], targets[lo:hi]))
	}
}

// part computes the pairs of one part, the first of which is pair lo of the batch,
// and returns its gradient.
func (s *translationShard) part(step, words, lo int, sources, targets [][]int32) []float32 {
	t := s.trainer
	c := t.context(s.tape, step, lo)
	loss := t.model.Loss(&c, sources, targets, t.config.Smoothing)
	share := float32(predicted(targets)) / float32(words)
	s.loss += float64(share) * float64(loss.Item())
	return s.tape.Backward(ops.Scale(loss, share))
}

// predicted returns the number of words of some targets with their ends.
func predicted(targets [][]int32) (words int) {
	for _, target := range targets {
		words += len(target) + 1
	}
	return words
}

// The place in the data follows from the number of steps.
func (t *TranslationTrainer) state() []safetensors.Tensor { return nil }

func (t *TranslationTrainer) restore(int, *safetensors.File) error { return nil }
