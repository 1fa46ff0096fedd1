package train

import (
	"context"
	"fmt"
	"iter"

	"autodropout/data/text/bitext"
	"autodropout/internal/parallel"
	"autodropout/internal/seed"
	"autodropout/models"
	"autodropout/optim"
)

// TranslationConfig says how a [TranslationTrainer] trains. Its zero value is one
// epoch in batches of 4,096 places, with Adam and a second moment's decay of 0.98.
type TranslationConfig struct {
	Epochs int // 0 means 1

	// Tokens is the largest size of a batch: the number of its sentence pairs,
	// times the length of the longest sentence among them, its end counted. 0
	// means 4096. Sentences of like length are together; which of equal length, and
	// the order of the batches, is random.
	Tokens int

	// Longest is the number of words of the longest sentences that are trained on,
	// their ends not counted; 0 means as many as a batch can hold. Pairs with a
	// longer sentence, or an empty one, are left out: see Skipped.
	Longest int

	// Shards is the number of parts of a batch that are computed at the same
	// time, each on a tape of its own, and Accumulate the number of parts of a
	// shard that are computed one after another, to save memory. 0 means 1. The
	// gradient is the same sum in the same order whatever the number of cores.
	Shards, Accumulate int

	Smoothing float32 // label smoothing, 0 to 1

	// Where Schedule is nil the learning rate grows to Rate (0 means 5e-4) over
	// WarmUp steps and falls with the inverse square root of their number after
	// that.
	Rate   float32
	WarmUp int

	// MeanEpochs is the number of epochs over which weights are averaged: the
	// average is that of the weights at the ends of the last epochs. It excludes
	// EMA.
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
	case c.MeanEpochs > 0 && c.EMA > 0:
		return c, fmt.Errorf("train: the weights have one average: it cannot be a mean and a moving average")
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
	failed  error           // of the data
	shards  []*translationShard
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
	if config.Optimizer == nil {
		config.Optimizer = optim.NewAdam(model.Params(), optim.AdamConfig{Beta2: 0.98})
	}
	if config.Schedule == nil {
		config.Schedule = optim.WarmUp(config.WarmUp, optim.InverseSqrt(config.Rate, config.WarmUp))
	}
	t.config = config
	if t.Loop, err = newLoop(t, model.Params(), &t.config.Common, config.Epochs*t.batches.Len()); err != nil {
		return nil, err
	}
	if config.MeanEpochs > 0 {
		t.average, t.averageEvery = optim.NewMean(model.Params()), t.batches.Len()
		t.averageFrom = (config.Epochs-config.MeanEpochs+1)*t.batches.Len() - 1
	}
	for i := range config.Shards {
		t.shards = append(t.shards, newTranslationShard(t, i))
	}
	return t, nil
}

// Skipped returns the number of pairs that are left out.
func (t *TranslationTrainer) Skipped() int { return t.batches.Skipped }

func (t *TranslationTrainer) steps(ctx context.Context, from int) iter.Seq[compute] {
	return func(yield func(compute) bool) {
		count := t.batches.Len()
		for epoch := from / count; epoch < t.config.Epochs; epoch++ {
			batches := t.batches.Shuffled(seed.New(t.config.Seed, "batches", uint64(epoch)))
			for i := from % count; i < count; i++ {
				if ctx.Err() != nil {
					return
				}
				var sources, targets [][]int32
				if sources, targets, t.failed = t.pairs.Pairs(batches.Batch(i)); t.failed != nil {
					return
				}
				if !yield(func(s *Step) []float32 { return t.compute(s, epoch, sources, targets) }) {
					return
				}
			}
			from = 0
		}
	}
}

// compute runs the model on one batch.
func (t *TranslationTrainer) compute(s *Step, epoch int, sources, targets [][]int32) []float32 {
	s.Epoch, s.Size = epoch, predicted(targets)
	parallel.For(len(t.shards), func(i int) { t.shards[i].compute(s.Step, s.Size, sources, targets) })
	loss := 0.0
	var sum []float32
	for _, shard := range t.shards {
		loss += shard.loss
		switch {
		case shard.grads == nil: // fewer sentences than parts
		case sum == nil:
			sum = shard.grads
		default:
			optim.Accumulate(sum, shard.grads)
		}
	}
	s.Loss = float32(loss)
	if !finite(loss) {
		return nil
	}
	return sum
}

func (t *TranslationTrainer) commit() {
	for _, shard := range t.shards {
		shard.tape.Commit()
	}
}

func (t *TranslationTrainer) err() error { return t.failed }

func (t *TranslationTrainer) notFinite() *NotFiniteError {
	for _, shard := range t.shards {
		if first := shard.notFinite(); first != nil {
			return first
		}
	}
	return nil
}

func (t *TranslationTrainer) release() {
	for _, shard := range t.shards {
		shard.tape.Reset()
	}
}

func (t *TranslationTrainer) identity() (config any, data []any) {
	return t.config, []any{t.pairs.Checksum()}
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
