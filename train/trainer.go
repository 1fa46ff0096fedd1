package train

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/optim"
)

// Trainer trains one model on one set.
type Trainer struct {
	model  layers.Model
	set    *data.Set
	config Config
	loader *data.Loader
	tape   *autograd.Tape
	ema    *optim.EMA // nil: none
	losses []float32  // of every step done
	total  int        // steps in the whole training
	log    *runLog    // nil: none
	clock  time.Time  // when the last step ended
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
	if config.CheckpointEvery == 0 {
		config.CheckpointEvery = time.Minute
	}
	switch {
	case config.Epochs < 0:
		return nil, fmt.Errorf("train: %d epochs are not possible: at least 1 is needed", config.Epochs)
	case config.Smoothing < 0 || config.Smoothing > 1:
		return nil, fmt.Errorf("train: label smoothing must be from 0 to 1, not %v", config.Smoothing)
	case config.EMA < 0 || config.EMA >= 1:
		return nil, fmt.Errorf("train: the decay of the moving average must be at least 0 and below 1, not %v", config.EMA)
	}
	loader, err := data.NewLoader(set, data.LoaderConfig{Batch: config.Batch, Seed: config.Seed, Augment: config.Augment})
	if err != nil {
		return nil, err
	}
	t := &Trainer{model: model, set: set, loader: loader, total: config.Epochs * loader.Batches()}
	if config.Optimizer == nil {
		config.Optimizer = optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4})
	}
	if config.Schedule == nil {
		config.Schedule = optim.Cosine(0.1, t.total)
	}
	if config.EMA > 0 {
		t.ema = optim.NewEMA(model.Params(), config.EMA)
	}
	t.config = config
	t.tape = autograd.NewTape(model.Params())
	t.losses = make([]float32, 0, t.total)
	return t, nil
}

// Done returns how many steps have been taken.
func (t *Trainer) Done() int { return len(t.losses) }

// Total returns how many steps the whole training has.
func (t *Trainer) Total() int { return t.total }

// Losses returns the loss of every step so far.
func (t *Trainer) Losses() []float32 { return slices.Clone(t.losses) }

// Run trains to the end. When ctx is cancelled it finishes the step, saves a
// checkpoint and returns the cause; Run may be called again to go on. A
// training that diverges ends with a [*DivergedError].
func (t *Trainer) Run(ctx context.Context) (err error) {
	if t.config.Log != "" {
		if t.log, err = openLog(t.config.Log, t.Done()); err != nil {
			return err
		}
		defer func() {
			if closed := t.log.close(); err == nil {
				err = closed
			}
			t.log = nil
		}()
	}
	t.clock = time.Now()
	saved := t.clock
	for t.Done() < t.total && ctx.Err() == nil {
		epoch, first := t.Done()/t.loader.Batches(), t.Done()%t.loader.Batches()
		for batch := range t.loader.Epoch(ctx, epoch, first) {
			if err := t.step(epoch, batch); err != nil {
				return err
			}
			if t.config.Checkpoint != "" && time.Since(saved) >= t.config.CheckpointEvery {
				if err := t.save(); err != nil {
					return err
				}
				saved = time.Now()
			}
		}
	}
	if t.config.Checkpoint != "" {
		if err := t.save(); err != nil {
			return err
		}
	}
	if t.Done() < t.total {
		return context.Cause(ctx)
	}
	return nil
}

// step trains on one batch.
func (t *Trainer) step(epoch int, batch *data.Batch) error {
	s := Step{Step: t.Done(), Epoch: epoch, Images: len(batch.Y)}
	s.Rate = t.config.Schedule(s.Step)
	defer t.tape.Reset()
	ctx := layers.Ctx{Tape: t.tape, Train: true, Policy: t.config.Policy}
	ctx.Stream.Seed = t.config.Seed
	ctx.Stream.Step = uint64(s.Step)
	ctx.Stream.Progress = float64(s.Step) / float64(t.total)
	logits := t.model.Forward(&ctx, t.tape.Input(batch.X, batch.Shape...))
	loss := ops.CrossEntropy(logits, batch.Y, t.config.Smoothing)
	s.Loss = loss.Item()
	if !finite(float64(s.Loss)) {
		return &DivergedError{Step: s.Step, Loss: s.Loss}
	}
	grads := t.tape.Backward(loss)
	s.Norm = optim.ClipNorm(grads, t.config.ClipNorm)
	if !finite(s.Norm) {
		return &DivergedError{Step: s.Step, Loss: s.Loss, Norm: s.Norm}
	}
	t.config.Optimizer.Step(s.Rate, grads)
	t.tape.Commit()
	if t.ema != nil {
		t.ema.Update()
	}
	t.losses = append(t.losses, s.Loss)
	now := time.Now()
	s.Seconds, t.clock = now.Sub(t.clock).Seconds(), now
	if t.log != nil {
		if err := t.log.write(s); err != nil {
			return err
		}
	}
	if t.config.OnStep != nil {
		t.config.OnStep(s)
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Evaluate scores the model, with its averaged weights where there is an
// average, on a set.
func (t *Trainer) Evaluate(ctx context.Context, set *data.Set) (Score, error) {
	if t.ema != nil {
		t.ema.Swap()
		defer t.ema.Swap()
	}
	return Evaluate(ctx, t.model, set)
}
