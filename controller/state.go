package controller

import (
	"fmt"
	"math"
	"math/rand/v2"

	"autodropout/dropout"
	"autodropout/internal/seed"
)

// chooser samples points of a space and learns from their rewards.
type chooser interface {
	// sample chooses the point of a trial.
	sample(trial int, rng *rand.Rand) (point []int, logProbs []float32, entropy float64)
	// learn returns the importance ratio of the trial.
	learn(t Trial, reward float64) (ratio float64)
}

// state is a search at one moment. A running search and the replay of a log
// change it by the same two methods, sampled and finished, which is why a
// resumed search goes on exactly as if it had never stopped.
type state struct {
	config  Config
	space   dropout.Space
	chooser chooser

	trials  []Trial
	known   []int     // by trial, the results that were applied when it was sampled
	results []*Result // by trial, nil while it is in flight
	done    int       // results that are not nil
	leading int       // trials before the first one in flight
	failed  int
	best    *Result

	applied int     // results the chooser has learned from
	worst   float64 // of the rewards applied; NaN before the first
}

func newState(c Config, space dropout.Space) *state {
	s := &state{config: c, space: space, worst: math.NaN()}
	if c.Reference != nil {
		s.chooser = newReferenced(c, space)
	} else {
		s.chooser = begun(c, space)
	}
	return s
}

// begun returns what chooses trials from the first one on that is not a reference.
func begun(c Config, space dropout.Space) chooser {
	if c.Starts != nil && c.Algorithm != Coordinate {
		return newStarted(c, space)
	}
	return newChooser(c, space)
}

// newChooser returns what chooses the trials of a search's algorithm.
func newChooser(c Config, space dropout.Space) chooser {
	switch c.Algorithm {
	case Random:
		return beginning{space, nil, c.StartProbs}
	case Evolution:
		return &evolution{begin: beginning{space, c.Start, c.StartProbs}, mutation: mutation{space, c.old, c.Everywhere}, config: c.Evolution}
	case Local:
		return newLocal(c, space)
	case Grid:
		return grid{space, c.Points}
	case Rejects:
		return newRejects(c, space)
	case Coordinate:
		return newCoordinate(c, space)
	}
	return newLearner(c, space)
}

// childSeed returns the seed of a trial's child.
func (c *Config) childSeed(trial int, space dropout.Space) uint64 {
	turn := trial
	switch {
	case c.Algorithm == Rejects:
		turn = before(newRounds(len(c.points(space)), c.Repeats), trial)
	case c.Algorithm == Coordinate:
		turn %= c.Repeats
	case c.Algorithm == Grid && c.Seeds > 0 && (c.Points != nil || !c.old):
		turn = c.round(trial, space) % c.Seeds
	case c.Seeds > 0:
		turn %= c.Seeds
	}
	return seed.Derive(c.Seed, "controller/child", uint64(turn))
}

// round returns how often a grid has tried all its points before a trial.
func (c *Config) round(trial int, space dropout.Space) int {
	if c.Points != nil {
		return trial / len(c.Points)
	}
	if size := space.Size(); size.IsInt64() && size.Int64() <= int64(trial) {
		return trial / int(size.Int64())
	}
	return 0
}

// stream names what the choices of trials are drawn from. Each algorithm has its own, so that
// two that begin with the same probabilities do not begin with the same points. Those that
// begin with given points try the same ones first anyway.
func (c *Config) stream() string {
	if c.Starts != nil {
		return "controller/sample"
	}
	return "controller/sample/" + string(c.Algorithm)
}

// replay brings a new state to where the records of a log end.
func (s *state) replay(records []record) error {
	for i, r := range records {
		var err error
		if r.Sampled != nil {
			if err = s.checkSampled(*r.Sampled); err == nil {
				s.sampled(*r.Sampled)
			}
		} else {
			if err = s.checkFinished(*r.Finished); err == nil {
				s.finished(*r.Finished)
			}
		}
		if err != nil {
			return fmt.Errorf("line %d cannot follow those before it: %w", i+2, err) // the header is line 1
		}
	}
	return nil
}

func (s *state) checkSampled(t Trial) error {
	switch {
	case t.Index != len(s.trials):
		return fmt.Errorf("trial %d was sampled where trial %d belongs", t.Index, len(s.trials))
	case !s.ready():
		return fmt.Errorf("trial %d was sampled while too many others were in flight", t.Index)
	case len(t.LogProbs) != len(t.Point):
		return fmt.Errorf("trial %d has %d choices and %d log-probabilities", t.Index, len(t.Point), len(t.LogProbs))
	}
	const rounding = 1e-3 // of the logarithm of a probability of 1
	for _, l := range t.LogProbs {
		if !(l > impossible && l < rounding) {
			return fmt.Errorf("trial %d has a log-probability of %g", t.Index, l)
		}
	}
	return s.space.Check(t.Point)
}

