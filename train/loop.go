package train

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"autodropout/autograd"
	"autodropout/optim"
)

// Loop trains a [Task]: it takes the steps, with the optimizer, a schedule, clipping
// and an average, saves checkpoints, writes the log, and validates.
type Loop struct {
	task          Task
	params        *autograd.Params
	config        *Common
	workers       []*worker      // while there are steps to take
	average       *optim.Average // nil: none
	swapped       bool           // the model has its averaged weights
	averageFrom   int            // the first step that counts in the average
	averageEvery  int            // steps from one that counts to the next; 0: 1
	losses        []float32      // of every step done
	validations   []Validation
	due           bool        // an epoch has ended that is not validated
	epoch         int         // the last one of which a step was taken
	total         int         // steps in the whole training
	log           *runLog     // nil: none
	validationLog *runLog     // nil: none
	saved         int         // steps in the checkpoint that was saved last; -1: none in this run
	clock         time.Time   // when the last step ended
	begun         int         // steps done before this run
	cancelled     func() bool // whether this run is
	broken        bool        // a step was broken off, which has changed the model
}

// errMean refuses a second average beside a mean over epochs.
var errMean = errors.New("train: the weights have one average, a mean, a moving one or a look-ahead: leave MeanEpochs, or EMA and Lookahead, 0")

// NewLoop returns the training of a task, which must be complete. A nil Optimizer is
// Adam, and a nil Schedule the constant learning rate 0.001. It is an error when the
// configuration does not fit.
func NewLoop(task Task, config Common) (*Loop, error) {
	if config.Optimizer == nil {
		config.Optimizer = optim.NewAdam(task.Params(), optim.AdamConfig{})
	}
	if config.Schedule == nil {
		config.Schedule = optim.Constant(1e-3)
	}
	config.setParts()
	return newLoop(task, &config)
}

// newLoop returns the loop of a task with a configuration that has its optimizer, its
// schedule and its numbers of parts.
func newLoop(task Task, config *Common) (*Loop, error) {
	if config.CheckpointEvery == 0 {
		config.CheckpointEvery = time.Minute
	}
	if config.KeepCheckpoints == 0 {
		config.KeepCheckpoints = 2
	}
	switch {
	case !(config.EMA >= 0 && config.EMA < 1):
		return nil, fmt.Errorf("train: the decay of the moving average must be at least 0 and below 1, not %v", config.EMA)
	case config.Lookahead.Every < 0 || !(config.Lookahead.Decay >= 0 && config.Lookahead.Decay <= 1):
		return nil, fmt.Errorf("train: a look-ahead after every %d steps with a decay of %v is not possible: they are at least 0, and the decay at most 1", config.Lookahead.Every, config.Lookahead.Decay)
	case config.Lookahead.Every > 0 && config.EMA > 0:
		return nil, errors.New("train: the weights have one average, a moving one or a look-ahead: leave Lookahead or EMA 0")
	case config.KeepCheckpoints < 0:
		return nil, fmt.Errorf("train: %d checkpoints cannot be kept", config.KeepCheckpoints)
	case config.Accumulate < 1 || config.Shards < 1:
		return nil, fmt.Errorf("train: a batch cannot be computed in %d shards of %d parts: at least 1 of each is needed", config.Shards, config.Accumulate)
	case config.Patience < 0 || config.Validate == nil && (config.Patience > 0 || config.BestWeights != ""):
		return nil, fmt.Errorf("train: a patience of %d epochs, and the best weights, need scores of Validate", config.Patience)
	case task.Steps() < 0:
		return nil, fmt.Errorf("train: %d steps are not possible", task.Steps())
	}
	l := &Loop{task: task, params: task.Params(), config: config, total: task.Steps()}
	for _, part := range []any{task.Identity(), config} {
		if _, err := json.Marshal(part); err != nil {
			return nil, fmt.Errorf("train: the configuration has a number that is not finite, or no JSON form: %w", err)
		}
	}
	if config.EMA > 0 {
		l.average = optim.NewEMA(l.params, config.EMA)
	}
	if ahead := config.Lookahead; ahead.Every > 0 {
		l.average = optim.NewLookahead(l.params, func(t float64) float64 { return ahead.decay(t, l.total) })
		l.averageFrom, l.averageEvery = ahead.Every-1, ahead.Every
	}
	return l, nil
}

// wholeSteps returns the number of steps of so many epochs.
func wholeSteps(epochs, each int) (int, error) {
	if epochs > math.MaxInt/max(each, 1) {
		return 0, fmt.Errorf("train: %d epochs of %d steps are more than can be counted: take fewer epochs", epochs, each)
	}
	return epochs * each, nil
}

// Done returns how many steps have been taken.
func (l *Loop) Done() int { return len(l.losses) }

// Total returns how many steps the whole training has.
func (l *Loop) Total() int { return l.total }

// Losses returns the loss of every step so far.
func (l *Loop) Losses() []float32 { return slices.Clone(l.losses) }

