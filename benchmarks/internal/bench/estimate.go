package bench

import (
	"context"
	"fmt"
	"time"

	"autodropout/controller"
	"autodropout/optim"
	"autodropout/train"
)

// costs holds the seconds that one step of a training takes on this machine.
type costs struct{ final, child float64 }

// work counts what is left to do, and the trials that were done before.
type work struct{ trainings, searches, trials, tried int }

func (e *Experiment[P]) left() (w work) {
	searched := map[string]bool{}
	for _, m := range e.Rows {
		for k := range e.Plan.Seeds {
			if _, done := e.finished(m, k); !done {
				w.trainings++
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
			w.trials += e.Plan.Trials - tried
		}
	}
	return w
}

// triedBefore returns how many trials of a method's search have finished. A log
// that cannot be used counts for nothing here; the search says what is wrong.
func (e *Experiment[P]) triedBefore(m Method) int {
	n := 0
	for _, path := range []string{e.trialLog(m), e.finalistsLog(m)} {
		report, err := controller.Replay(path)
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
	if left.trainings > 0 {
		c.final, err = e.stepSeconds(ctx, Final)
	}
	if left.trials > 0 && err == nil {
		c.child, err = e.stepSeconds(ctx, Child)
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
	final, child := e.Subject.Steps(Final), e.Subject.Steps(Child)
	seconds := float64(left.trainings*final) * e.cost.final
	tests := float64(left.trainings) * e.Subject.TestSteps(Final) * e.cost.final
	fmt.Fprintf(e.Stdout, "To do: %s of %s with %d steps of about %s",
		Count(left.trainings, "training", "trainings"), e.about.Model, final, Duration(e.cost.final))
	if left.trials > 0 {
		seconds += float64(left.trials*child) * e.cost.child
		tests += float64(left.trials) * e.Subject.TestSteps(Child) * e.cost.child
		fmt.Fprintf(e.Stdout, "; %s with %s of %s with %d steps of about %s",
			Count(left.searches, "search", "searches"), Count(left.trials, "trial", "trials"),
			e.about.Child, child, Duration(e.cost.child))
	}
	fmt.Fprintf(e.Stdout, ".\nEstimated time on this machine: about %s.\n", Duration(seconds+tests))
	if left.tried > 0 {
		seconds += float64(left.tried*child) * e.cost.child
	}
	return seconds
}
