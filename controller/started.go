package controller

import (
	"math/rand/v2"
	"slices"

	"autodropout/dropout"
)

// started tries some points first, in turn, and then searches near the best of them
// with another chooser.
type started struct {
	config Config
	space  dropout.Space
	points [][]int
	begun  int     // the results that the first trial after the points knows of
	found  []Trial // of them, those that did not fail, with rewards
	reward []float64
	then   chooser // nil until enough is known
}

func newStarted(c Config, space dropout.Space) *started {
	s := &started{config: c, space: space, points: c.Starts, begun: max(0, len(c.Starts)+1-c.InFlight)}
	s.config.Starts, s.config.StartProbs = nil, nil
	return s
}

// rest returns what searches after the points. It knows the first results, always as
// many: where it is made in a search that is taken up, these are the same.
func (s *started) rest() chooser {
	if s.then != nil {
		return s.then
	}
	c := s.config
	c.Start = s.points[0]
	best := -1
	for i, reward := range s.reward {
		if best < 0 || reward > s.reward[best] {
			best, c.Start = i, s.found[i].Point
		}
	}
	s.then = newChooser(c, s.space)
	if e, ok := s.then.(*evolution); ok {
		e.founded = true
	}
	for i, t := range s.found {
		s.then.learn(t, s.reward[i])
	}
	return s.then
}

func (s *started) sample(trial int, rng *rand.Rand) (point []int, logProbs []float32, entropy float64) {
	if trial < len(s.points) {
		return slices.Clone(s.points[trial]), make([]float32, len(s.points[trial])), 0
	}
	return s.rest().sample(trial, rng)
}

func (s *started) learn(t Trial, reward float64) (ratio float64) {
	if t.Index < s.begun {
		s.found, s.reward = append(s.found, t), append(s.reward, reward)
		return 1
	}
	return s.rest().learn(t, reward)
}
