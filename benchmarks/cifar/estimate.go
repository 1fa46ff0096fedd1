package main

import (
	"context"
	"fmt"
	"time"

	"autodropout/benchmarks/internal/bench"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/models"
	"autodropout/optim"
	"autodropout/train"
)

// costs holds the seconds that one step of a training takes on this machine.
type costs struct{ final, search float64 }

func (e *experiment) stepsPerEpoch(set *data.Set) int { return (set.Len() + e.batch - 1) / e.batch }

func (e *experiment) finalSteps() int { return e.epochs * e.stepsPerEpoch(e.train) }

func (e *experiment) searchSteps() int { return e.searchEpochs * e.stepsPerEpoch(e.fit) }

// testing returns what evaluating a set costs, in training steps: a forward
// pass is about a third of one.
func (e *experiment) testing(set *data.Set) float64 { return float64(set.Len()) / float64(e.batch) / 3 }

// work counts what is left to do, and the trials that were done before.
type work struct{ trainings, searches, trials, tried int }

func (e *experiment) left() (w work) {
	for _, m := range e.rows() {
		for k := range e.seeds {
			if _, done := e.finished(m, k); !done {
				w.trainings++
			}
		}
		if m.search == "" {
			continue
		}
		tried := e.triedBefore(m)
		w.tried += tried
		if tried < e.trials {
			w.searches++
			w.trials += e.trials - tried
		}
	}
	return w
}

// triedBefore returns how many trials of a method's search have finished. A log
// that cannot be used counts for nothing here; the search says what is wrong.
func (e *experiment) triedBefore(m method) int {
	report, err := controller.Replay(e.trialLog(m))
	if err != nil {
		return 0
	}
	n := 0
	for _, r := range report.Results {
		if r != nil {
			n++
		}
	}
	return n
}

// measure times a few steps of each network that is still to be trained.
func (e *experiment) measure(ctx context.Context, left work) (c costs, err error) {
	if left.trainings > 0 {
		c.final, err = e.stepSeconds(ctx, e.finalModel(0), e.train)
	}
	if left.trials > 0 && err == nil {
		c.search, err = e.stepSeconds(ctx, e.searchModel(0), e.fit)
	}
	return c, err
}

// stepSeconds returns the mean time of a training step after the first.
func (e *experiment) stepSeconds(ctx context.Context, network models.WRNConfig, set *data.Set) (float64, error) {
	model, err := models.NewWRN(network)
	if err != nil {
		return 0, err
	}
	const (
		enough = time.Second
		most   = 8 // steps
	)
	timing, stop := context.WithCancel(ctx)
	defer stop()
	var steps int
	var spent float64
	config := e.recipe(model, set, most)
	config.Schedule = optim.Constant(0) // what cannot learn cannot diverge
	config.OnStep = func(s train.Step) {
		if s.Step > 0 {
			steps++
			spent += s.Seconds
		}
		if steps > 0 && (spent > enough.Seconds() || steps == most) {
			stop()
		}
	}
	trainer, err := train.New(model, set, config)
	if err != nil {
		return 0, err
	}
	if err := trainer.Run(timing); err != nil && (ctx.Err() != nil || timing.Err() == nil) {
		return 0, err
	}
	return spent / float64(max(steps, 1)), nil
}

// announce prints what is left to do and how long it should take. It returns
// the seconds of all training steps that tasks will report, old trials included.
func (e *experiment) announce(left work) float64 {
	seconds := float64(left.trainings*e.finalSteps()) * e.cost.final
	tests := float64(left.trainings) * e.testing(e.test) * e.cost.final
	fmt.Fprintf(e.stdout, "To do: %s of WRN-%d-%d with %d steps of about %s",
		bench.Count(left.trainings, "training", "trainings"), e.depth, e.width, e.finalSteps(), bench.Duration(e.cost.final))
	if left.trials > 0 {
		seconds += float64(left.trials*e.searchSteps()) * e.cost.search
		tests += float64(left.trials) * e.testing(e.valid) * e.cost.search
		fmt.Fprintf(e.stdout, "; %s with %s of WRN-%d-%d with %d steps of about %s",
			bench.Count(left.searches, "search", "searches"), bench.Count(left.trials, "trial", "trials"),
			e.searchDepth, e.searchWidth, e.searchSteps(), bench.Duration(e.cost.search))
	}
	fmt.Fprintf(e.stdout, ".\nEstimated time on this machine: about %s.\n", bench.Duration(seconds+tests))
	if left.tried > 0 {
		seconds += float64(left.tried*e.searchSteps()) * e.cost.search
	}
	return seconds
}
