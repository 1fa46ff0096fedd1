package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/train"
)

// unitsName is the file in a run folder that lists the finished trainings.
const unitsName = "units.jsonl"

// unit is a finished final training, a line of that file.
type unit struct {
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

// training returns the final training of a method with seed k: from the
// journal, or by continuing its checkpoint, or from the start.
func (e *Experiment[P]) training(ctx context.Context, m Method, policy Policy, k int) (unit, error) {
	u, done := e.finished(m, k)
	if !done {
		var err error
		if u, err = e.train(ctx, m, policy, k); err != nil {
			return unit{}, err
		}
		if err := e.units.Append(u); err != nil {
			return unit{}, err
		}
		os.Remove(e.checkpoint(m, k)) // what is left of it on failure does no harm
	}
	if k == 0 {
		curve, err := lossCurve(m.Title, e.log(m, k))
		if err != nil {
			return unit{}, err
		}
		e.losses = append(e.losses, curve)
	}
	return u, nil
}

func (e *Experiment[P]) finished(m Method, k int) (unit, bool) {
	for _, u := range e.units.Records {
		if u.Method == m.Key && u.Seed == k {
			return u, true
		}
	}
	return unit{}, false
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
func (e *Experiment[P]) train(ctx context.Context, m Method, policy Policy, k int) (unit, error) {
	var task *Task
	base := uint64(e.Plan.Seed)
	training, err := e.Subject.Prepare(m.Network, seed.Derive(base, "final model", uint64(k)), policy, train.Common{
		Seed:       seed.Derive(base, "final training", uint64(k)),
		Checkpoint: e.checkpoint(m, k),
		Log:        e.log(m, k),
		OnStep:     func(s train.Step) { e.stepped(task, s) },
	})
	if err != nil {
		return unit{}, err
	}
	task = e.progress.Task(m.title(k), training.Total(), e.cost.final)
	defer task.End()
	if _, err := os.Stat(e.checkpoint(m, k)); err == nil {
		if err := training.Load(e.checkpoint(m, k)); err != nil {
			return unit{}, err
		}
		task.Skip(training.Done())
		e.progress.Logf("%s: continuing after step %d", m.title(k), training.Done())
	} else if !errors.Is(err, fs.ErrNotExist) {
		return unit{}, err
	}
	return e.finish(ctx, m, k, training)
}

// finish runs a training to its end, scores it and saves its weights.
func (e *Experiment[P]) finish(ctx context.Context, m Method, k int, training *Training) (unit, error) {
	u := unit{Method: m.Key, Seed: k}
	began := time.Now()
	err := training.Run(ctx)
	waited := ""
	if training.Waited != nil {
		waited = fmt.Sprintf(", %.1f %% of it waiting for data", 100*training.Waited().Seconds()/time.Since(began).Seconds())
	}
	var diverged *train.DivergedError
	if errors.As(err, &diverged) {
		u.Diverged = true
	} else if err != nil {
		return unit{}, err
	}
	steps, err := train.ReadLog(e.log(m, k))
	if err != nil {
		return unit{}, err
	}
	items := 0
	for _, s := range steps {
		u.Seconds += s.Seconds
		items += s.Size
	}
	if u.Diverged {
		e.progress.Logf("%s: %v", m.title(k), diverged)
		return u, nil
	}
	rate := float64(items) / u.Seconds
	started := time.Now()
	if u.Score, err = training.Score(ctx); err != nil {
		return unit{}, err
	}
	u.Seconds += time.Since(started).Seconds()
	if err := training.SaveWeights(filepath.Join(e.folder, "weights", m.name(k)+".safetensors")); err != nil {
		return unit{}, err
	}
	e.progress.Logf("%s: %s, %s, %s%s", m.title(k), e.about.score(u.Score), Duration(u.Seconds), Speed(rate, e.about.Item), waited)
	return u, nil
}

// FindWeights returns the file with the weights of the best training that a
// run's folder has of the methods with the given keys: better compares two
// scores. Where none has finished it is the checkpoint of one that has not.
func FindWeights(folder string, methods []string, better func(a, b Score) bool) (string, error) {
	units, err := OpenJournal[unit](filepath.Join(folder, unitsName))
	if err != nil {
		return "", fmt.Errorf("cannot read what the run has finished: %w", err)
	}
	defer units.Close()
	var best *unit
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
