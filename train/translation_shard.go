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
	return &translationShard{trainer: t, first: i * parts, partTape: newPartTape(t.model.Params(), parts, t.config.CheckFinite)}
}

// compute computes the loss and the gradient of the shard's pairs in a batch whose
// targets have the given number of words.
func (s *translationShard) compute(step, words int, batch []int) {
	s.loss, s.grads = 0, nil
	config := &s.trainer.config
	for part := range config.Accumulate {
		parts := config.Shards * config.Accumulate
		at := s.first + part
		lo, hi := at*len(batch)/parts, (at+1)*len(batch)/parts
		if lo == hi {
			continue
		}
		s.tape.Reset()
		s.grads = s.add(s.grads, s.part(step, words, lo, batch[lo:hi]))
	}
}

// part computes the pairs of one part, the first of which is pair lo of the batch,
// and returns its gradient.
func (s *translationShard) part(step, words, lo int, batch []int) []float32 {
	t := s.trainer
	c := t.context(s.tape, step, lo)
	sources, targets, own := side(t.pairs, batch)
	loss := t.model.Loss(&c, sources, targets, t.config.Smoothing)
	share := float32(own) / float32(words)
	s.loss += float64(share) * float64(loss.Item())
	return s.tape.Backward(ops.Scale(loss, share))
}

// side returns the two sides of some pairs, and the number of words of the targets
// with their ends.
func side(pairs []SentencePair, batch []int) (sources, targets [][]int32, words int) {
	for _, i := range batch {
		sources, targets = append(sources, pairs[i].Source), append(targets, pairs[i].Target)
		words += len(pairs[i].Target) + 1
	}
	return sources, targets, words
}

// The place in the data follows from the number of steps.
func (t *TranslationTrainer) state() []safetensors.Tensor { return nil }

func (t *TranslationTrainer) restore(int, *safetensors.File) error { return nil }
