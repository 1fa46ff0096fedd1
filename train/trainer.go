package train

import (
	"context"
	"fmt"
	"iter"
	"time"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/internal/safetensors"
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
	partTape
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
	if config.Accumulate == 0 {
		config.Accumulate = 1
	}
	switch {
	case config.Accumulate < 1 || config.Accumulate > config.Batch:
		return nil, fmt.Errorf("train: a batch of %d images has from 1 to %d parts, not %d", config.Batch, config.Batch, config.Accumulate)
	case config.Epochs < 0:
		return nil, fmt.Errorf("train: %d epochs are not possible: at least 1 is needed", config.Epochs)
	case config.Smoothing < 0 || config.Smoothing > 1:
		return nil, fmt.Errorf("train: label smoothing must be from 0 to 1, not %v", config.Smoothing)
	}
	loader, err := data.NewLoader(images, data.LoaderConfig{Batch: config.Batch, Seed: config.Seed, Augment: config.Augment})
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
	t := &Trainer{model: model, images: images, config: config, loader: loader}
	if t.Loop, err = newLoop(t, model.Params(), &t.config.Common, total); err != nil {
		return nil, err
	}
	t.partTape = newPartTape(model.Params(), config.Accumulate, &config.Common)
	return t, nil
}

func (t *Trainer) steps(ctx context.Context, from int) iter.Seq[compute] {
	return func(yield func(compute) bool) {
		for step := from; step < t.total && ctx.Err() == nil && t.loader.Err() == nil; {
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

// Waited returns how long the training has waited for images so far.
func (t *Trainer) Waited() time.Duration { return t.loader.Waited() }

// compute runs the network on one batch, part by part.
func (t *Trainer) compute(s *Step, epoch int, batch *data.Batch) (grads []float32) {
	s.Epoch, s.Size = epoch, len(batch.Y)
	loss := 0.0
	parts := min(t.config.Accumulate, len(batch.Y))
	for part := range parts {
		if part > 0 {
			t.tape.Commit()
			t.tape.Reset()
		}
		objective := t.part(s, part, batch)
		loss += float64(objective.Item())
		s.Loss = float32(loss)
		if !finite(loss) {
			return nil
		}
		grads = t.add(grads, t.tape.Backward(objective))
		if !t.Loop.part(part, parts) {
			return nil
		}
	}
	return grads
}

// part runs the network on a part of a batch and returns that part's share of
// the mean loss.
func (t *Trainer) part(s *Step, part int, batch *data.Batch) *autograd.Tensor {
	n := len(batch.Y)
	parts := min(t.config.Accumulate, n)
	lo, hi := part*n/parts, (part+1)*n/parts
	c := t.context(t.tape, s.Step, lo)
	shape := append([]int{hi - lo}, batch.Shape[1:]...)
	size := len(batch.X) / n
	logits := t.model.Forward(&c, t.tape.Input(batch.X[lo*size:hi*size], shape...))
	loss := ops.CrossEntropy(logits, batch.Y[lo:hi], t.config.Smoothing)
	if parts == 1 {
		return loss
	}
	return ops.Scale(loss, float32(hi-lo)/float32(n))
}

func (t *Trainer) err() error { return t.loader.Err() }

func (t *Trainer) commit()  { t.tape.Commit() }
func (t *Trainer) release() { t.tape.Reset() }

func (t *Trainer) identity() (config any, data []any) { return t.config, identify(t.images) }

// identify returns what tells a source of images from others.
func identify(images data.Source) []any {
	return []any{images.Header(), images.Len(), images.Checksum()}
}

// The place in the data follows from the number of steps.
func (t *Trainer) state() []safetensors.Tensor          { return nil }
func (t *Trainer) restore(int, *safetensors.File) error { return nil }

// Evaluate scores the model, with its averaged weights where there is an
// average, on images.
func (t *Trainer) Evaluate(ctx context.Context, images data.Source) (score Score, err error) {
	err = t.averaged(func() error {
		score, err = Evaluate(ctx, t.model, images)
		return err
	})
	return score, err
}
