package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/train"
)

// finding is what a search found.
type finding[P Pattern] struct {
	row     Row
	space   dropout.Space
	point   []int      // the best there is
	dropped Dropped[P] // what that stands for
	failed  string     // in a sentence, why nothing was found; "": something was
	reward  float64    // of what was found
	seconds float64
}

// searcher runs the searches of the rows, here or on workers.
type searcher[P Pattern] struct {
	trials[P]
	service *service     // nil: trials are trained here
	draw    func() error // is called when a pattern was found

	mu    sync.Mutex
	found []*finding[P] // of the searches that are done
}

// findings returns what the searches have found that are done.
func (s *searcher[P]) findings() []*finding[P] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.found)
}

// keep adds what a search has found.
func (s *searcher[P]) keep(f *finding[P]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found = append(s.found, f)
}

// search runs the search of a row, or what is left of it. Where an earlier row
// shares it, there is nothing to do.
func (s *searcher[P]) search(ctx context.Context, row Row) (*finding[P], error) {
	for _, f := range s.findings() {
		if f.row.searchKey() == row.searchKey() {
			return f, nil
		}
	}
	folder := s.folder.Search(row.searchKey())
	if err := os.MkdirAll(string(folder), 0o777); err != nil {
		return nil, err
	}
	space, err := s.space(row)
	if err != nil {
		return nil, err
	}
	f := &finding[P]{row: row, space: space}
	report, err := s.all(ctx, row, folder, space, f)
	if failed := (*controller.AllFailedError)(nil); errors.As(err, &failed) {
		f.failed = fmt.Sprintf("All of %s for “%s” failed, the last one since: %s. There is nothing to train it with.", words.Count(failed.Trials, "trial", "trials"), row.Title, failed.Last)
		s.warnf("%s", f.failed)
		s.keep(f)
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	if f.point, f.reward = chosen(report); s.plan.sampled(row) < s.plan.budget(row) {
		f.point, f.reward = report.Chosen()
	}
	f.dropped, err = s.candidate(row, space, f.point, dropout.Origin{
		Task:   s.about.Dataset,
		Model:  s.about.Child,
		Search: fmt.Sprintf("%s, best of %s", row.Algorithm, words.Count(s.plan.budget(row), "trial", "trials")),
		Reward: f.reward,
		Note:   rewardNote(s.about.Trial),
	})
	if err != nil {
		return nil, err
	}
	s.keep(f)
	if row.tuned() {
		s.logf("%s: the best %s is %g, mean %s %s", row.Title, space.Choices[0].Name, *f.dropped.Rate, s.about.Reward.Shown, s.about.Reward.Show(f.reward))
	}
	if f.dropped.Pattern == nil {
		return f, nil
	}
	if err := s.draw(); err != nil {
		return nil, err
	}
	return f, s.savePattern(*f.dropped.Pattern, folder.Path(runfolder.Pattern))
}

// all runs the trials of a search, and then those of its finalists, where there are
// any. It returns the report that the best point is chosen by, and adds the time.
func (s *searcher[P]) all(ctx context.Context, row Row, folder runfolder.Folder, space dropout.Space, f *finding[P]) (*controller.Report, error) {
	path := folder.Path(runfolder.Trials)
	if before, err := controller.ReadLog(path); err == nil {
		s.record.search(row, before.Report)
	}
	events, err := newSearchEvents(s.folder.Events(row.searchKey()), tried(folder))
	if err != nil {
		return nil, err
	}
	defer events.file.Close()
	piece := s.piece(row.Title+", search", s.plan.budget(row)*s.subject.Steps(Child), s.cost[Child])
	defer piece.End()
	config := controller.Config{
		Path:      path,
		Identity:  s.identity,
		Earlier:   s.earlier,
		Trials:    s.plan.sampled(row),
		Workers:   s.concurrency(),
		Task:      s.about.Trial,
		Seed:      seed.Derive(uint64(s.plan.Seed), "search"),
		Algorithm: row.Algorithm,
		InFlight:  s.plan.InFlight,
		Seeds:     s.plan.TrialSeeds,
		Async:     s.plan.Async,
		Notify:    s.notify(row, piece, events),
	}
	if row.Near != nil {
		if config.Start, err = row.Near(space); err != nil {
			return nil, err
		}
	}
	if err := s.begin(row, space, &config); err != nil {
		return nil, err
	}
	if row.Algorithm == controller.Evolution || row.Algorithm == controller.Local {
		config.Everywhere = s.plan.Everywhere
	}
	if config.Reference != nil {
		s.record.refer(row, config.Seeds)
	}
	report, err := s.try(ctx, row, false, config, space, piece)
	if report != nil {
		s.record.search(row, *report)
		f.seconds += seconds(report)
	}
	if err = cmp.Or(err, events.err); err != nil {
		return nil, err
	}
	again := s.plan.budget(row) - config.Trials
	if again == 0 {
		return report, nil
	}
	config.Path, config.Trials, config.Seed = folder.Path(runfolder.Finalists), again, seed.Derive(config.Seed, "finalists")
	config.Points, config.Algorithm, config.Repeats, config.Seeds = Finalists(report, s.plan.Finalists, config.Starts), controller.Rejects, repeats, 0
	config.Async = false // rounds go by results that every search with so many in flight knows
	starts := config.Starts
	config.Starts, config.Reference, config.Everywhere = nil, nil, 0
	if row.Algorithm == controller.Coordinate {
		config.Points, config.Algorithm, config.Repeats, config.Seeds = improved(report, starts), controller.Grid, 0, again
		config.StartProbs, config.Only = nil, nil
	}
	if before, err := controller.ReadLog(config.Path); err == nil {
		// Before 2026-11-30 all finalists were tried as often; until then, points that the
		// search began with were tried once more before them.
		config.Points, config.Starts = before.Config.Points, before.Config.Starts
		if before.Config.Algorithm == controller.Grid {
			config.Algorithm, config.Repeats, config.Seeds = controller.Grid, 0, before.Config.Seeds
		}
		config.Async = before.Config.Async
	}
	config.Notify = s.notify(row, piece, nil)
	report, err = s.try(ctx, row, true, config, space, piece)
	if report != nil {
		f.seconds += seconds(report)
	}
	return report, err
}

// seconds returns how long the trials of a report took, one after another.
func seconds(report *controller.Report) (sum float64) {
	for _, r := range report.Results {
		sum += r.Seconds
	}
	return sum
}

// tried returns how many trials of a search have finished, those of its finalists
// included. A log that cannot be used counts for nothing here; the search says what is
// wrong.
func tried(folder runfolder.Folder) (n int) {
	for _, name := range []string{runfolder.Trials, runfolder.Finalists} {
		if log, err := controller.ReadLog(folder.Path(name)); err == nil {
			n += len(log.Curve())
		}
	}
	return n
}

// try runs the search of a row, or what is left of it, or tries its finalists again.
// Where all its trials have failed there is a report as well as an error.
func (s *searcher[P]) try(ctx context.Context, row Row, again bool, config controller.Config, space dropout.Space, piece *progress.Piece) (report *controller.Report, err error) {
	name := row.searchKey() // that workers know it by
	if again {
		name += finalistsSuffix
	}
	if s.service == nil {
		report, err = controller.Search(ctx, config, space, s.child(row, space, again, piece))
	} else {
		report, err = s.service.Search(ctx, name, config, space)
	}
	if failed := (*controller.AllFailedError)(nil); err != nil && !errors.As(err, &failed) {
		return nil, err
	}
	var checkpoints []string
	for _, r := range report.Results {
		checkpoints = append(checkpoints, s.checkpoint(row, again, r.Trial))
	}
	// Also where a session was killed before it came to this. What is left on
	// failure does no harm.
	train.RemoveCheckpoints(checkpoints...)
	return report, err
}

// child returns the evaluator, which trains a network with a trial's pattern.
func (s *searcher[P]) child(row Row, space dropout.Space, again bool, piece *progress.Piece) controller.Evaluator {
	return func(ctx context.Context, t controller.Trial) (controller.Outcome, error) {
		title := fmt.Sprintf("%s, trial %d", row.Title, t.Index+1)
		common := s.common(title, s.checkpoint(row, again, t.Index))
		common.OnStep = func(step train.Step) { s.stepped(piece, step) }
		return s.trainTrial(ctx, row, space, t, title, common, piece)
	}
}

// notify returns what shows the events of a search. Without events for TensorBoard
// it is of finalists, which are not among the search's trials.
func (s *searcher[P]) notify(row Row, piece *progress.Piece, events *searchEvents) func(controller.Event) {
	reward := s.about.Reward
	first := true
	return func(event controller.Event) {
		if event.Notice != "" {
			s.logf("%s: %s", row.Title, event.Notice)
		}
		if first {
			piece.Skip(event.Status.Finished * s.subject.Steps(Child))
			first = false
		}
		best := ""
		if event.Status.Best != nil {
			best = reward.Show(event.Status.Best.Reward)
		}
		piece.Say(searchStatus(event.Status, best))
		if r := event.Result; r != nil {
			if !s.about.Outside { // where there are none, and a folder of each trial
				train.RemoveCheckpoints(s.checkpoint(row, events == nil, r.Trial)) // see try for what is left
			}
			if events != nil {
				s.record.trial(row, event.Trial, r)
				events.trial(event)
			}
			if s.service != nil {
				piece.Add(s.subject.Steps(Child))
			}
			text := reward.Shown + " " + reward.Show(r.Reward)
			if r.Failed() {
				text = "failed: " + r.Error
			}
			if best != "" {
				text += fmt.Sprintf(" (best so far %s)", best)
			}
			what := "trial"
			if events == nil {
				what = "finalists, trial"
			}
			say := s.logf
			if r.Failed() {
				say = s.failedTrial()
			}
			say("%s: %s %d of %d: %s", row.Title, what, r.Trial+1, event.Status.Trials, text)
		}
	}
}

// searchStatus says where a search stands.
func searchStatus(s controller.Status, best string) string {
	text := fmt.Sprintf("%d of %d trials, %d in flight", s.Finished, s.Trials, s.InFlight)
	if best != "" {
		text += ", best " + best
	}
	return text
}
