package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/train"
)

// unitsName is the file in a run folder that lists the finished trainings.
const unitsName = "units.jsonl"

// Unit is a finished final training, a line of units.jsonl in a run's folder.
type Unit struct {
	Method string `json:"method"`
	Seed   int    `json:"seed"`
	Score
	Diverged bool    `json:"diverged,omitempty"`
	Seconds  float64 `json:"seconds"`
}

// name is what the files of the final training of a method with seed k are
// called, without their extensions.
func (m *Method) name(k int) string { return fmt.Sprintf("%s-%d", m.Key, k) }

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
		e.record.mu.Lock()
		err = e.units.Append(u)
		e.record.mu.Unlock()
		if err != nil {
			return err
		}
		e.showBest()
	}
	// Also where a session was killed before it came to this. What is left on
	// failure does no harm.
	train.RemoveCheckpoints(e.checkpoint(m, k))
	return e.readLosses(m, k)
}

// readLosses takes the losses of a finished training from its log, if that is there:
// what is kept of a run of many days may be its results only.
func (e *Experiment[P]) readLosses(m Method, k int) error {
	steps, err := train.ReadLog(e.log(m, k))
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

// unitList returns the trainings that have finished.
func (e *Experiment[P]) unitList() []Unit {
	e.record.mu.Lock()
	defer e.record.mu.Unlock()
	return slices.Clone(e.units.Records)
}

func (e *Experiment[P]) finished(m Method, k int) (Unit, bool) {
	for _, u := range e.unitList() {
		if u.Method == m.Key && u.Seed == k {
			return u, true
		}
	}
	return Unit{}, false
}

func (e *Experiment[P]) checkpoint(m Method, k int) string {
	return filepath.Join(e.folder, "checkpoints", m.name(k)+".safetensors")
}

func (e *Experiment[P]) log(m Method, k int) string {
	return filepath.Join(e.folder, "logs", m.name(k)+".jsonl")
}

// apply returns the dropout of a learned pattern.
func (e *Experiment[P]) apply(pattern P) Policy {
	return func(sites []dropout.Site) (dropout.Policy, error) { return e.Subject.Apply(pattern, sites) }
}

// train trains and scores once.
func (e *Experiment[P]) train(ctx context.Context, m Method, policy Policy, k int) (Unit, error) {
	var task *Task
	var events *trainingEvents
	progress := e.progress.Load()
	base := uint64(e.Plan.Seed)
	common := e.common(m.title(k), e.checkpoint(m, k))
	common.Seed = seed.Derive(base, "final training", uint64(k))
	common.Log = e.log(m, k)
	common.OnStep = func(s train.Step) {
		e.stepped(task, s)
		e.record.loss(m, k, s.Loss)
		events.step(s)
	}
	training, err := e.Subject.Prepare(m.Network, seed.Derive(base, "final model", uint64(k)), policy, common)
	if err != nil {
		return Unit{}, err
	}
	task = progress.Task(m.title(k), training.Total(), e.cost[m.Network])
	defer task.End()
	found, err := training.Resume()
	if err != nil {
		return Unit{}, err
	}
	if found {
		task.Skip(training.Done())
		progress.Logf("%s: continuing after step %d", m.title(k), training.Done())
	}
	e.record.curve(m, k, training.Total(), training.Losses())
	if events, err = e.newTrainingEvents(m, k, training); err != nil {
		return Unit{}, err
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
func (e *Experiment[P]) finish(ctx context.Context, m Method, k int, training *Training) (Unit, error) {
	progress := e.progress.Load()
	u := Unit{Method: m.Key, Seed: k}
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
		return Unit{}, err
	}
	steps, err := train.ReadLog(e.log(m, k))
	if err != nil {
		return Unit{}, err
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
		return Unit{}, err
	}
	u.Seconds += time.Since(started).Seconds()
	if err := training.SaveWeights(filepath.Join(e.folder, "weights", m.name(k)+".safetensors")); err != nil {
		return Unit{}, err
	}
	progress.Logf("%s: %s, %s, %s%s", m.title(k), e.about.score(u.Score), Duration(u.Seconds), Speed(rate, e.about.Item), waited)
	return u, nil
}

// FindWeights returns the file with the weights of the best training that a
// run's folder has of the methods with the given keys: better compares two
// scores. Where none has finished it is the checkpoint of one that has not.
func FindWeights(folder string, methods []string, better func(a, b Score) bool) (string, error) {
	units, err := OpenJournal[Unit](filepath.Join(folder, unitsName))
	if err != nil {
		return "", fmt.Errorf("cannot read what the run has finished: %w", err)
	}
	defer units.Close()
	var best *Unit
	for i, u := range units.Records {
		if slices.Contains(methods, u.Method) && !u.Diverged && (best == nil || better(u.Score, best.Score)) {
			best = &units.Records[i]
		}
	}
	if best != nil {
		m := Method{Key: best.Method}
		return filepath.Join(folder, "weights", m.name(best.Seed)+".safetensors"), nil
	}
	for _, key := range methods {
		found, err := filepath.Glob(filepath.Join(folder, "checkpoints", key+"-*.safetensors"))
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("the run in %s has trained no model yet: continue it with -resume until it has", folder)
}
