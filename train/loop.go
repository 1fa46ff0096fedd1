package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"autodropout/autograd"
	"autodropout/internal/safetensors"
	"autodropout/optim"
)

// Loop is the part of a trainer that does not depend on what is trained: the
// steps with their checkpoints and log.
type Loop struct {
	task         task
	params       *autograd.Params
	config       *Common
	average      *optim.Average // nil: none
	averageFrom  int            // the first step that counts in the average
	averageEvery int            // steps from one that counts to the next; 0: 1
	losses       []float32      // of every step done
	total        int            // steps in the whole training
	log          *runLog        // nil: none
	saved        int            // steps in the checkpoint that was saved last; -1: none in this run
	clock        time.Time      // when the last step ended
	begun        int            // steps done before this run
	cancelled    func() bool    // whether this run is
	broken       bool           // a step was broken off, which has changed the model
}

// task computes the steps of a training.
type task interface {
	// steps yields the steps from the given one on. It ends early when ctx is
	// cancelled, or when the data fails: err says why then.
	steps(ctx context.Context, from int) iter.Seq[compute]
	err() error
	// commit makes the side effects of a step last.
	commit()
	// notFinite returns the first number of the step that was not finite, nil if
	// there is none or nobody has looked.
	notFinite() *NotFiniteError
	// release gives back what a step has used, whether it was committed or not.
	release()
	// identity returns what trainings must have in common for a checkpoint of one
	// to continue the other: the configuration, which has a JSON form, and what
	// tells other data apart.
	identity() (config any, data []any)
	// state returns what a checkpoint has to hold beside what Loop knows, and
	// restore takes it back after the given number of steps.
	state() []safetensors.Tensor
	restore(steps int, file *safetensors.File) error
}

// compute runs a step forward and backward. It fills in Epoch, Size and Loss,
// may scale Rate, and returns the gradient, nil where the loss is not finite or the
// step was broken off.
type compute func(s *Step) (grads []float32)

// newLoop returns the loop of a training of total steps. Optimizer and Schedule
// are set.
func newLoop(task task, params *autograd.Params, config *Common, total int) (*Loop, error) {
	if config.CheckpointEvery == 0 {
		config.CheckpointEvery = time.Minute
	}
	if config.KeepCheckpoints == 0 {
		config.KeepCheckpoints = 2
	}
	switch {
	case !(config.EMA >= 0 && config.EMA < 1):
		return nil, fmt.Errorf("train: the decay of the moving average must be at least 0 and below 1, not %v", config.EMA)
	case config.KeepCheckpoints < 0:
		return nil, fmt.Errorf("train: %d checkpoints cannot be kept", config.KeepCheckpoints)
	}
	l := &Loop{task: task, params: params, config: config, total: total}
	identified, _ := task.identity()
	if _, err := json.Marshal(identified); err != nil {
		return nil, fmt.Errorf("train: the configuration has a number that is not finite: %w", err)
	}
	if config.EMA > 0 {
		l.average = optim.NewEMA(params, config.EMA)
	}
	return l, nil
}

// Done returns how many steps have been taken.
func (l *Loop) Done() int { return len(l.losses) }

// Total returns how many steps the whole training has.
func (l *Loop) Total() int { return l.total }

// Losses returns the loss of every step so far.
func (l *Loop) Losses() []float32 { return slices.Clone(l.losses) }

