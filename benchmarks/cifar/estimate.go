package main

import (
	"context"
	"fmt"
	"time"

	"autodropout/benchmarks/internal/bench"
	"autodropout/data"
	"autodropout/models"
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

// measure times a few steps of each network.
func (e *experiment) measure(ctx context.Context) (c costs, err error) {
	if c.final, err = e.stepSeconds(ctx, e.finalModel(0), e.train); err != nil || !e.searches() {
		return c, err
	}
	c.search, err = e.stepSeconds(ctx, e.searchModel(0), e.fit)
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

// announce prints what is to be done and how long it should take, and returns
// that time in seconds, without the evaluations.
func (e *experiment) announce() float64 {
	trainings, searches := 0, 0
	for _, m := range e.rows() {
		for k := range e.seeds {
			if _, done := e.finished(m, k); !done {
				trainings++
			}
		}
		if m.search != "" {
			searches++
		}
	}
	steps := float64(trainings*e.finalSteps()) * e.cost.final
	seconds := steps + float64(trainings)*e.testing(e.test)*e.cost.final
	fmt.Fprintf(e.stdout, "To do: %s of WRN-%d-%d with %d steps of about %s",
		bench.Count(trainings, "training", "trainings"), e.depth, e.width, e.finalSteps(), bench.Duration(e.cost.final))
	if searches > 0 {
		trials := float64(searches*e.trials) * e.cost.search
		steps += trials * float64(e.searchSteps())
		seconds += trials * (float64(e.searchSteps()) + e.testing(e.valid))
		fmt.Fprintf(e.stdout, "; %s of %d trials of WRN-%d-%d with %d steps of about %s",
			bench.Count(searches, "search", "searches"), e.trials, e.searchDepth, e.searchWidth, e.searchSteps(), bench.Duration(e.cost.search))
	}
	fmt.Fprintf(e.stdout, ".\nEstimated time on this machine: about %s.\n", bench.Duration(seconds))
	return steps
}
