package experiment

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/words"
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

// estimator says how long a run is going to take.
type estimator[P Pattern] struct{ *setup[P] }

func (s *estimator[P]) left() (w work) {
	searched := map[string]bool{}
	finals := finals[P]{s.setup}
	for _, row := range s.rows {
		for k := range s.plan.Seeds {
			if row.searches() && s.failedSearch(row) {
				break
			}
			if _, done := finals.finished(row, k); !done {
				w.trainings[row.Network]++
			}
		}
		if !row.searches() || searched[row.searchKey()] {
			continue
		}
		searched[row.searchKey()] = true
		tried := tried(s.folder.Search(row.searchKey()))
		w.tried += tried
		if budget := s.plan.budget(row); tried < budget {
			w.searches++
			w.trainings[Child] += budget - tried
		}
	}
	return w
}

// failedSearch reports whether the row's search has ended and found nothing.
func (s *estimator[P]) failedSearch(row Row) bool {
	for name, trials := range map[string]int{runfolder.Trials: s.plan.sampled(row), runfolder.Finalists: s.plan.budget(row) - s.plan.sampled(row)} {
		log, err := controller.ReadLog(s.folder.Search(row.searchKey()).Path(name))
		if err != nil {
			continue
		}
		if _, _, ok := log.Best(); !ok && trials > 0 && len(log.Curve()) == trials {
			return true
		}
	}
	return false
}

// measure times a few steps of each network that is still to be trained.
func (s *estimator[P]) measure(ctx context.Context, left work) (c costs, err error) {
	if s.about.Outside {
		return c, nil
	}
	for n, trainings := range left.trainings {
		if trainings > 0 && err == nil {
			c[n], err = s.stepSeconds(ctx, Network(n))
		}
	}
	return c, err
}

// stepSeconds returns the mean time of a training step after the first, or where
// its parts take long, of a step with parts like those after the first.
func (s *estimator[P]) stepSeconds(ctx context.Context, n Network) (float64, error) {
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
	training, err := s.subject.Prepare(&Order[P]{Network: n, Common: train.Common{
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
		OnStep: func(step train.Step) {
			if step.Step > 0 && timing.Err() == nil {
				steps++
				spent += step.Seconds
			}
			if steps > 0 && (spent > enough.Seconds() || steps == most) {
				stop()
			}
		},
	}})
	if err != nil {
		return 0, err
	}
	if err := training.Run(timing); err != nil && (ctx.Err() != nil || timing.Err() == nil) {
		return 0, err
	}
	return spent / float64(max(steps, 1)), nil
}

// announce prints to out what is left to do and how long it should take. It returns
// the seconds of all training steps that tasks will report, old trials included.
func (s *estimator[P]) announce(out io.Writer, left work) float64 {
	var seconds, elapsed float64
	var todo []string
	for _, n := range []Network{Final, Varied, Child} {
		trainings := left.trainings[n]
		if trainings == 0 {
			continue
		}
		together := s.together(n, s.plan.Seeds)
		what, model, steps := words.Count(trainings, "training", "trainings"), s.about.Model, s.subject.Steps(n)
		if n == Child {
			what = words.Count(left.searches, "search", "searches") + " with " + words.Count(trainings, "trial", "trials")
			model, together = s.about.Child, s.together(n, s.plan.InFlight)
		}
		if !s.about.Outside {
			model += fmt.Sprintf(" with %d steps of about %s", steps, words.Duration(s.cost[n]))
		}
		todo = append(todo, what+" of "+model)
		training := float64(trainings) * s.cost[n]
		seconds += training * float64(steps)
		elapsed += training * (float64(steps) + s.subject.TestSteps(n)) / float64(together)
	}
	if len(todo) == 0 {
		todo = []string{"nothing"}
	}
	fmt.Fprintln(out, progress.Wrapped(out, fmt.Sprintf("To do: %s.", strings.Join(todo, "; "))))
	if !s.about.Outside {
		fmt.Fprintf(out, "Estimated time on this machine: about %s.\n", words.Duration(elapsed))
		if left.trainings[Final]+left.trainings[Varied] > 0 {
			fmt.Fprintln(out, progress.Wrapped(out, s.about.Curves.sentence()))
		}
	}
	return seconds + float64(left.tried)*float64(s.subject.Steps(Child))*s.cost[Child]
}
