package controller

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"autodropout/dropout"
)

// EvolutionConfig is the size of an evolution. A zero field stands for the default.
type EvolutionConfig struct {
	// Population is how many of the last results may have offspring, by default 10. So many
	// trials are drawn before the first offspring.
	Population int `json:"population"`
	// Tournament is how many of these are drawn for each trial; the best of them has an
	// offspring. By default 5.
	Tournament int `json:"tournament"`
}

func (c EvolutionConfig) withDefaults() EvolutionConfig {
	const population, tournament = 10, 5
	c.Population = cmp.Or(c.Population, population)
	c.Tournament = cmp.Or(c.Tournament, tournament)
	return c
}

func (c EvolutionConfig) check() error {
	const most = 1 << 16
	switch {
	case c.Population < 1 || c.Population > most:
		return fmt.Errorf("controller: the population is %d; it must be from 1 to %d", c.Population, most)
	case c.Tournament < 1 || c.Tournament > most:
		return fmt.Errorf("controller: %d take part in a tournament; it must be from 1 to %d", c.Tournament, most)
	}
	return nil
}

// scored is a point with its reward.
type scored struct {
	point  []int
	reward float64
}

// evolution is regularised evolution (Real et al. 2019): of some results, drawn from
// the last ones, the point of the best is changed in one choice. The oldest dies,
// however good it is, so that one lucky result has offspring for a while only.
type evolution struct {
	begin    beginning
	mutation mutation
	config   EvolutionConfig
	founded  bool     // the first population has been tried
	alive    []scored // the oldest first
}

func (e *evolution) sample(trial int, rng *rand.Rand) (point []int, logProbs []float32, entropy float64) {
	if trial < e.config.Population && !e.founded || len(e.alive) == 0 {
		return e.begin.sample(trial, rng)
	}
	parent := e.alive[rng.IntN(len(e.alive))]
	for range e.config.Tournament - 1 {
		if other := e.alive[rng.IntN(len(e.alive))]; other.reward > parent.reward {
			parent = other
		}
	}
	point = e.mutation.of(parent.point, rng)
	return point, make([]float32, len(point)), 0
}

func (e *evolution) learn(t Trial, reward float64) (ratio float64) {
	e.alive = append(e.alive, scored{t.Point, reward})
	if len(e.alive) > e.config.Population {
		e.alive = e.alive[1:]
	}
	return 1
}

// mutation changes points in one choice.
type mutation struct {
	space      dropout.Space
	any        bool    // any choice may change, also one that does not count
	everywhere float64 // the share of the changes that all groups get
}

// of returns a point that differs from another in one choice, of one group or of all, where any
// choice has more than one value, and so that it counts: see [dropout.Space.Canonical].
func (m mutation) of(point []int, rng *rand.Rand) []int {
	var free []int
	for i := range point {
		if len(m.space.Choice(i).Values) > 1 {
			free = append(free, i)
		}
	}
	if len(free) == 0 {
		return slices.Clone(point)
	}
	canonical := m.space.Canonical(point)
	const tries = 1000 // in a space where nothing counts there is nothing to be found
	for try := 0; ; try++ {
		other := slices.Clone(point)
		i := free[rng.IntN(len(free))]
		n := len(m.space.Choice(i).Values)
		other[i] = (other[i] + 1 + rng.IntN(n-1)) % n
		if m.everywhere > 0 && rng.Float64() < m.everywhere {
			for at := i % len(m.space.Choices); at < len(other); at += len(m.space.Choices) {
				other[at] = other[i]
			}
		}
		if m.any || try == tries || !slices.Equal(m.space.Canonical(other), canonical) {
			return other
		}
	}
}
