package experiment

import (
	"context"
	"fmt"
	"slices"

	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
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
		name := "rate"
		if row.Kind == sheet.Given {
			name = "strength"
		}
		return dropout.Space{Name: name + "s", Groups: 1, Choices: []dropout.Choice{{Name: name, Values: row.Rated.Rates}}}, nil
	}
	space, err := s.subject.Space()
	if row.PerPlace || s.plan.Space == Wide && !row.AsPublished {
		space, err = s.wide()
	}
	if err == nil && s.plan.Tied && !row.AsPublished {
		if space.Stages == nil {
			return space, usage.Errorf("-tied is for ConvNets, whose stages have blocks: leave it out")
		}
		space = space.Tie()
	}
	if err == nil && row.Ablated != nil {
		space = row.Ablated(space)
	}
	return space, err
}

// sited is a [Subject] with a network whose sites are known, as a wide space needs.
type sited interface {
	// ChildSites returns the dropout sites of the network that a search trains.
	ChildSites() []dropout.Site
}

// wide returns the wide space of the child, with all that the table's hand-made rows
// may be, asked for or not.
func (s *trials[P]) wide() (dropout.Space, error) {
	subject, ok := any(s.subject).(sited)
	if !ok {
		return dropout.Space{}, usage.Errorf("-space wide needs the places of the network, which only its program knows here: leave it out")
	}
	sites := subject.ChildSites()
	space, err := dropout.WideSpace(sites)
	for _, row := range s.table {
		if row.Rated == nil {
			continue
		}
		rates := []float64{row.Rated.Given}
		if s.plan.Tune {
			rates = append(rates, row.Rated.Rates...)
		}
		for _, rate := range rates {
			if pattern, ok := row.pattern(rate, sites); ok && err == nil {
				space, err = space.Including(pattern)
			}
		}
	}
	return space, err
}

// pattern returns what the row's hand-made dropout is as a pattern, with a rate, and
// whether it is one.
func (r *Row) pattern(rate float64, sites []dropout.Site) (dropout.Pattern, bool) {
	if r.Kind != sheet.HandMade || r.Rated == nil || !r.Rated.point {
		return nil, false
	}
	policy, err := r.Rated.Policy(rate)(sites)
	if err != nil {
		return nil, false
	}
	pattern, err := policy.(dropout.HandMade).Pattern()
	return pattern, err == nil
}

// checkStart returns why the searches of the plan cannot begin.
func (s *trials[P]) checkStart() error {
	if s.plan.TunePattern && !slices.ContainsFunc(s.rows, func(row Row) bool { return row.Kind == sheet.Given }) {
		return usage.Errorf("-tune-pattern tunes a given pattern, and there is none: give -pattern too, or leave -tune-pattern out")
	}
	for _, row := range s.rows {
		if !row.Kind.Searched() && !row.PerPlace {
			continue
		}
		if row.Algorithm == controller.Coordinate && s.plan.Async {
			return usage.Errorf("%s: coordinate ascent needs results in order: leave -async out", row.Title)
		}
		space, err := s.space(row)
		if err != nil {
			return err
		}
		if _, err := s.reference(row, space, given); err != nil {
			return err
		}
		if row.PerPlace || s.plan.StartShare == 0 || s.plan.Start == ByBest || row.AsPublished || row.Near != nil {
			continue
		}
		if _, err := dropout.Mild(space, s.plan.StartShare); err != nil {
			return usage.Errorf("-start-share: %v", err)
		}
	}
	return s.checkSearches()
}

// checkSearches returns why a search of the plan is none that the controller takes: trainings of
// other rows may come before it.
func (s *trials[P]) checkSearches() error {
	for _, row := range s.rows {
		if !row.searches() {
			continue
		}
		space, err := s.space(row)
		if err != nil {
			return err
		}
		config := controller.Config{Algorithm: row.Algorithm, InFlight: s.plan.InFlight, Seeds: s.plan.TrialSeeds, Async: s.plan.Async}
		if err := config.Check(space); err != nil {
			return usage.Errorf("the search for “%s” cannot begin: %v", row.Title, err)
		}
	}
	return nil
}

// candidate returns what a point of a row's space stands for.
func (s *trials[P]) candidate(row Row, space dropout.Space, point []int, origin dropout.Origin) (Dropped[P], error) {
	if row.tuned() {
		return s.rated(&row, row.Rated.Rates[point[0]]), nil
	}
	pattern, err := s.subject.Decode(space, point, origin)
	return Dropped[P]{Pattern: &pattern}, err
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
	return min(s.plan.workers(), s.plan.InFlight)
}
