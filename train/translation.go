package train

import (
	"context"
	"fmt"
	"iter"

	"autodropout/autograd"
	"autodropout/data/text/bitext"
	"autodropout/internal/seed"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/optim"
)

// TranslationConfig says how a [TranslationTrainer] trains. Its zero value is one
// epoch in batches of 4,096 places, with Adam and a second moment's decay of 0.98.
type TranslationConfig struct {
	Epochs int // 0 means 1

	// Tokens is the largest size of a batch: the number of its sentence pairs, times the
	// length of the longest sentence among them, its end counted. 0 means 4096. Sentences
	// of similar length share a batch. The order of the batches is random, and so is the
	// choice among sentences of equal length.
	Tokens int

	// Longest is the number of words of the longest sentences that are trained on,
	// their ends not counted; 0 means as many as a batch can hold. Pairs with a
	// longer sentence, or an empty one, are left out: see Skipped.
	Longest int

	Smoothing float32 // label smoothing, 0 to 1

	// Where Schedule is nil the learning rate grows to Rate (0 means 5e-4) over
	// WarmUp steps and falls with the inverse square root of their number after
	// that.
	Rate   float32
	WarmUp int

	// MeanEpochs is the number of epochs over which weights are averaged: the
	// average is that of the weights at the ends of the last epochs. It excludes
	// EMA and Lookahead.
	MeanEpochs int

	Common
}

// withDefaults returns c with its zeros replaced, and an error when it is out of
// range.
func (c TranslationConfig) withDefaults() (TranslationConfig, error) {
	for _, number := range []struct {
		name     string
		value    *int
		standard int
	}{
		{"epochs", &c.Epochs, 1}, {"places in a batch", &c.Tokens, 4096}, {"shards", &c.Shards, 1}, {"parts of a shard", &c.Accumulate, 1},
	} {
		if *number.value == 0 {
			*number.value = number.standard
		}
		if *number.value < 1 {
			return c, fmt.Errorf("train: the number of %s must be at least 1, not %d", number.name, *number.value)
		}
	}
	if c.Rate == 0 {
		c.Rate = 5e-4
	}
	if c.Longest == 0 {
		c.Longest = max(1, c.Tokens-1)
	}
	switch {
	case c.Longest < 1 || c.Longest >= c.Tokens:
		return c, fmt.Errorf("train: sentences of up to %d words and their ends do not fit batches of %d places", c.Longest, c.Tokens)
	case !(c.Smoothing >= 0 && c.Smoothing < 1):
		return c, fmt.Errorf("train: the label smoothing must be at least 0 and below 1, not %v", c.Smoothing)
	case c.MeanEpochs < 0 || c.MeanEpochs > c.Epochs:
		return c, fmt.Errorf("train: weights cannot be averaged over %d of %d epochs", c.MeanEpochs, c.Epochs)
	case c.MeanEpochs > 0 && (c.EMA > 0 || c.Lookahead.Every > 0):
		return c, errMean
	}
	return c, nil
}

// TranslationTrainer trains one model on sentence pairs.
type TranslationTrainer struct {
	*Loop
	model   *models.Transformer
	config  TranslationConfig
	pairs   *bitext.Dataset
	batches *bitext.Batches // in order
}

// NewTranslation returns a trainer for model on sentence pairs, whose words are
// those of the model; they are read when their batch comes. It is an error when the
// configuration does not fit, or no pair does.
func NewTranslation(model *models.Transformer, pairs *bitext.Dataset, config TranslationConfig) (*TranslationTrainer, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &TranslationTrainer{model: model, pairs: pairs}
	t.batches = bitext.NewBatches(pairs.Len(), pairs.Lengths, bitext.BatchConfig{Tokens: config.Tokens, Longest: config.Longest})
	if t.batches.Len() == 0 {
		return nil, fmt.Errorf("train: none of %d sentence pairs has 1 to %d words on both sides: there is nothing to train on", pairs.Len(), config.Longest)
	}
	if _, err := wholeSteps(config.Epochs, t.batches.Len()); err != nil {
		return nil, err
	}
	if config.Optimizer == nil {
		config.Optimizer = optim.NewAdam(model.Params(), optim.AdamConfig{Beta2: 0.98})
	}
	if config.Schedule == nil {
		config.Schedule = optim.WarmUp(config.WarmUp, optim.InverseSqrt(config.Rate, config.WarmUp))
	}
	t.config = config
	if t.Loop, err = newLoop((*translationTask)(t), &t.config.Common); err != nil {
		return nil, err
	}
	if config.MeanEpochs > 0 {
		t.average, t.averageEvery = optim.NewMean(model.Params()), t.batches.Len()
		t.averageFrom = (config.Epochs-config.MeanEpochs+1)*t.batches.Len() - 1
	}
	return t, nil
}

// Skipped returns the number of pairs that are left out.
func (t *TranslationTrainer) Skipped() int { return t.batches.Skipped }

// translationTask is the task of a [TranslationTrainer].
type translationTask TranslationTrainer

func (t *translationTask) Params() *autograd.Params { return t.model.Params() }

func (t *translationTask) Steps() int { return t.config.Epochs * t.batches.Len() }

func (t *translationTask) Identity() any {
	return struct {
		TranslationConfig
		Pairs uint32
	}{t.config, t.pairs.Checksum()}
}

func (t *translationTask) Batches(ctx context.Context, from int) iter.Seq2[Batch, error] {
	shuffled, of := (*bitext.Batches)(nil), -1
	return Epochs(ctx, from, t.batches.Len(), func(epoch, i int) (Batch, error) {
		if epoch != of {
			shuffled, of = t.batches.Shuffled(seed.New(t.config.Seed, "batches", uint64(epoch))), epoch
		}
		sources, targets, err := t.pairs.Pairs(shuffled.Batch(i))
		if err != nil {
			return Batch{}, err
		}
		words := predicted(targets)
		return Batch{Examples: len(sources), Size: words, Loss: func(c *layers.Ctx, p *Part) (*autograd.Tensor, error) {
			loss := t.model.Loss(c, sources[p.Lo:p.Hi], targets[p.Lo:p.Hi], t.config.Smoothing)
			p.Share = float32(predicted(targets[p.Lo:p.Hi])) / float32(words)
			p.Report(float64(p.Share) * float64(loss.Item()))
			return loss, nil
		}}, nil
	})
}

// predicted returns the number of words of some targets with their ends.
func predicted(targets [][]int32) (words int) {
	for _, target := range targets {
		words += len(target) + 1
	}
	return words
}

// Evaluate scores the model, with its averaged weights where there is an average,
// on all sentence pairs, in batches of at most Tokens places or one pair.
func (t *TranslationTrainer) Evaluate(ctx context.Context, pairs *bitext.Dataset) (score LanguageScore, err error) {
	err = t.averaged(func() error {
		score, err = EvaluateTranslation(ctx, t.model, pairs, t.config.Tokens)
		return err
	})
	return score, err
}

// Translate translates sentences with the model, with its averaged weights where
// there is an average, in batches of at most Tokens places.
func (t *TranslationTrainer) Translate(ctx context.Context, sources [][]int32, search models.Search) (found [][]models.Translation, err error) {
	err = t.averaged(func() error {
		found, err = Translate(ctx, t.model, sources, search, t.config.Tokens)
		return err
	})
	return found, err
}
