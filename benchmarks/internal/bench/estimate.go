package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/optim"
	"autodropout/train"
)

// costs holds the seconds that one step of each network's training takes on this
// machine.
type costs [networks]float64

// work counts what is left to do, and the trials that were done before.
type work struct {
	trainings       [networks]int // a trial is a training of Child
	searches, tried int
}

func (e *Experiment[P]) left() (w work) {
	searched := map[string]bool{}
	for _, m := range e.Rows {
		for k := range e.Plan.Seeds {
			if _, done := e.finished(m, k); !done {
				w.trainings[m.Network]++
			}
		}
		if m.Search == "" || searched[m.searchKey()] {
			continue
		}
		searched[m.searchKey()] = true
		tried := e.triedBefore(m)
		w.tried += tried
		if tried < e.Plan.Trials {
			w.searches++
			w.trainings[Child] += e.Plan.Trials - tried
		}
	}
	return w
}

// triedBefore returns how many trials of a method's search have finished. A log
// that cannot be used counts for nothing here; the search says what is wrong.
func (e *Experiment[P]) triedBefore(m Method) int {
	n := 0
	for _, path := range []string{runfolder.Trials, runfolder.Finalists} {
		report, err := controller.ReadLog(e.searchFolder(m).Path(path))
		if err != nil {
			continue
		}
		for _, r := range report.Results {
			if r != nil {
				n++
			}
		}
	}
	return n
}

// measure times a few steps of each network that is still to be trained.
func (e *Experiment[P]) measure(ctx context.Context, left work) (c costs, err error) {
	for n, trainings := range left.trainings {
		if trainings > 0 && err == nil {
			c[n], err = e.stepSeconds(ctx, Network(n))
		}
	}
	return c, err
}

// stepSeconds returns the mean time of a training step after the first, or where
// its parts take long, of a step with parts like those after the first.
func (e *Experiment[P]) stepSeconds(ctx context.Context, n Network) (float64, error) {
	const (
		enough = time.Second
		most   = 8 // steps
	)
	timing, stop := context.WithCancel(ctx)
	defer stop()
	var steps int
	var spent float64
	var began time.Time // when the first part had ended
	var more int        // parts since then
	training, err := e.Subject.Prepare(n, 0, nil, train.Common{
		Schedule: optim.Constant(0), // what cannot learn cannot diverge
		OnPart: func(_, parts int) {
			if began.IsZero() {
				began = time.Now()
				return
			}
			more++
			if since := time.Since(began).Seconds(); steps == 0 && since > enough.Seconds() && timing.Err() == nil {
				spent = since / float64(more) * float64(parts)
				stop()
			}
		},
		OnStep: func(s train.Step) {
			if s.Step > 0 && timing.Err() == nil {
				steps++
				spent += s.Seconds
			}
			if steps > 0 && (spent > enough.Seconds() || steps == most) {
				stop()
			}
		},
	})
	if err != nil {
		return 0, err
	}
	if err := training.Run(timing); err != nil && (ctx.Err() != nil || timing.Err() == nil) {
		return 0, err
	}
	return spent / float64(max(steps, 1)), nil
}

// announce prints what is left to do and how long it should take. It returns
// the seconds of all training steps that tasks will report, old trials included.
func (e *Experiment[P]) announce(left work) float64 {
	var seconds, tests float64
	var todo []string
	for _, n := range []Network{Final, Varied, Child} {
		trainings := left.trainings[n]
		if trainings == 0 {
			continue
		}
		what, model, steps := Count(trainings, "training", "trainings"), e.about.Model, e.Subject.Steps(n)
		if n == Child {
			what = Count(left.searches, "search", "searches") + " with " + Count(trainings, "trial", "trials")
			model = e.about.Child
		}
		todo = append(todo, fmt.Sprintf("%s of %s with %d steps of about %s", what, model, steps, Duration(e.cost[n])))
		seconds += float64(trainings) * float64(steps) * e.cost[n]
		tests += float64(trainings) * e.Subject.TestSteps(n) * e.cost[n]
	}
	if len(todo) == 0 {
		todo = []string{"nothing"}
	}
	fmt.Fprintf(e.Stdout, "To do: %s.\nEstimated time on this machine: about %s.\n", strings.Join(todo, "; "), Duration(seconds+tests))
	return seconds + float64(left.tried)*float64(e.Subject.Steps(Child))*e.cost[Child]
}
