package experiment

import (
	"context"
	"fmt"
	"runtime"

	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/runfolder"
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

// candidate returns what a point of a row's space stands for.
func (s *trials[P]) candidate(row Row, space dropout.Space, point []int, origin dropout.Origin) (Dropped[P], error) {
	if row.tuned() {
		return rated[P](row.Rated, row.Rated.Rates[point[0]]), nil
	}
	pattern, err := s.subject.Decode(space, point, origin)
	return Dropped[P]{Pattern: &pattern}, err
}

// rated returns dropout made by hand with a rate.
func rated[P Pattern](r *Rated, rate float64) Dropped[P] {
	d := Dropped[P]{Rate: &rate}
	if r.Policy != nil {
		d.ByHand = r.Policy(rate)
	}
	return d
}

// trainTrial trains a trial, or what is left of it, and scores it.
func (s *trials[P]) trainTrial(ctx context.Context, row Row, space dropout.Space, t controller.Trial, title string, common train.Common, piece *progress.Piece) (controller.Outcome, error) {
	dropped, err := s.candidate(row, space, t.Point, dropout.Origin{})
	if err != nil {
		return controller.Outcome{}, err
	}
	common.Seed = seed.Derive(t.Seed, "child training")
	if s.plan.Async { // its workers may have any instruction set
		common.AcceptChanges = []string{"arithmetic"}
	}
	training, err := s.prepareTrial(func() (*Training, error) {
		return s.subject.Prepare(&Order[P]{
			Network: Child, Row: row.Key, Index: t.Index, ModelSeed: seed.Derive(t.Seed, "child model"), Dropped: dropped, Common: common})
	}, common, piece)
	if err != nil {
		return controller.Outcome{}, err
	}
	var score runfolder.Score
	if err = s.complete(ctx, title, training); err == nil {
		score, err = training.Score(ctx)
	}
	if err == nil && !score.Finite() {
		why := fmt.Sprintf("its score is not finite: a reward of %v at a loss of %v", score.Value, score.Loss)
		if score.Valid != 0 {
			why += fmt.Sprintf(", %s %v", s.about.Reward.Shown, score.Valid)
		}
		err = &DivergedError{why}
	}
	o := controller.Outcome{Reward: score.Value, Values: score.Values}
	switch {
	case diverged(err): // what the training itself did, not what happened to it
		o = controller.Outcome{Failure: err.Error()}
	case err != nil:
		return controller.Outcome{}, err
	}
	if training.Outside != nil {
		s.stepped(piece, train.Step{})
		outside := training.Outside()
		o.Output = outside.Output
		if outside.Attempts > 1 {
			o.Note = fmt.Sprintf("%d attempts", outside.Attempts)
		}
	}
	return o, nil
}

// failedTrial returns what says that a trial has failed: where -debug asks which
// operation it was, people want to know even if they want to see nothing else.
func (s *trials[P]) failedTrial() func(format string, args ...any) {
	if s.plan.Debug != "" {
		return s.warnf
	}
	return s.logf
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
