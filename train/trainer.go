package train

import (
	"context"
	"fmt"
	"hash/crc32"
	"iter"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/internal/safetensors"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/optim"
)

// Trainer trains one image classifier on one set.
type Trainer struct {
	*Loop
	model  layers.Model
	set    *data.Set
	config Config
	loader *data.Loader
	tape   *autograd.Tape
}

// New returns a trainer for model, which must be complete, on set. It is an
// error when the configuration does not fit.
func New(model layers.Model, set *data.Set, config Config) (*Trainer, error) {
	if config.Epochs == 0 {
		config.Epochs = 1
	}
	if config.Batch == 0 {
		config.Batch = 128
	}
	switch {
	case config.Epochs < 0:
		return nil, fmt.Errorf("train: %d epochs are not possible: at least 1 is needed", config.Epochs)
	case config.Smoothing < 0 || config.Smoothing > 1:
		return nil, fmt.Errorf("train: label smoothing must be from 0 to 1, not %v", config.Smoothing)
	}
	loader, err := data.NewLoader(set, data.LoaderConfig{Batch: config.Batch, Seed: config.Seed, Augment: config.Augment})
	if err != nil {
		return nil, err
	}
	total := config.Epochs * loader.Batches()
	if config.Optimizer == nil {
		config.Optimizer = optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4})
	}
	if config.Schedule == nil {
		config.Schedule = optim.Cosine(0.1, total)
	}
	t := &Trainer{model: model, set: set, config: config, loader: loader}
	if t.Loop, err = newLoop(t, model.Params(), &t.config.Common, total); err != nil {
		return nil, err
	}
	t.tape = autograd.NewTape(model.Params())
	return t, nil
}

func (t *Trainer) steps(ctx context.Context, from int) iter.Seq[compute] {
	return func(yield func(compute) bool) {
		for step := from; step < t.total && ctx.Err() == nil; {
			epoch, first := step/t.loader.Batches(), step%t.loader.Batches()
			for batch := range t.loader.Epoch(ctx, epoch, first) {
				if !yield(func(s *Step) []float32 { return t.compute(s, epoch, batch) }) {
					return
				}
				step++
			}
		}
	}
}

// compute runs the network on one batch.
func (t *Trainer) compute(s *Step, epoch int, batch *data.Batch) []float32 {
	s.Epoch, s.Size = epoch, len(batch.Y)
	c := layers.Ctx{Tape: t.tape, Train: true, Policy: t.config.Policy}
	c.Stream.Seed = t.config.Seed
	c.Stream.Step = uint64(s.Step)
	c.Stream.Progress = t.progress(s.Step)
	logits := t.model.Forward(&c, t.tape.Input(batch.X, batch.Shape...))
	loss := ops.CrossEntropy(logits, batch.Y, t.config.Smoothing)
	s.Loss = loss.Item()
	if !finite(float64(s.Loss)) {
		return nil
	}
	return t.tape.Backward(loss)
}

func (t *Trainer) commit()  { t.tape.Commit() }
func (t *Trainer) release() { t.tape.Reset() }

func (t *Trainer) identity() []any {
	table := crc32.MakeTable(crc32.Castagnoli)
	c := &t.config
	return []any{c.Epochs, c.Batch, c.Smoothing, c.Augment, t.set.Len(), t.set.Mean, t.set.Std,
		crc32.Checksum(t.set.Images, table), crc32.Checksum(t.set.Labels, table)}
}

// The place in the data follows from the number of steps.
func (t *Trainer) state() []safetensors.Tensor          { return nil }
func (t *Trainer) restore(int, *safetensors.File) error { return nil }

// Evaluate scores the model, with its averaged weights where there is an
// average, on a set.
func (t *Trainer) Evaluate(ctx context.Context, set *data.Set) (score Score, err error) {
	err = t.averaged(func() error {
		score, err = Evaluate(ctx, t.model, set)
		return err
	})
	return score, err
}
