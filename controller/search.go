package controller

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"autodropout/dropout"
)

// Search evaluates config.Trials points of space and returns all of them. It
// resumes the log at config.Path when there is one. Two searches must not use
// one log at the same time.
//
// When ctx is cancelled the running evaluations are cancelled, and Search
// returns, with what is finished and an error that wraps ctx's, as soon as the
// last of them has returned. It also returns an error when config is out of
// range, when the log cannot be used or written, and when every trial failed, which is
// an [*AllFailedError].
func Search(ctx context.Context, config Config, space dropout.Space, evaluate Evaluator) (*Report, error) {
	config = config.withDefaults()
	if err := config.check(space); err != nil {
		return nil, err
	}
	if config.Trials < 1 {
		return nil, fmt.Errorf("controller: a search of %d trials was asked for; it must have at least 1", config.Trials)
	}
	if config.Workers < 1 {
		return nil, fmt.Errorf("controller: %d workers were asked for; there must be at least 1", config.Workers)
	}
	s := &search{evaluate: evaluate, notify: config.Notify}
	if s.notify == nil {
		s.notify = func(Event) {}
	}
	if err := s.open(config, space); err != nil {
		return nil, err
	}
	err := errors.Join(s.run(ctx), s.log.close())
	report := s.state.report()
	if err == nil && s.state.best == nil {
		err = &AllFailedError{Trials: s.state.done, Last: s.state.results[s.state.done-1].Error}
	}
	return report, err
}

// AllFailedError reports a search that has ended and found nothing.
type AllFailedError struct {
	Trials int    // how many there were
	Last   string // why the last one failed
}

// Error says how many failed and why.
func (e *AllFailedError) Error() string {
	return fmt.Sprintf("controller: all %d trials failed, the last with: %s", e.Trials, e.Last)
}

// Replay rebuilds a search, the weights of the controller's network included, from its log,
// which it only reads. It ignores a torn last line. [ReadLog] is faster if the weights are
// not needed.
func Replay(path string) (*Report, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("controller: the trial log cannot be read: %w", err)
	}
	s, err := replay(data, true)
	if err != nil {
		return nil, fmt.Errorf("controller: the trial log %s cannot be used: %w", path, err)
	}
	return s.report(), nil
}

// ReadLog reads a log without learning from it, which takes a small part of the time of
// [Replay]. Its report has no weights. It refuses what Replay refuses, and ignores a torn
// last line.
func ReadLog(path string) (*Log, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("controller: the trial log cannot be read: %w", err)
	}
	s, err := replay(data, false)
	if err != nil {
		return nil, fmt.Errorf("controller: the trial log %s cannot be used: %w", path, err)
	}
	return &Log{s.config, s.space, *s.report()}, nil
}

// replay brings a search to where its log ends. One that does not learn has no
// network.
func replay(data []byte, learns bool) (*state, error) {
	c, err := parse(data)
	if err != nil {
		return nil, err
	}
	if c.header == nil {
		return nil, ErrEmptyLog
	}
	if err := c.header.Config.check(c.header.Space); err != nil {
		return nil, err
	}
	s := &state{config: c.header.settings(), space: c.header.Space, chooser: beginning{space: c.header.Space}, worst: math.NaN()}
	if learns {
		s = newState(c.header.settings(), c.header.Space)
	}
	return s, s.replay(c.records)
}

// ErrEmptyLog refuses a log whose search has not begun.
var ErrEmptyLog = errors.New("it has no whole line")

// search is a state with what moves it.
type search struct {
	state    *state
	log      *log
	evaluate Evaluator
	notify   func(Event)

	pending    []record // of the state that the log does not have yet
	told       []Event  // of each
	remembered int      // lessons that the file beside the log knows
}

