package controller

import (
	"math"
	"math/rand/v2"

	"autodropout/dropout"
)

// uniform is random search: every point of its space is equally likely.
type uniform struct{ space dropout.Space }

func (u uniform) sample(_ int, rng *rand.Rand) (tokens []int, logProbs []float32, entropy float64) {
	decisions := u.space.Decisions()
	for i := range decisions {
		n := len(u.space.Token(i).Values)
		tokens = append(tokens, rng.IntN(n))
		logProbs = append(logProbs, float32(-math.Log(float64(n))))
		entropy += math.Log(float64(n)) / float64(decisions)
	}
	return tokens, logProbs, entropy
}

func (uniform) learn(Trial, float64) (ratio float64) { return 1 }

// grid is the given points in turn, or every point of its space, the last token
// changing first.
type grid struct {
	space  dropout.Space
	points [][]int
}

func (g grid) sample(trial int, _ *rand.Rand) (tokens []int, logProbs []float32, entropy float64) {
	tokens = make([]int, g.space.Decisions())
	if len(g.points) > 0 {
		copy(tokens, g.points[trial%len(g.points)])
		return tokens, make([]float32, len(tokens)), 0
	}
	for i := len(tokens) - 1; i >= 0; i-- {
		n := len(g.space.Token(i).Values)
		tokens[i], trial = trial%n, trial/n
	}
	return tokens, make([]float32, len(tokens)), 0
}

func (grid) learn(Trial, float64) (ratio float64) { return 1 }