func (s *state) checkFinished(r Result) error {
	switch {
	case r.Trial < 0 || r.Trial >= len(s.trials):
		return fmt.Errorf("trial %d finished and was never sampled", r.Trial)
	case s.results[r.Trial] != nil:
		return fmt.Errorf("trial %d finished twice", r.Trial)
	case !usable(r.Reward):
		return fmt.Errorf("trial %d has a reward of %g", r.Trial, r.Reward)
	}
	return nil
}

// usable reports whether a reward is a number one can compute with.
func usable(reward float64) bool { return math.Abs(reward) <= math.MaxFloat32 }

// ready reports whether the next trial may be sampled.
func (s *state) ready() bool {
	next := len(s.trials)
	if s.config.Async {
		return next-s.done < s.config.InFlight
	}
	return next-s.leading < s.config.InFlight
}

// next samples a trial. The caller records it and calls sampled.
func (s *state) next() Trial {
	i := len(s.trials)
	if !s.config.Async {
		// Results that came early have to wait: the network that samples a trial
		// must not depend on which children were quick.
		s.applyTo(i + 1 - s.config.InFlight)
	}
	t := Trial{Index: i, Seed: s.config.childSeed(i, s.space), Identity: s.config.Identity}
	t.Point, t.LogProbs, t.Entropy = s.chooser.sample(i, seed.New(s.config.Seed, s.config.stream(), uint64(i)))
	return t
}

func (s *state) sampled(t Trial) {
	known := s.applied
	if !s.config.Async { // a replay applies nothing before the next trial is sampled
		known = max(0, t.Index+1-s.config.InFlight)
	}
	s.trials = append(s.trials, t)
	s.known = append(s.known, known)
	s.results = append(s.results, nil)
}

func (s *state) finished(r Result) {
	s.results[r.Trial] = &r
	s.done++
	for s.leading < len(s.results) && s.results[s.leading] != nil {
		s.leading++
	}
	if r.Failed() {
		s.failed++
	} else if s.best == nil || r.Reward > s.best.Reward || r.Reward == s.best.Reward && r.Trial < s.best.Trial {
		s.best = &r
	}
	if s.config.Async {
		s.apply(r)
	}
}

// applyTo applies, in index order, the results of trials 0 to n-1 that have
// not been applied.
func (s *state) applyTo(n int) {
	for s.applied < n {
		s.apply(*s.results[s.applied])
	}
}

// apply lets the chooser learn from a result. A failed trial counts as the
// worst one so far, and for nothing while there is no other to compare with.
func (s *state) apply(r Result) {
	behind := s.applied - s.known[r.Trial]
	s.applied++
	if r.Failed() {
		if math.IsNaN(s.worst) || r.Trial < s.config.references() {
			return
		}
		r.Reward = s.worst
	}
	if !(r.Reward >= s.worst) {
		s.worst = r.Reward
	}
	ratio := s.chooser.learn(s.trials[r.Trial], r.Reward)
	if s.config.Learned != nil {
		s.config.Learned(Lesson{r.Trial, behind, ratio})
	}
}

// report returns what has been done, after applying the results that no
// further trial waits for.
func (s *state) report() *Report {
	if !s.config.Async {
		s.applyTo(s.leading)
	}
	report := &Report{Trials: s.trials, Results: s.results, References: s.config.references()}
	if l := s.learner(); l != nil {
		report.network = l.network
	}
	return report
}

// learner returns the network that chooses, with what teaches it; nil: there is none,
// or not yet.
func (s *state) learner() *learner {
	chooser := s.chooser
	if referenced, ok := chooser.(*referenced); ok {
		chooser = referenced.then
	}
	if started, ok := chooser.(*started); ok {
		chooser = started.then
	}
	l, _ := chooser.(*learner)
	return l
}

func (s *state) status() Status {
	status := Status{Trials: s.config.Trials, Finished: s.done, Failed: s.failed, InFlight: len(s.trials) - s.done, Best: s.best}
	if n := len(s.trials); n > 0 {
		status.Entropy = s.trials[n-1].Entropy
	}
	return status
}