// open begins a search or takes it up where its log ends.
func (s *search) open(config Config, space dropout.Space) error {
	want := newHeader(config, space)
	if config.Path == "" {
		s.state = newState(config, space)
		return nil
	}
	l, c, cut, err := openLog(config.Disk, config.Path, want, config.Mirror)
	if err != nil {
		return err
	}
	s.log = l
	settings := l.header.settings()
	if l.known != nil && config.Learned == nil { // nobody is to be told of every lesson
		settings.known, s.remembered = l.known, l.known.Lessons
	}
	s.state = newState(settings, space)
	if err := s.state.replay(c.records); err != nil {
		return errors.Join(fmt.Errorf("controller: the trial log %s cannot be used: %w", config.Path, err), l.close())
	}
	if cut != "" {
		s.note("%s", cut)
	}
	if status := s.state.status(); len(s.state.trials) > 0 {
		s.note("resumed %s: %d trials have finished, %d were in flight and run again", config.Path, status.Finished, status.InFlight)
	}
	return nil
}

func (s *search) note(format string, args ...any) {
	s.notify(Event{Notice: fmt.Sprintf(format, args...), Status: s.state.status()})
}

// run starts the workers and schedules trials until the budget is spent.
func (s *search) run(ctx context.Context) error {
	// Neither channel ever blocks its sender: no more trials than this are in
	// flight.
	jobs := make(chan Trial, s.state.config.InFlight)
	results := make(chan Result, s.state.config.InFlight)
	troubles := make(chan string)
	group, running := errgroup.WithContext(ctx)
	for range s.state.config.Workers {
		group.Go(func() error {
			for t := range jobs {
				r, err := s.try(running, t, troubles)
				if err != nil {
					return err
				}
				if r != nil {
					results <- *r
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(jobs)
		return s.schedule(running, jobs, results, troubles)
	})
	err := group.Wait()
	close(results)
	for r := range results { // finished while the search was being stopped
		s.finish(r)
	}
	_, failed := s.commit()
	err = errors.Join(err, failed)
	if err == nil && s.state.done < max(s.state.config.Trials, len(s.state.trials)) {
		err = fmt.Errorf("controller: the search was stopped after %d of %d trials: %w", s.state.done, s.state.config.Trials, ctx.Err())
	}
	return err
}

// schedule keeps as many trials in flight as may be and records their results,
// until the budget is spent or ctx is cancelled.
func (s *search) schedule(ctx context.Context, jobs chan<- Trial, results <-chan Result, troubles <-chan string) error {
	for i, r := range s.state.results {
		if r == nil {
			jobs <- s.state.trials[i]
		}
	}
	for {
		s.sample(ctx)
		sampled, err := s.commit()
		if err != nil {
			return err
		}
		for _, t := range sampled {
			jobs <- t
		}
		if s.state.done == len(s.state.trials) {
			return nil
		}
		select {
		case r := <-results:
			s.finish(r)
			s.gather(ctx, jobs, results)
		case trouble := <-troubles:
			s.note("%s", trouble)
		case <-ctx.Done():
			return nil
		}
	}
}

// mostTries is how often a trial is evaluated that cannot be, for reasons that are
// not its own; firstPause is before the second time, and doubles.
const (
	mostTries  = 6
	firstPause = time.Second
)

// try evaluates a trial, several times where there is trouble. The result is nil when
// the search is being stopped and the trial has not finished.
func (s *search) try(ctx context.Context, t Trial, troubles chan<- string) (*Result, error) {
	wait := firstPause
	for tries := 1; ctx.Err() == nil; tries++ {
		start := time.Now()
		outcome, err := s.evaluate(ctx, t)
		if err == nil {
			return outcome.result(t.Index, time.Since(start)), nil
		}
		if ctx.Err() != nil {
			break
		}
		if tries == mostTries {
			return nil, fmt.Errorf("controller: trial %d could not be evaluated, %d times in a row; mend that and resume the search, which has lost nothing: %w", t.Index+1, tries, err)
		}
		select {
		case troubles <- fmt.Sprintf("trial %d could not be evaluated (%v); it is tried again in %v", t.Index+1, err, wait):
		case <-ctx.Done():
			return nil, nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		wait *= 2
	}
	return nil, nil
}
