package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"autodropout/benchmarks/internal/bench"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/models"
	"autodropout/optim"
	"autodropout/train"
)

// unit is a finished final training, a line of units.jsonl.
type unit struct {
	Method   string  `json:"method"`
	Seed     int     `json:"seed"`
	Error    float64 `json:"error"` // on the test images, in percent
	Loss     float64 `json:"loss"`  // on the test images
	Diverged bool    `json:"diverged,omitempty"`
	Seconds  float64 `json:"seconds"`
}

// training returns the final training of a method with seed k: from the
// journal, or by continuing its checkpoint, or from the start.
func (e *experiment) training(ctx context.Context, m method, pattern *dropout.ConvPattern, k int) (unit, error) {
	name := fmt.Sprintf("%s-%d", m.key, k)
	logPath := filepath.Join(e.folder, "logs", name+".jsonl")
	u, done := e.finished(m, k)
	if !done {
		var err error
		if u, err = e.train1(ctx, m, pattern, k, name, logPath); err != nil {
			return unit{}, err
		}
		if err := e.units.Append(u); err != nil {
			return unit{}, err
		}
		os.Remove(e.checkpoint(name)) // what is left of it on failure does no harm
	}
	if k == 0 {
		curve, err := lossCurve(m.title, logPath)
		if err != nil {
			return unit{}, err
		}
		e.losses = append(e.losses, curve)
	}
	return u, nil
}

func (e *experiment) finished(m method, k int) (unit, bool) {
	for _, u := range e.units.Records {
		if u.Method == m.key && u.Seed == k {
			return u, true
		}
	}
	return unit{}, false
}

func (e *experiment) checkpoint(name string) string {
	return filepath.Join(e.folder, "checkpoints", name+".safetensors")
}

// train1 trains and tests once.
func (e *experiment) train1(ctx context.Context, m method, pattern *dropout.ConvPattern, k int, name, logPath string) (unit, error) {
	model, err := models.NewWRN(e.finalModel(k))
	if err != nil {
		return unit{}, err
	}
	policy, err := e.policy(m, pattern, model.Sites())
	if err != nil {
		return unit{}, err
	}
	config := e.recipe(model, e.train, e.epochs)
	config.Policy = policy
	config.Seed = seed.Derive(uint64(e.seed), "final training", uint64(k))
	config.Checkpoint = e.checkpoint(name)
	config.Log = logPath
	task := e.progress.Task(fmt.Sprintf("%s, seed %d", m.title, k), e.finalSteps(), e.cost.final)
	defer task.End()
	config.OnStep = func(s train.Step) { e.stepped(task, s) }

	trainer, err := train.New(model, e.train, config)
	if err != nil {
		return unit{}, err
	}
	if _, err := os.Stat(config.Checkpoint); err == nil {
		if err := trainer.Load(config.Checkpoint); err != nil {
			return unit{}, err
		}
		task.Skip(trainer.Done())
		e.progress.Logf("%s, seed %d: continuing after step %d", m.title, k, trainer.Done())
	} else if !errors.Is(err, fs.ErrNotExist) {
		return unit{}, err
	}
	u := unit{Method: m.key, Seed: k}
	err = trainer.Run(ctx)
	var diverged *train.DivergedError
	if errors.As(err, &diverged) {
		u.Diverged = true
	} else if err != nil {
		return unit{}, err
	}
	steps, err := train.ReadLog(logPath)
	if err != nil {
		return unit{}, err
	}
	images := 0
	for _, s := range steps {
		u.Seconds += s.Seconds
		images += s.Size
	}
	if u.Diverged {
		e.progress.Logf("%s, seed %d: %v", m.title, k, diverged)
		return u, nil
	}
	rate := float64(images) / u.Seconds
	if err := e.testAndSave(ctx, trainer, &u, name); err != nil {
		return unit{}, err
	}
	e.progress.Logf("%s, seed %d: test error %.2f %%, %s, %s", m.title, k, u.Error, bench.Duration(u.Seconds), bench.Speed(rate))
	return u, nil
}

// testAndSave scores a finished training on the test images and saves its
// weights.
func (e *experiment) testAndSave(ctx context.Context, trainer *train.Trainer, u *unit, name string) error {
	started := time.Now()
	score, err := trainer.Evaluate(ctx, e.test)
	if err != nil {
		return err
	}
	u.Error, u.Loss = score.Error(), score.Loss
	u.Seconds += time.Since(started).Seconds()
	return trainer.SaveWeights(filepath.Join(e.folder, "weights", name+".safetensors"))
}

func (e *experiment) finalModel(k int) models.WRNConfig {
	return models.WRNConfig{Depth: e.depth, Width: e.width, Classes: len(e.train.Classes),
		Seed: seed.Derive(uint64(e.seed), "final model", uint64(k))}
}

func (e *experiment) searchModel(base uint64) models.WRNConfig {
	return models.WRNConfig{Depth: e.searchDepth, Width: e.searchWidth, Classes: len(e.train.Classes),
		Seed: seed.Derive(base, "child model")}
}

// policy returns the dropout that a method trains with, nil for none.
func (e *experiment) policy(m method, pattern *dropout.ConvPattern, sites []dropout.Site) (dropout.Policy, error) {
	switch {
	case m.pattern():
		return dropout.NewConvPattern(pattern, sites)
	case m.policy != nil:
		return m.policy(&e.config, sites)
	}
	return nil, nil
}

// recipe returns what all trainings have in common.
func (e *experiment) recipe(model *models.WRN, set *data.Set, epochs int) train.Config {
	augment := data.Augment{}
	if e.augment {
		augment = data.StandardAugment()
	}
	augment.Cutout = e.cutout
	return train.Config{
		Epochs:  epochs,
		Batch:   e.batch,
		Augment: augment,
		Common: train.Common{
			Optimizer: optim.NewSGD(model.Params(), optim.SGDConfig{
				Momentum: 0.9, Nesterov: true, WeightDecay: float32(e.weightDecay)}),
			Schedule: optim.Cosine(float32(e.rate), epochs*e.stepsPerEpoch(set)),
			ClipNorm: float32(e.clip),
		},
	}
}
