package controller

import (
	"fmt"

	"autodropout/dropout"
)

// Simulate runs a search whose trials nobody trains: it samples and learns as [Search]
// does, and next plays all of the workers. It is called with the trials that were sampled
// since its last call, in their order, and returns the next result of any trial in flight.
// It decides what time is and how many workers there are. Path, Workers, Notify and Mirror
// of config have no effect.
func Simulate(config Config, space dropout.Space, next func(sampled []Trial) Result) (*Report, error) {
	config = config.withDefaults()
	if err := config.check(space); err != nil {
		return nil, err
	}
	s := newState(config, space)
	for {
		var sampled []Trial
		for len(s.trials) < config.Trials && s.ready() {
			t := s.next()
			s.sampled(t)
			sampled = append(sampled, t)
		}
		if s.done == len(s.trials) {
			return s.report(), nil
		}
		r := next(sampled)
		if err := s.checkFinished(r); err != nil {
			return nil, fmt.Errorf("controller: the simulation cannot go on: %w", err)
		}
		s.finished(r)
	}
}