// Run trains to the end, or until patience ends: see [Loop.Stopped]. When ctx is cancelled,
// Run finishes the step, saves a checkpoint and returns the cause; it may be called again
// to go on. A step of several parts may take hours: where nothing would be lost, since the
// last step is in a checkpoint or there are no checkpoints, Run abandons it. This Loop
// cannot go on then; make a new one from the checkpoint. A training that diverges ends with
// a [*DivergedError]. If a checkpoint cannot be saved, Run goes on and tries again later;
// if the last one cannot be saved, it ends with a [*SaveError].
func (l *Loop) Run(ctx context.Context) (err error) {
	for _, log := range []struct {
		path string
		open **runLog
		done int
		what string
	}{{l.config.Log, &l.log, l.Done(), "steps that were taken"}, {l.config.ValidationLog, &l.validationLog, len(l.validations), "validations"}} {
		if log.path == "" || log.open == &l.validationLog && l.config.Validate == nil {
			continue
		}
		lacks := 0
		if *log.open, lacks, err = openLog(log.path, log.done); err != nil {
			return err
		}
		if lacks > 0 {
			l.config.notify("the log %s lacks %d of the %d %s: lines from now on follow those that are there", log.path, lacks, log.done, log.what)
		}
		defer func() {
			if closed := (*log.open).close(); err == nil && closed != nil {
				err = &SaveError{log.path, closed}
			}
			*log.open = nil
		}()
	}
	if l.broken {
		return errors.New("train: a step was broken off: continue from the last checkpoint with another trainer")
	}
	l.begun, l.cancelled = l.Done(), func() bool { return ctx.Err() != nil }
	l.clock = time.Now()
	l.saved = -1
	failed := l.steps(ctx)
	if diverged := (*DivergedError)(nil); errors.As(failed, &diverged) {
		return failed
	}
	if l.config.Checkpoint != "" && l.saved != l.Done() && !l.broken {
		if err := l.save(); err != nil {
			return err
		}
	}
	switch {
	case failed != nil:
		return failed
	case l.Done() == l.total && !l.due || l.Stopped():
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return l.ended(errors.New("the task has ended"))
}

// ended reports data that has failed.
func (l *Loop) ended(err error) error {
	return fmt.Errorf("train: no more data after %d of %d steps: %w", l.Done(), l.total, err)
}

// steps takes the steps that are left, until ctx is cancelled or something fails.
func (l *Loop) steps(ctx context.Context) error {
	if err := l.validate(ctx); err != nil || l.Done() == l.total || l.Stopped() || ctx.Err() != nil {
		return err
	}
	defer l.giveBack()
	for len(l.workers) < l.config.Shards {
		l.workers = append(l.workers, newWorker(l.params, l.config))
	}
	attempt := time.Now() // to save
	for batch, err := range l.task.Batches(ctx, l.Done()) {
		if errors.As(err, new(*DivergedError)) {
			return err
		}
		if err != nil {
			return l.ended(err)
		}
		if batch.Examples < 1 {
			return fmt.Errorf("train: the task says that the batch of step %d has %d examples: set Batch.Examples to their number, at least 1", l.Done(), batch.Examples)
		}
		if err := l.step(&batch); err != nil || l.broken {
			return err
		}
		if err := l.validate(ctx); err != nil {
			return err
		}
		if l.config.Checkpoint != "" && time.Since(attempt) >= l.config.CheckpointEvery {
			if err := l.save(); err != nil {
				l.config.notify("%v; the training goes on and tries again in %v", err, l.config.CheckpointEvery)
			}
			attempt = time.Now()
		}
		if l.Done() == l.total || l.Stopped() || ctx.Err() != nil {
			return nil
		}
	}
	return nil
}

// step takes one step.
func (l *Loop) step(b *Batch) error {
	s := Step{Step: l.Done(), Epoch: b.Epoch, Size: cmp.Or(b.Size, b.Examples)}
	s.Rate = l.config.Schedule(s.Step)
	if b.Scale != 0 {
		s.Rate *= b.Scale
	}
	defer l.release()
	grads, err := l.compute(&s, b)
	if err != nil || l.broken {
		return err
	}
	first := l.notFinite()
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
	return l.commit(&s, b)
}

// commit makes a step last, and tells of it.
func (l *Loop) commit(s *Step, b *Batch) error {
	for _, w := range l.workers {
		w.tape.Commit()
	}
	if b.Done != nil {
		b.Done(s)
	}
	if since := s.Step - l.averageFrom; l.average != nil && since >= 0 && since%max(1, l.averageEvery) == 0 {
		l.average.Update()
	}
	l.losses = append(l.losses, s.Loss)
	l.epoch, l.due = b.Epoch, b.Last && l.config.Validate != nil
	now := time.Now()
	s.Seconds, l.clock = now.Sub(l.clock).Seconds(), now
	if l.log != nil {
		if err := l.log.write(*s); err != nil {
			return err
		}
	}
	if l.config.OnStep != nil {
		l.config.OnStep(*s)
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// averaged calls f while the model has its averaged weights, where there is an
// average of anything. It may be called by f again.
func (l *Loop) averaged(f func() error) error {
	if l.average != nil && l.Done() > l.averageFrom && !l.swapped {
		l.average.Swap()
		l.swapped = true
		defer func() {
			l.average.Swap()
			l.swapped = false
		}()
	}
	return f()
}
