package controller

import (
	"math"
	"math/rand/v2"

	"autodropout/dropout"
)

// uniform is random search: every point of its space is equally likely.
type uniform struct{ space dropout.Space }

func (u uniform) sample(_ int, rng *rand.Rand) (point []int, logProbs []float32, entropy float64) {
	decisions := u.space.Decisions()
	for i := range decisions {
		n := len(u.space.Choice(i).Values)
		point = append(point, rng.IntN(n))
		logProbs = append(logProbs, float32(-math.Log(float64(n))))
		entropy += math.Log(float64(n)) / float64(decisions)
	}
	return point, logProbs, entropy
}

func (uniform) learn(Trial, float64) (ratio float64) { return 1 }

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
