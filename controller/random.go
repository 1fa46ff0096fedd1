package controller

import (
	"math"
	"math/rand/v2"

	"autodropout/dropout"
)

// uniform is random search: every point of its space is equally likely.
type uniform struct{ space dropout.Space }

func (u uniform) sample(rng *rand.Rand) (tokens []int, logProbs []float32, entropy float64) {
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
