package train

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"iter"

	"autodropout/internal/parallel"
	"autodropout/internal/seed"
	"autodropout/models"
	"autodropout/optim"
)

// SentencePair is a sentence and its translation, as word ids without the words
// that begin and end sentences.
type SentencePair struct{ Source, Target []int32 }

// TranslationConfig says how a [TranslationTrainer] trains. Its zero value is one
// epoch in batches of 4,096 places, with Adam and a second moment's decay of 0.98.
type TranslationConfig struct {
	Epochs int // 0 means 1

	// Tokens is the largest size of a batch: the number of its sentence pairs,
	// times the length of the longest sentence among them, its end counted. 0
	// means 4096. Sentences of like length are together; the order of the batches
	// is random.
	Tokens int

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
	switch {
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
	pairs   []SentencePair
	batches [][]int // indices of pairs
	text    uint32  // checksum
	shards  []*translationShard
}

// NewTranslation returns a trainer for model on sentence pairs, which must be left
// alone meanwhile. It is an error when the configuration does not fit, there is no
// pair, or one is longer than a batch.
func NewTranslation(model *models.Transformer, pairs []SentencePair, config TranslationConfig) (*TranslationTrainer, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	if len(pairs) == 0 {
		return nil, fmt.Errorf("train: there are no sentence pairs to train on")
	}
	t := &TranslationTrainer{model: model, pairs: pairs}
	if t.batches, err = sentenceBatches(pairs, config.Tokens); err != nil {
		return nil, err
	}
	if t.text, err = checksum(pairs); err != nil {
		return nil, err
	}
	if config.Optimizer == nil {
		config.Optimizer = optim.NewAdam(model.Params(), optim.AdamConfig{Beta2: 0.98})
	}
	if config.Schedule == nil {
		config.Schedule = optim.WarmUp(config.WarmUp, optim.InverseSqrt(config.Rate, config.WarmUp))
	}
	t.config = config
	if t.Loop, err = newLoop(t, model.Params(), &t.config.Common, config.Epochs*len(t.batches)); err != nil {
		return nil, err
	}
	if config.MeanEpochs > 0 {
		t.average, t.averageEvery = optim.NewMean(model.Params()), len(t.batches)
		t.averageFrom = (config.Epochs-config.MeanEpochs+1)*len(t.batches) - 1
	}
	for i := range config.Shards {
		t.shards = append(t.shards, newTranslationShard(t, i))
	}
	return t, nil
}

// checksum identifies sentence pairs.
func checksum(pairs []SentencePair) (uint32, error) {
	sum, table := uint32(0), crc32.MakeTable(crc32.Castagnoli)
	var bytes []byte
	for _, p := range pairs {
		bytes = bytes[:0]
		for _, sentence := range [][]int32{p.Source, p.Target} {
			bytes = binary.LittleEndian.AppendUint32(bytes, uint32(len(sentence)))
			var err error
			if bytes, err = binary.Append(bytes, binary.LittleEndian, sentence); err != nil {
				return 0, err
			}
		}
		sum = crc32.Update(sum, table, bytes)
	}
	return sum, nil
}

func (t *TranslationTrainer) steps(ctx context.Context, from int) iter.Seq[compute] {
	return func(yield func(compute) bool) {
		for epoch := from / len(t.batches); epoch < t.config.Epochs; epoch++ {
			order := seed.New(t.config.Seed, "batches", uint64(epoch)).Perm(len(t.batches))
			for _, i := range order[from%len(t.batches):] {
				if ctx.Err() != nil || !yield(func(s *Step) []float32 { return t.compute(s, epoch, t.batches[i]) }) {
					return
				}
			}
			from = 0
		}
	}
}

// compute runs the model on one batch.
func (t *TranslationTrainer) compute(s *Step, epoch int, batch []int) []float32 {
	s.Epoch = epoch
	for _, i := range batch {
		s.Size += len(t.pairs[i].Target) + 1
	}
	parallel.For(len(t.shards), func(i int) { t.shards[i].compute(s.Step, s.Size, batch) })
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

// Sentences in memory do not fail.
func (t *TranslationTrainer) err() error { return nil }

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

func (t *TranslationTrainer) identity() (config any, data []any) { return t.config, []any{t.text} }

// Evaluate scores the model, with its averaged weights where there is an average,
// on sentence pairs in batches of at most Tokens places.
func (t *TranslationTrainer) Evaluate(ctx context.Context, pairs []SentencePair) (score LanguageScore, err error) {
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
