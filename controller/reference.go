package controller

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"autodropout/dropout"
)

// checkReference returns what is wrong with the reference.
func (c Config) checkReference(space dropout.Space) error {
	switch {
	case c.Reference == nil:
		return nil
	case c.Seeds < 1:
		return errors.New("controller: rewards are compared with those of a reference with the same seed: the children must share seeds")
	case c.Async:
		return errors.New("controller: a search with a reference applies results in order, not as they come")
	case c.Algorithm == Grid || c.Algorithm == Rejects || c.Algorithm == Coordinate:
		return fmt.Errorf("controller: %s compares points that are tried with the same seeds, and needs no reference", c.Algorithm)
	}
	if err := space.Check(c.Reference); err != nil {
		return fmt.Errorf("controller: the reference is not in the space: %w", err)
	}
	return nil
}

// references returns how many of the first trials are the reference.
func (c *Config) references() int {
	if c.Reference == nil {
		return 0
	}
	return c.Seeds
}

// references are the rewards of the reference, by the seed of its child; NaN where that has
// failed, or is not there yet.
type references []float64

func newReferences(seeds int) references { return slices.Repeat(references{math.NaN()}, seeds) }

// gain returns by how much the reward of a trial is better than that of the reference with
// the same seed. For one that has failed stands the mean of the others, 0 where there is none.
func (r references) gain(trial int, reward float64) float64 {
	if len(r) == 0 {
		return reward
	}
	if of := r[trial%len(r)]; !math.IsNaN(of) {
		return reward - of
	}
	sum, n := 0.0, 0
	for _, of := range r {
		if !math.IsNaN(of) {
			sum, n = sum+of, n+1
		}
	}
	return reward - sum/float64(max(n, 1))
}

// referenced tries the reference first, once with each seed that the children share. Another
// chooser searches, and learns by how much a trial is better than the reference.
type referenced struct {
	point []int
	found references
	then  chooser
}

func newReferenced(c Config, space dropout.Space) *referenced {
	return &referenced{c.Reference, newReferences(c.Seeds), begun(c, space)}
}

func (r *referenced) sample(trial int, rng *rand.Rand) (point []int, logProbs []float32, entropy float64) {
	if trial < len(r.found) {
		return slices.Clone(r.point), make([]float32, len(r.point)), 0
	}
	return r.then.sample(trial-len(r.found), rng)
}

func (r *referenced) learn(t Trial, reward float64) (ratio float64) {
	if t.Index < len(r.found) {
		r.found[t.Index] = reward
		return 1
	}
	gain := r.found.gain(t.Index, reward)
	t.Index -= len(r.found)
	return r.then.learn(t, gain)
}

// Gains returns, by trial, by how much a reward is better than that of the reference with the same
// seed (see [Config].Reference); without one it is the reward. It is NaN where a trial has failed
// or has not finished.
func (r *Report) Gains() []float64 {
	found, gains := newReferences(r.References), slices.Repeat([]float64{math.NaN()}, len(r.Results))
	for i := range min(len(found), len(r.Results)) {
		if result := r.Results[i]; result != nil && !result.Failed() {
			found[i] = result.Reward
		}
	}
	for i, result := range r.Results {
		if result != nil && !result.Failed() {
			gains[i] = found.gain(i, result.Reward)
		}
	}
	return gains
}
