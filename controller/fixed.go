package controller

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"autodropout/dropout"
)

// beginning is what a search begins with, and all there is of random search: each
// choice is made by itself.
type beginning struct {
	space dropout.Space
	start []int       // a point that each choice is made like with probability StartProb; nil: none
	probs [][]float64 // of the values of each choice; nil: all are as likely
}

// prob returns the probability with which decision i takes a value.
func (b beginning) prob(i, value int) float64 {
	n := len(b.space.Choice(i).Values)
	switch {
	case b.start != nil && n > 1 && value == b.start[i]:
		return StartProb
	case b.start != nil && n > 1:
		return (1 - StartProb) / float64(n-1)
	case b.probs != nil:
		return b.probs[i%len(b.probs)][value]
	}
	return 1 / float64(n)
}

func (b beginning) sample(_ int, rng *rand.Rand) (point []int, logProbs []float32, entropy float64) {
	decisions := b.space.Decisions()
	for i := range decisions {
		n := len(b.space.Choice(i).Values)
		logs := make([]float32, n)
		for v := range logs {
			logs[v] = float32(math.Log(b.prob(i, v)))
		}
		if b.start == nil && b.probs == nil {
			point = append(point, rng.IntN(n))
			entropy += math.Log(float64(n)) / float64(decisions)
		} else {
			choice, surprise := draw(rng, logs)
			point = append(point, choice)
			entropy += surprise / float64(decisions)
		}
		logProbs = append(logProbs, logs[point[i]])
	}
	return point, logProbs, entropy
}

func (beginning) learn(Trial, float64) (ratio float64) { return 1 }

// checkStartProbs returns what is wrong with the probabilities to begin with.
func (c Config) checkStartProbs(space dropout.Space) error {
	switch {
	case c.StartProbs == nil:
		return nil
	case c.Start != nil:
		return errors.New("controller: a search begins near a point or with probabilities of its own: give one of the two")
	case len(c.StartProbs) != len(space.Choices):
		return fmt.Errorf("controller: there are probabilities to begin with for %d choices, and the space has %d", len(c.StartProbs), len(space.Choices))
	}
	for i, probs := range c.StartProbs {
		choice, sum := space.Choices[i], 0.0
		for _, p := range probs {
			if !(p >= leastProb) {
				return fmt.Errorf("controller: a value of %q has the probability %g to begin with; it must be at least %g", choice.Name, p, leastProb)
			}
			sum += p
		}
		if len(probs) != len(choice.Values) || math.Abs(sum-1) > 1e-6 {
			return fmt.Errorf("controller: the %d probabilities of %q to begin with, for %d values, have the sum %g; it must be 1", len(probs), choice.Name, len(choice.Values), sum)
		}
	}
	return nil
}

// leastProb is the smallest probability with which a value may begin: it can be
// learned again that it is good.
const leastProb = 1e-6

// grid is the given points in turn, or every point of its space, the last choice
// changing first.
type grid struct {
	space  dropout.Space
	points [][]int
}

func (g grid) sample(trial int, _ *rand.Rand) (point []int, logProbs []float32, entropy float64) {
	point = make([]int, g.space.Decisions())
	if len(g.points) > 0 {
		copy(point, g.points[trial%len(g.points)])
		return point, make([]float32, len(point)), 0
	}
	for i := len(point) - 1; i >= 0; i-- {
		n := len(g.space.Choice(i).Values)
		point[i], trial = trial%n, trial/n
	}
	return point, make([]float32, len(point)), 0
}

func (grid) learn(Trial, float64) (ratio float64) { return 1 }
