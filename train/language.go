package train

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"autodropout/data"
	"autodropout/models"
	"autodropout/optim"
)

// LanguageConfig says how a [LanguageTrainer] trains. Its zero value is one
// epoch over 20 rows of text in segments of 70 words, with Adam.
type LanguageConfig struct {
	Epochs int // 0 means 1
	Batch  int // rows into which the text is cut, read side by side; 0 means 20

	// Lengths are those of the segments; a Target of 0 means 70. With Jitter
	// segments have random lengths about Target ([data.Segments.JitteredSpans]),
	// and the learning rate of a step is scaled by its length.
	Lengths models.Lengths
	Jitter  bool

	// Activation and Temporal are the weights of two penalties (Merity et al.,
	// arXiv 1708.01009, section 4.3): the mean square of the last layer's output
	// after dropout, and that of its change from word to word before dropout.
	Activation, Temporal float32

	// If Schedule is nil, the learning rate grows to Rate (0 means 2.5e-4) over WarmUp
	// steps, and falls along a cosine to LastRate at the end of the epochs that are not
	// averaged.
	Rate, LastRate float32
	WarmUp         int

	// MeanEpochs is the number of epochs at the end over which weights are
	// averaged, all alike; it excludes EMA and Lookahead.
	MeanEpochs int

	Common
}

// withDefaults returns c with its zeros replaced, and an error when it is out of
// range.
func (c LanguageConfig) withDefaults() (LanguageConfig, error) {
	for _, number := range []struct {
		name     string
		value    *int
		standard int
	}{
		{"epochs", &c.Epochs, 1}, {"rows", &c.Batch, 20}, {"words in a segment", &c.Lengths.Target, 70},
		{"shards", &c.Shards, 1}, {"parts of a shard", &c.Accumulate, 1},
	} {
		if *number.value == 0 {
			*number.value = number.standard
		}
		if *number.value < 1 {
			return c, fmt.Errorf("train: the number of %s must be at least 1, not %d", number.name, *number.value)
		}
	}
	if c.Rate == 0 {
		c.Rate = 2.5e-4
	}
	switch {
	case c.Lengths.Memory < 0 || c.Lengths.Extended < 0:
		return c, fmt.Errorf("train: memory and extended context must not be negative, as in %+v", c.Lengths)
	case c.Shards*c.Accumulate > c.Batch:
		return c, fmt.Errorf("train: %d rows cannot be divided equally into %d shards of %d parts: change one of these numbers", c.Batch, c.Shards, c.Accumulate)
	case c.MeanEpochs < 0 || c.MeanEpochs > c.Epochs:
		return c, fmt.Errorf("train: weights cannot be averaged over %d of %d epochs: take from 0 to all of them", c.MeanEpochs, c.Epochs)
	case c.MeanEpochs > 0 && (c.EMA > 0 || c.Lookahead.Every > 0):
		return c, errMean
	case c.MeanEpochs == c.Epochs && c.Schedule == nil && c.LastRate == 0:
		return c, fmt.Errorf("train: where weights are averaged over all %d epochs, the learning rate is LastRate from the first step on, and it is 0: set LastRate or Schedule, or average over fewer epochs", c.Epochs)
	}
	return c, nil
}

// LanguageTrainer trains one language model on one text by truncated
// back-propagation through time.
type LanguageTrainer struct {
	*Loop
	model    *models.TransformerXL
	config   LanguageConfig
	segments *data.Segments
	even     []data.Span // of every epoch, without Jitter
	counts   []int       // of segments, by epoch, with Jitter
	steps    int         // in the whole training
	text     uint32      // checksum

	memory, next []*models.Memory // of each part, before and after a step
}

// NewLanguage returns a trainer for model on a text of word ids. It is an error
// when the configuration does not fit, or the text is too short for it.
func NewLanguage(model *models.TransformerXL, text []int32, config LanguageConfig) (*LanguageTrainer, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	parts := config.Shards * config.Accumulate
	t := &LanguageTrainer{model: model, memory: make([]*models.Memory, parts), next: make([]*models.Memory, parts)}
	if t.segments, err = data.NewSegments(text, config.Batch); err != nil {
		return nil, err
	}
	bytes, err := binary.Append(nil, binary.LittleEndian, text)
	if err != nil {
		return nil, err
	}
	t.text = crc32.Checksum(bytes, crc32.MakeTable(crc32.Castagnoli))
	mean, err := t.plan(&config)
	if err != nil {
		return nil, err
	}
	if config.Optimizer == nil {
		config.Optimizer = optim.NewAdam(model.Params(), optim.AdamConfig{})
	}
	if config.Schedule == nil {
		config.Schedule = optim.WarmUp(config.WarmUp, optim.CosineTo(config.Rate, config.LastRate, mean))
	}
	t.config = config
	if t.Loop, err = newLoop((*languageTask)(t), &t.config.Common); err != nil {
		return nil, err
	}
	if config.MeanEpochs > 0 {
		t.average, t.averageFrom = optim.NewMean(model.Params()), mean
	}
	return t, nil
}

// plan counts the segments of all epochs. It returns the step at which the
// average of weights begins.
func (t *LanguageTrainer) plan(c *LanguageConfig) (mean int, err error) {
	t.even = t.segments.Spans(c.Lengths.Target)
	if t.steps, err = wholeSteps(c.Epochs, len(t.even)); err != nil || !c.Jitter {
		return t.steps - c.MeanEpochs*len(t.even), err
	}
	const most = 1 << 24
	if t.steps > most {
		return 0, fmt.Errorf("train: %d epochs of segments of random lengths are about %d steps, and at most %d are counted: take fewer epochs, or segments of even lengths", c.Epochs, t.steps, most)
	}
	t.steps = 0
	for epoch := range c.Epochs {
		n := len(t.segments.JitteredSpans(c.Lengths.Target, c.Seed, epoch))
		t.counts = append(t.counts, n)
		t.steps += n
		if epoch < c.Epochs-c.MeanEpochs {
			mean += n
		}
	}
	return mean, nil
}

// Evaluate scores the model, with its averaged weights where there is an
// average, on a text.
func (t *LanguageTrainer) Evaluate(ctx context.Context, text []int32, config LanguageEvaluation) (score LanguageScore, err error) {
	err = t.averaged(func() error {
		score, err = EvaluateLanguage(ctx, t.model, text, config)
		return err
	})
	return score, err
}
