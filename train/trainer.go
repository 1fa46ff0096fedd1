package train

import (
	"context"
	"fmt"
	"iter"
	"time"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/optim"
)

// Trainer trains one image classifier on one source of images.
type Trainer struct {
	*Loop
	model  layers.Model
	images data.Source
	config Config
	loader *data.Loader
}

// New returns a trainer for model, which must be complete, on images. It is an
// error when the configuration does not fit.
func New(model layers.Model, images data.Source, config Config) (*Trainer, error) {
	if config.Epochs == 0 {
		config.Epochs = 1
	}
	if config.Batch == 0 {
		config.Batch = 128
	}
	config.setParts()
	switch {
	case config.Accumulate < 1 || config.Accumulate > config.Batch:
		return nil, fmt.Errorf("train: a batch of %d images has from 1 to %d parts, not %d", config.Batch, config.Batch, config.Accumulate)
	case config.Epochs < 0:
		return nil, fmt.Errorf("train: %d epochs are not possible: at least 1 is needed", config.Epochs)
	case config.Smoothing < 0 || config.Smoothing > 1:
		return nil, fmt.Errorf("train: label smoothing must be from 0 to 1, not %v", config.Smoothing)
	}
	if err := config.checkTogether(); err != nil {
		return nil, err
	}
	if err := config.HardExamples.check(); err != nil {
		return nil, err
	}
	loader, err := data.NewLoader(images, data.LoaderConfig{Batch: config.Batch, Seed: config.Seed, Augment: config.Augment})
	if err != nil {
		return nil, err
	}
	total, err := wholeSteps(config.Epochs, loader.Batches())
	if err != nil {
		return nil, err
	}
	if config.Optimizer == nil {
		config.Optimizer = optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4})
	}
	if config.Schedule == nil {
		config.Schedule = optim.Cosine(0.1, total)
	}
	t := &Trainer{model: model, images: images, config: config, loader: loader}
	if t.Loop, err = newLoop((*imageTask)(t), &t.config.Common); err != nil {
		return nil, err
	}
	return t, nil
}

// Waited returns how long the training has waited for images so far.
func (t *Trainer) Waited() time.Duration { return t.loader.Waited() }

// imageTask is the task of a [Trainer].
type imageTask Trainer

func (t *imageTask) Params() *autograd.Params { return t.model.Params() }

func (t *imageTask) Steps() int { return t.config.Epochs * t.loader.Batches() }

func (t *imageTask) Identity() any {
	return struct {
		Config
		Images []any
	}{t.config, identify(t.images)}
}

// identify returns what tells a source of images from others.
func identify(images data.Source) []any {
	return []any{images.Header(), images.Len(), images.Checksum()}
}

func (t *imageTask) Batches(ctx context.Context, from int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		batches, hard := t.loader.Batches(), &t.config.HardExamples
		defer func() { hard.tape = nil }()
		for epoch, first := from/batches, from%batches; ctx.Err() == nil; epoch, first = epoch+1, 0 {
			for batch := range t.loader.Epoch(ctx, epoch, first) {
				step := epoch*batches + batch.Index
				batch, learn, err := hard.choose(step, &t.config, batch)
				if err != nil {
					yield(Batch{}, err)
					return
				}
				if step == t.Steps()-1 {
					hard.tape = nil // an evaluation has its memory
				}
				b := Batch{Epoch: epoch, Last: batch.Index == batches-1, Examples: len(batch.Y), Done: learn,
					Loss: func(c *layers.Ctx, p *Part) (*autograd.Tensor, error) { return t.loss(c, p, batch), nil }}
				if !yield(b, nil) {
					return
				}
			}
			if err := t.loader.Err(); err != nil {
				yield(Batch{}, err)
				return
			}
		}
	}
}

// State implements [Stateful].
func (t *imageTask) State() []layers.Array { return t.config.HardExamples.state() }

// Restore implements [Stateful].
func (t *imageTask) Restore(state []layers.Array) error { return t.config.HardExamples.restore(state) }

// loss runs the network on a part of a batch.
func (t *imageTask) loss(c *layers.Ctx, p *Part, batch *data.Batch) *autograd.Tensor {
	shape := append([]int{p.Hi - p.Lo}, batch.Shape[1:]...)
	size := len(batch.X) / len(batch.Y)
	logits := t.model.Forward(c, c.Tape.Input(batch.X[p.Lo*size:p.Hi*size], shape...))
	return ops.CrossEntropy(logits, batch.Y[p.Lo:p.Hi], ops.CrossEntropySpec{Smoothing: t.config.Smoothing})
}

// Evaluate scores the model, with its averaged weights where there is an
// average, on images.
func (t *Trainer) Evaluate(ctx context.Context, images data.Source) (score Score, err error) {
	err = t.averaged(func() error {
		score, err = Evaluate(ctx, t.model, images)
		return err
	})
	return score, err
}
