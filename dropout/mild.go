package dropout

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// The default shares with which searches begin. Hand-made dropout that helps drops about as
// much.
const (
	MildConv     = 0.06
	MildSequence = 0.1
)

// Mild returns, for each choice of a group, probabilities of its values. Patterns drawn
// with them drop the given share of elements, as [ExpectedShare] computes it. They are
// indexed by choice, then by value.
//
// Many probabilities give the same share. Mild makes values that drop more less likely, by
// a factor that is exponential in the value: for a ConvNet the larger sizes, cells and
// scattered shares and the smaller strides, for a Transformer the larger probabilities of
// dropping. The values of every other choice are equally likely. It is an error if no
// factor gives the share.
func Mild(space Space, share float64) (probs [][]float64, err error) {
	expected, tilted, err := space.expectation()
	if err != nil {
		return nil, err
	}
	at := func(tilt float64) [][]float64 {
		probs := make([][]float64, len(space.Choices))
		for i, c := range space.Choices {
			sum := 0.0
			for _, v := range c.Values {
				p := math.Exp(tilt * tilted[c.Name] * v)
				probs[i] = append(probs[i], p)
				sum += p
			}
			for v := range probs[i] {
				probs[i][v] /= sum
			}
		}
		return probs
	}
	const steepest = 13 // e^-13 is above what a search takes for possible
	lo, hi := -float64(steepest), float64(steepest)
	least, most := expected(at(hi)), expected(at(lo))
	if !(share >= least && share <= most) {
		return nil, fmt.Errorf("no distribution over the %s space drops a share of %g: it must be from %.2g to %.2g", space.Name, share, least, most)
	}
	for mid := (lo + hi) / 2; mid != lo && mid != hi; mid = (lo + hi) / 2 {
		if expected(at(mid)) > share {
			lo = mid
		} else {
			hi = mid
		}
	}
	return at(hi), nil
}

// ExpectedShare returns the share of elements, averaged over blocks or places, that
// patterns drop on average when their choices are made with the given probabilities:
// value v of choice c of every group has probability probs[c][v]; with nil probs all
// values are equally likely. The share is computed, not sampled.
func ExpectedShare(space Space, probs [][]float64) (float64, error) {
	expected, _, err := space.expectation()
	if err != nil {
		return 0, err
	}
	if probs == nil {
		for _, c := range space.Choices {
			n := len(c.Values)
			probs = append(probs, slices.Repeat([]float64{1 / float64(n)}, n))
		}
	}
	return expected(probs), nil
}

// Draw draws a point of the space. Each choice is drawn independently, with the given
// probabilities of its values; nil: all values are equally likely.
func (s Space) Draw(probs [][]float64, rng *rand.Rand) []int {
	point := make([]int, s.Decisions())
	for i := range point {
		n := len(s.Choice(i).Values)
		if probs == nil {
			point[i] = rng.IntN(n)
			continue
		}
		u := rng.Float64()
		for v, p := range probs[i%len(probs)] {
			if u >= 0 {
				point[i] = v
			}
			u -= p
		}
	}
	return point
}
