package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"autodropout/benchmarks/internal/bench"
	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/models"
	"autodropout/train"
)

// finding is what a search found.
type finding struct {
	method  method
	pattern *dropout.ConvPattern // the best one
	rewards []float64            // of the trials, in order
	seconds float64
}

// search runs the search of a method, or what is left of it.
func (e *experiment) search(ctx context.Context, m method) (*finding, error) {
	if err := os.MkdirAll(filepath.Dir(e.trialLog(m)), 0o777); err != nil {
		return nil, err
	}
	model, err := models.NewWRN(e.searchModel(0))
	if err != nil {
		return nil, err
	}
	space := dropout.ConvSpace(model.Blocks())
	task := e.progress.Task(m.title+", search", e.trials*e.searchSteps(), e.cost.search)
	defer task.End()
	config := controller.Config{
		Path:      e.trialLog(m),
		Trials:    e.trials,
		Workers:   e.concurrency(),
		Task:      e.task(model),
		Seed:      seed.Derive(uint64(e.seed), "search"),
		Algorithm: m.search,
		InFlight:  e.inFlight,
		Async:     e.async,
		Notify:    e.notify(m, task),
	}
	e.progress.Logf("%s: searching the %v", m.title, space)
	report, err := controller.Search(ctx, config, space, e.child(space, task))
	if err != nil {
		return nil, err
	}
	f := &finding{method: m}
	for _, r := range report.Results {
		f.seconds += r.Seconds / float64(e.concurrency())
		f.rewards = append(f.rewards, r.Reward)
	}
	trial, result, _ := report.Best() // Search fails when there is none
	if f.pattern, err = dropout.DecodeConv(space, trial.Tokens); err != nil {
		return nil, err
	}
	f.pattern.Origin = dropout.Origin{
		Task:   e.dataset(),
		Model:  model.String(),
		Search: fmt.Sprintf("%s, best of %d trials", m.search, e.trials),
		Reward: result.Reward,
		Note:   fmt.Sprintf("reward: accuracy on %d held-out images after %d epochs", e.valid.Len(), e.searchEpochs),
	}
	return f, f.pattern.Save(filepath.Join(e.folder, m.key, "pattern.json"))
}

func (e *experiment) trialLog(m method) string {
	return filepath.Join(e.folder, m.key, "trials.jsonl")
}

// concurrency returns how many trials run at a time.
func (e *experiment) concurrency() int {
	workers := e.workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return min(workers, e.inFlight)
}

// task describes what is the same for all trials.
func (e *experiment) task(model *models.WRN) string {
	return fmt.Sprintf("%v on %d images of %s for %d epochs in batches of %d, accuracy on %d others",
		model, e.fit.Len(), e.dataset(), e.searchEpochs, e.batch, e.valid.Len())
}

// child returns the evaluator, which trains a network with a trial's pattern on
// one part of the training images and scores it on the other.
func (e *experiment) child(space dropout.Space, task *bench.Task) controller.Evaluator {
	return func(ctx context.Context, t controller.Trial) (controller.Outcome, error) {
		pattern, err := dropout.DecodeConv(space, t.Tokens)
		if err != nil {
			return controller.Outcome{}, err
		}
		model, err := models.NewWRN(e.searchModel(t.Seed))
		if err != nil {
			return controller.Outcome{}, err
		}
		policy, err := dropout.NewConvPattern(pattern, model.Sites())
		if err != nil {
			return controller.Outcome{}, err
		}
		config := e.recipe(model, e.fit, e.searchEpochs)
		config.Policy = policy
		config.Seed = seed.Derive(t.Seed, "child training")
		config.OnStep = func(s train.Step) { e.stepped(task, s) }
		trainer, err := train.New(model, e.fit, config)
		if err != nil {
			return controller.Outcome{}, err
		}
		if err := trainer.Run(ctx); err != nil {
			return controller.Outcome{}, err
		}
		score, err := trainer.Evaluate(ctx, e.valid)
		return controller.Outcome{Reward: score.Accuracy()}, err
	}
}

// notify returns what shows the events of a search.
func (e *experiment) notify(m method, task *bench.Task) func(controller.Event) {
	first := true
	return func(event controller.Event) {
		if event.Notice != "" {
			e.progress.Logf("%s: %s", m.title, event.Notice)
		}
		if first {
			task.Skip(event.Status.Finished * e.searchSteps())
			first = false
		}
		if r := event.Result; r != nil {
			text := fmt.Sprintf("accuracy %.2f %%", 100*r.Reward)
			if r.Failed() {
				text = "failed: " + r.Error
			}
			best := ""
			if event.Status.Best != nil {
				best = fmt.Sprintf(" (best so far %.2f %%)", 100*event.Status.Best.Reward)
			}
			e.progress.Logf("%s: trial %d of %d: %s%s", m.title, r.Trial+1, e.trials, text, best)
		}
	}
}