// Run trains to the end. When ctx is cancelled it finishes the step, saves a
// checkpoint and returns the cause; Run may be called again to go on. Where the last
// step is in a checkpoint already, or there is none, it does not finish a step of
// several parts, which may take hours: then another trainer has to go on from there. A
// training that diverges ends with a [*DivergedError]. Where a checkpoint cannot
// be saved, Run goes on and tries again later, and ends with a [*SaveError] when
// that is the last one.
func (l *Loop) Run(ctx context.Context) (err error) {
	if l.config.Log != "" {
		if l.log, err = openLog(l.config.Log, l.Done()); err != nil {
			return err
		}
		defer func() {
			if closed := l.log.close(); err == nil && closed != nil {
				err = &SaveError{l.config.Log, closed}
			}
			l.log = nil
		}()
	}
	if l.broken {
		return errors.New("train: a step was broken off: continue from the last checkpoint with another trainer")
	}
	l.begun, l.cancelled = l.Done(), func() bool { return ctx.Err() != nil }
	l.clock = time.Now()
	attempt := l.clock // to save
	l.saved = -1
	if ctx.Err() == nil {
		for compute := range l.task.steps(ctx, l.Done()) {
			if err := l.step(compute); err != nil {
				return err
			}
			if l.broken {
				break
			}
			if l.config.Checkpoint != "" && time.Since(attempt) >= l.config.CheckpointEvery {
				if err := l.save(); err != nil {
					l.config.notify("%v; the training goes on and tries again in %v", err, l.config.CheckpointEvery)
				}
				attempt = time.Now()
			}
		}
	}
	if l.config.Checkpoint != "" && l.saved != l.Done() && !l.broken {
		if err := l.save(); err != nil {
			return err
		}
	}
	if l.Done() < l.total && ctx.Err() == nil {
		return fmt.Errorf("train: no more data after %d of %d steps: %w", l.Done(), l.total, l.task.err())
	}
	if l.Done() < l.total {
		return context.Cause(ctx)
	}
	return nil
}

// step takes one step.
func (l *Loop) step(compute compute) error {
	s := Step{Step: l.Done()}
	s.Rate = l.config.Schedule(s.Step)
	defer l.task.release()
	grads := compute(&s)
	if l.broken {
		return nil
	}
	first := l.task.notFinite()
	if grads == nil || first != nil {
		return &DivergedError{Step: s.Step, Loss: s.Loss, First: first}
	}
	if first = l.checkParams("the sum of the gradients", grads); first != nil {
		return &DivergedError{Step: s.Step, Loss: s.Loss, First: first}
	}
	s.Norm = optim.ClipNorm(grads, l.config.ClipNorm)
	if !finite(s.Norm) {
		return &DivergedError{Step: s.Step, Loss: s.Loss, Norm: s.Norm}
	}
	l.config.Optimizer.Step(s.Rate, grads)
	if first = l.checkParams("the update", l.params.Flat()); first != nil {
		return &DivergedError{Step: s.Step, Loss: s.Loss, Norm: s.Norm, First: first}
	}
	l.task.commit()
	if since := s.Step - l.averageFrom; l.average != nil && since >= 0 && since%max(1, l.averageEvery) == 0 {
		l.average.Update()
	}
	l.losses = append(l.losses, s.Loss)
	now := time.Now()
	s.Seconds, l.clock = now.Sub(l.clock).Seconds(), now
	if l.log != nil {
		if err := l.log.write(s); err != nil {
			return err
		}
	}
	if l.config.OnStep != nil {
		l.config.OnStep(s)
	}
	return nil
}

// part tells that a part of a step is done and reports whether the next one may
// begin. A step of which nothing would be lost is broken off when the run is
// cancelled.
func (l *Loop) part(part, parts int) bool {
	if l.config.OnPart != nil && parts > 1 {
		l.config.OnPart(part, parts)
	}
	kept := l.config.Checkpoint == "" || l.saved == l.Done() || l.begun == l.Done()
	l.broken = part+1 < parts && kept && l.cancelled()
	return !l.broken
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// progress returns the share of the training that was done before a step.
func (l *Loop) progress(step int) float64 { return float64(step) / float64(l.total) }

// averaged calls f while the model has its averaged weights, where there is an
// average of anything.
func (l *Loop) averaged(f func() error) error {
	if l.average != nil && l.Done() > l.averageFrom {
		l.average.Swap()
		defer l.average.Swap()
	}
	return f()
}
