package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/train"
)

// name is what the files of the final training of a method with seed k are called.
func (m *Method) name(k int) string { return runfolder.Training(m.Key, k) }

// title is what people read about it.
func (m *Method) title(k int) string { return fmt.Sprintf("%s, seed %d", m.Title, k) }

// training makes sure that the final training of a method with seed k has
// finished: it is in the journal, or continues from its checkpoint, or starts.
func (e *Experiment[P]) training(ctx context.Context, m Method, policy Policy, k int) error {
	if _, done := e.finished(m, k); !done {
		u, err := e.train(ctx, m, policy, k)
		if err != nil {
			return err
		}
		if err := e.folder.Append(u); err != nil {
			return err
		}
		e.showBest()
	}
	// Also where a session was killed before it came to this. What is left on
	// failure does no harm.
	train.RemoveCheckpoints(e.folder.Checkpoint(m.name(k)))
	return e.readLosses(m, k)
}

// readLosses takes the losses of a finished training from its log, if that is there:
// what is kept of a run of many days may be its results only.
func (e *Experiment[P]) readLosses(m Method, k int) error {
	steps, err := train.ReadLog(e.folder.Log(m.name(k)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var losses []float32
	for _, s := range steps {
		losses = append(losses, s.Loss)
	}
	e.record.curve(m, k, e.Subject.Steps(m.Network), losses)
	return nil
}

func (e *Experiment[P]) finished(m Method, k int) (runfolder.Unit, bool) {
	for _, u := range e.folder.Finished() {
		if u.Method == m.Key && u.Seed == k {
			return u, true
		}
	}
	return runfolder.Unit{}, false
}

// apply returns the dropout of a learned pattern.
func (e *Experiment[P]) apply(pattern P) Policy {
	return func(sites []dropout.Site) (dropout.Policy, error) { return e.Subject.Apply(pattern, sites) }
}

// train trains and scores once.
func (e *Experiment[P]) train(ctx context.Context, m Method, policy Policy, k int) (runfolder.Unit, error) {
	var task *Task
	var events *trainingEvents
	progress := e.progress.Load()
	base := uint64(e.Plan.Seed)
	common := e.common(m.title(k), e.folder.Checkpoint(m.name(k)))
	common.Seed = seed.Derive(base, "final training", uint64(k))
	common.Log = e.folder.Log(m.name(k))
	common.OnStep = func(s train.Step) {
		e.stepped(task, s)
		e.record.loss(m, k, s.Loss)
		events.step(s)
	}
	training, err := e.Subject.Prepare(m.Network, seed.Derive(base, "final model", uint64(k)), policy, common)
	if err != nil {
		return runfolder.Unit{}, err
	}
	task = progress.Task(m.title(k), training.Total(), e.cost[m.Network])
	defer task.End()
	found, err := training.Resume()
	if err != nil {
		return runfolder.Unit{}, err
	}
	if found {
		task.Skip(training.Done())
		progress.Logf("%s: continuing after step %d", m.title(k), training.Done())
	}
	e.record.curve(m, k, training.Total(), training.Losses())
	if events, err = e.newTrainingEvents(m, k, training); err != nil {
		return runfolder.Unit{}, err
	}
	u, err := e.finish(ctx, m, k, training)
	if err == nil && !u.Diverged {
		events.score(&e.about, u.Score)
	}
	if closed := events.close(); err == nil {
		err = closed
	}
	return u, err
}

// common returns what all trainings have in common. The title is what people
// know this one by.
func (e *Experiment[P]) common(title, checkpoint string) train.Common {
	return train.Common{
		Checkpoint:      checkpoint,
		CheckpointEvery: e.Plan.CheckpointEvery,
		KeepCheckpoints: e.Plan.Checkpoints,
		CheckFinite:     e.Plan.Debug == "nan",
		Recompute:       e.Plan.Recompute,
		Notify:          func(notice string) { e.progress.Load().Logf("%s: %s", title, notice) },
	}
}

// complete runs a training. That its last checkpoint cannot be saved is no
// reason to lose a training that is complete.
func (e *Experiment[P]) complete(ctx context.Context, title string, training *Training) error {
	err := training.Run(ctx)
	if unsaved := (*train.SaveError)(nil); errors.As(err, &unsaved) && training.Done() == training.Total() {
		e.progress.Load().Logf("%s: %v; the training is complete and goes on to be scored", title, unsaved)
		return nil
	}
	return err
}

// finish runs a training to its end, scores it and saves its weights.
func (e *Experiment[P]) finish(ctx context.Context, m Method, k int, training *Training) (runfolder.Unit, error) {
	progress := e.progress.Load()
	u := runfolder.Unit{Method: m.Key, Seed: k}
	began := time.Now()
	err := e.complete(ctx, m.title(k), training)
	waited := ""
	if training.Waited != nil {
		waited = fmt.Sprintf(", %.1f %% of it waiting for data", 100*training.Waited().Seconds()/time.Since(began).Seconds())
	}
	var diverged *train.DivergedError
	if errors.As(err, &diverged) {
		u.Diverged = true
	} else if err != nil {
		return runfolder.Unit{}, err
	}
	steps, err := train.ReadLog(e.folder.Log(m.name(k)))
	if err != nil {
		return runfolder.Unit{}, err
	}
	items := 0
	for _, s := range steps {
		u.Seconds += s.Seconds
		items += s.Size
	}
	if u.Diverged {
		progress.Logf("%s: %v", m.title(k), diverged)
		return u, nil
	}
	rate := float64(items) / u.Seconds
	started := time.Now()
	if u.Score, err = training.Score(ctx); err != nil {
		return runfolder.Unit{}, err
	}
	u.Seconds += time.Since(started).Seconds()
	if !u.Score.Finite() {
		progress.Logf("%s: it has diverged: its score, %s, is not finite", m.title(k), e.about.score(u.Score))
		u.Score, u.Diverged = runfolder.Score{}, true
		return u, nil
	}
	if err := training.SaveWeights(e.folder.Weights(m.name(k))); err != nil {
		return runfolder.Unit{}, err
	}
	progress.Logf("%s: %s, %s, %s%s", m.title(k), e.about.score(u.Score), Duration(u.Seconds), Speed(rate, e.about.Item), waited)
	return u, nil
}
