package experiment

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/train"
)

// trials trains the trials of searches, those of this process or, in a worker, those
// of another one.
type trials[P Pattern] struct{ *setup[P] }

// space returns what a row's search chooses from.
func (s *trials[P]) space(row Row) (dropout.Space, error) {
	if row.tuned() {
		return dropout.Space{Name: "rates", Groups: 1, Choices: []dropout.Choice{{Name: "rate", Values: row.Rated.Rates}}}, nil
	}
	space, err := s.subject.Space()
	if err == nil && row.Ablated != nil {
		space = row.Ablated(space)
	}
	return space, err
}

// checkStart returns why searches cannot begin with patterns of the plan's share.
func (s *trials[P]) checkStart() error {
	for _, row := range s.rows {
		if s.plan.StartShare == 0 || !row.Kind.Searched() || row.Near != nil {
			continue
		}
		space, err := s.space(row)
		if err != nil {
			return err
		}
		if _, err := dropout.Mild(space, s.plan.StartShare); err != nil {
			return usage.Errorf("-start-share: %v", err)
		}
	}
	return nil
}

// candidate returns the dropout that a point of a row's space stands for, and
// its pattern if it has one.
func (s *trials[P]) candidate(row Row, space dropout.Space, point []int, origin dropout.Origin) (MakePolicy, *P, error) {
	if row.tuned() {
		return row.Rated.Policy(row.Rated.Rates[point[0]]), nil, nil
	}
	pattern, err := s.subject.Decode(space, point, origin)
	return s.apply(pattern), &pattern, err
}

// trainTrial trains a trial, or what is left of it, and scores it.
func (s *trials[P]) trainTrial(ctx context.Context, row Row, space dropout.Space, t controller.Trial, title string, common train.Common, piece *progress.Piece) (controller.Outcome, error) {
	policy, _, err := s.candidate(row, space, t.Point, dropout.Origin{})
	if err != nil {
		return controller.Outcome{}, err
	}
	common.Seed = seed.Derive(t.Seed, "child training")
	if s.plan.Async { // its workers may have any instruction set
		common.AcceptChanges = []string{"arithmetic"}
	}
	training, err := s.prepareTrial(func() (*Training, error) {
		return s.subject.Prepare(Child, seed.Derive(t.Seed, "child model"), policy, common)
	}, common, piece)
	if err != nil {
		return controller.Outcome{}, err
	}
	if err := s.complete(ctx, title, training); err != nil {
		return failure(err)
	}
	score, err := training.Score(ctx)
	if err != nil {
		return failure(err)
	}
	if !score.Finite() {
		return controller.Outcome{Failure: fmt.Sprintf("the reward %v, at a loss of %v, is not finite", score.Value, score.Loss)}, nil
	}
	return controller.Outcome{Reward: score.Value}, nil
}

// failure tells what a training itself did, which is the result of its trial, from
// what happened to it.
func failure(err error) (controller.Outcome, error) {
	var diverged *train.DivergedError
	if errors.As(err, &diverged) {
		return controller.Outcome{Failure: err.Error()}, nil
	}
	return controller.Outcome{}, err
}

// prepareTrial returns a training, continued where an earlier session or worker
// has left it. One that cannot be continued begins anew, since it is the trial
// that counts.
func (s *trials[P]) prepareTrial(prepare func() (*Training, error), common train.Common, piece *progress.Piece) (*Training, error) {
	training, err := prepare()
	if err != nil {
		return nil, err
	}
	found, err := training.Resume()
	if err != nil {
		common.Notify(fmt.Sprintf("it begins anew: %v", err))
		train.RemoveCheckpoints(common.Checkpoint) // what is left will be replaced
		return prepare()
	}
	if found {
		piece.Skip(training.Done())
		common.Notify(fmt.Sprintf("continuing after step %d", training.Done()))
	}
	return training, nil
}

// concurrency returns how many trials run at a time in this process.
func (s *trials[P]) concurrency() int {
	workers := s.plan.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return min(workers, s.plan.InFlight)
}
