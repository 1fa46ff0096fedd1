package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/train"
)

// finding is what a search found.
type finding[P Pattern] struct {
	method  Method
	pattern P         // the best one
	rewards []float64 // of the trials, in order
	seconds float64
}

// search runs the search of a method, or what is left of it. Where an earlier row
// shares it, there is nothing to do.
func (e *Experiment[P]) search(ctx context.Context, m Method) (*finding[P], error) {
	for _, f := range e.found {
		if f.method.searchKey() == m.searchKey() {
			return f, nil
		}
	}
	if err := os.MkdirAll(filepath.Dir(e.trialLog(m)), 0o777); err != nil {
		return nil, err
	}
	space, err := e.Subject.Space()
	if err != nil {
		return nil, err
	}
	task := e.progress.Task(m.Title+", search", e.Plan.Trials*e.Subject.Steps(Child), e.cost.child)
	defer task.End()
	config := controller.Config{
		Path:      e.trialLog(m),
		Trials:    e.Plan.Trials,
		Workers:   e.concurrency(),
		Task:      e.about.Trial,
		Seed:      seed.Derive(uint64(e.Plan.Seed), "search"),
		Algorithm: m.Search,
		InFlight:  e.Plan.InFlight,
		Async:     e.Plan.Async,
		Notify:    e.notify(m, task),
	}
	e.progress.Logf("%s: searching the %v", m.Title, space)
	var report *controller.Report
	if e.service == nil {
		report, err = controller.Search(ctx, config, space, e.child(space, task))
	} else {
		report, err = e.service.Search(ctx, m.searchKey(), config, space)
	}
	if err != nil {
		return nil, err
	}
	f := &finding[P]{method: m}
	for _, r := range report.Results {
		f.seconds += r.Seconds / float64(e.concurrency())
		f.rewards = append(f.rewards, r.Reward)
	}
	trial, result, _ := report.Best() // Search fails when there is none
	f.pattern, err = e.Subject.Decode(space, trial.Tokens, dropout.Origin{
		Task:   e.about.Dataset,
		Model:  e.about.Child,
		Search: fmt.Sprintf("%s, best of %d trials", m.Search, e.Plan.Trials),
		Reward: result.Reward,
		Note:   e.about.Reward.Note,
	})
	if err != nil {
		return nil, err
	}
	e.found = append(e.found, f)
	return f, f.pattern.Save(filepath.Join(filepath.Dir(e.trialLog(m)), "pattern.json"))
}

func (e *Experiment[P]) trialLog(m Method) string {
	return filepath.Join(e.folder, m.searchKey(), "trials.jsonl")
}

// concurrency returns how many trials run at a time in this process. Where workers
// train them, their time counts.
func (e *Experiment[P]) concurrency() int {
	if e.service != nil {
		return 1
	}
	workers := e.Plan.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return min(workers, e.Plan.InFlight)
}

// child returns the evaluator, which trains a network with a trial's pattern.
func (e *Experiment[P]) child(space dropout.Space, task *Task) controller.Evaluator {
	return func(ctx context.Context, t controller.Trial) (controller.Outcome, error) {
		pattern, err := e.Subject.Decode(space, t.Tokens, dropout.Origin{})
		if err != nil {
			return controller.Outcome{}, err
		}
		training, err := e.Subject.Prepare(Child, seed.Derive(t.Seed, "child model"), e.apply(pattern), train.Common{
			Seed:   seed.Derive(t.Seed, "child training"),
			OnStep: func(s train.Step) { e.stepped(task, s) },
		})
		if err != nil {
			return controller.Outcome{}, err
		}
		if err := training.Run(ctx); err != nil {
			return controller.Outcome{}, err
		}
		score, err := training.Score(ctx)
		return controller.Outcome{Reward: score.Value}, err
	}
}

// notify returns what shows the events of a search.
func (e *Experiment[P]) notify(m Method, task *Task) func(controller.Event) {
	reward := e.about.Reward
	first := true
	return func(event controller.Event) {
		if event.Notice != "" {
			e.progress.Logf("%s: %s", m.Title, event.Notice)
		}
		if first {
			task.Skip(event.Status.Finished * e.Subject.Steps(Child))
			first = false
		}
		if r := event.Result; r != nil {
			if e.service != nil {
				task.Add(e.Subject.Steps(Child), 0)
			}
			text := reward.Shown + " " + reward.Show(r.Reward)
			if r.Failed() {
				text = "failed: " + r.Error
			}
			best := ""
			if event.Status.Best != nil {
				best = fmt.Sprintf(" (best so far %s)", reward.Show(event.Status.Best.Reward))
			}
			e.progress.Logf("%s: trial %d of %d: %s%s", m.Title, r.Trial+1, e.Plan.Trials, text, best)
		}
	}
}
