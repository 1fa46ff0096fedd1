package controller

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// result returns what the log has of an outcome that took a time.
func (o Outcome) result(trial int, took time.Duration) *Result {
	r := &Result{Trial: trial, Reward: o.Reward, Note: o.Note, Error: o.Failure, Seconds: cmp.Or(o.Seconds, took.Seconds()), Identity: o.Identity, Values: o.Values, Output: o.Output}
	if r.Error == "" && !usable(r.Reward) {
		r.Error = fmt.Sprintf("the reward is %g", o.Reward)
	}
	if r.Error != "" {
		r.Reward = 0
	}
	return r
}

// finish takes in a result, which counts once it is committed.
func (s *search) finish(r Result) {
	r.Identity = cmp.Or(r.Identity, s.state.config.Identity)
	s.state.finished(r)
	s.pending = append(s.pending, record{Finished: &r})
	s.told = append(s.told, Event{Trial: &s.state.trials[r.Trial], Result: &r, Status: s.state.status()})
}

// gather takes in the results that are there and, for a moment, those that come while
// every worker has another trial to turn to: one write to the log is enough for them.
func (s *search) gather(ctx context.Context, jobs chan<- Trial, results <-chan Result) {
	const moment = 10 * time.Millisecond
	enough := time.After(moment)
	for len(jobs) >= s.state.config.Workers || len(results) > 0 {
		select {
		case r := <-results:
			s.sample(ctx)
			s.finish(r)
		case <-enough:
			return
		case <-ctx.Done():
			return
		}
	}
}

// sample samples as many trials as may be, which may begin once they are committed.
func (s *search) sample(ctx context.Context) {
	for len(s.state.trials) < s.state.config.Trials && s.state.ready() && ctx.Err() == nil {
		t := s.state.next()
		s.state.sampled(t)
		s.pending = append(s.pending, record{Sampled: &t})
		s.told = append(s.told, Event{Trial: &t, Status: s.state.status()})
	}
}

// commit writes what is pending to the log, with one write for all of it, tells of it,
// and returns the trials that may begin. What cannot be written stays pending.
func (s *search) commit() (sampled []Trial, err error) {
	if err := s.log.append(s.pending); err != nil {
		return nil, err
	}
	pending, told := s.pending, s.told
	s.pending, s.told = nil, nil
	if err := s.log.reflect(); err != nil {
		return nil, err
	}
	if err := s.remember(); err != nil {
		s.note("what the search has learned could not be written (%v); it goes on, and would take longer to be taken up", err)
	}
	for i, r := range pending {
		s.notify(told[i])
		if r.Sampled != nil {
			sampled = append(sampled, *r.Sampled)
		}
	}
	return sampled, nil
}
