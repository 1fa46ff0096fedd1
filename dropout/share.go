package dropout

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Share returns the share of the elements of maps of a size that the pattern is
// expected to drop, over all of its placements. It is computed, not sampled.
func (b BlockPattern) Share(height, width int) float64 {
	if b.Size == 0 {
		return 0
	}
	t := newTiling(b, height, width)
	sum := 0.0
	for _, c := range t.cells {
		sum += t.covered(int(c.y)+t.y.low, int(c.x)+t.x.low)
	}
	return sum / float64(len(t.cells))
}

// Share returns the share of the elements of a sequence that the pattern is expected
// to drop.
func (b TokenPattern) Share() float64 {
	return b.Drop * float64(b.Size) / float64(b.Size+b.Stride)
}

// covered returns the probability that a block covers a cell that is looked up. Axes
// are placed independently.
func (t *tiling) covered(y, x int) float64 { return t.y.covered(y) * t.x.covered(x) }

// covered returns the probability that a block covers cell i.
func (a *axis) covered(i int) float64 {
	if a.span == 0 {
		return float64(a.size) / float64(a.pitch)
	}
	// The anchor is one of as many cells, from -(span-1) to extent-1.
	n := 0
	for offset := max(0, i-a.extent+1); offset <= min(a.span-1, i+a.span-1); offset++ {
		if offset%a.pitch < a.size {
			n++
		}
	}
	return float64(n) / float64(a.span+a.extent-1)
}

// The shares that searches begin with where nobody says another: those of dropout
// made by hand that helps.
const (
	MildConv     = 0.06
	MildSequence = 0.1
)

// firstSide is the side of the maps of a ConvNet's first stage that shares are
// computed for; it halves from stage to stage. Patterns are relative to the side, so
// that others differ by rounding only.
const firstSide = 32

// Mild returns probabilities of the values of each choice of a group, of a
// [ConvSpace] or a [SequenceSpace], with which the share of elements that a pattern is
// expected to drop is the given one, averaged over its blocks or places. Among these
// are: for a ConvNet, sizes are the less likely the larger, strides the more, each by
// the same factor from value to value; for a Transformer, probabilities of dropping
// are the less likely the larger. Everything else is as likely. It is an error where
// no factor gives the share.
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
	for range 100 {
		if mid := (lo + hi) / 2; expected(at(mid)) > share {
			lo = mid
		} else {
			hi = mid
		}
	}
	return at(hi), nil
}

// ExpectedShare returns the share of elements that a pattern is expected to drop
// whose choices have the given probabilities, of each choice of a group; nil: all
// values are as likely. It is computed, not sampled.
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

// expectation returns the function from probabilities to the expected share, and
// which choices a share is reached by, with the direction of each.
func (s Space) expectation() (expected func(probs [][]float64) float64, tilted map[string]float64, err error) {
	if s.Name == "sequence" {
		if err := s.checkSequence(); err != nil {
			return nil, nil, err
		}
		return s.sequenceShare, map[string]float64{"drop": -1}, nil
	}
	if !s.isConv() {
		return nil, nil, fmt.Errorf("the share that patterns of the %s space drop is not known", s.Name)
	}
	return s.convShare(), map[string]float64{"size": -1, "stride": 1}, nil
}

func (s Space) sequenceShare(probs [][]float64) float64 {
	share, drop := 0.0, 0.0
	for i, size := range s.Choices[0].Values {
		for j, stride := range s.Choices[1].Values {
			share += probs[0][i] * probs[1][j] * size / (size + stride)
		}
	}
	for i, d := range s.Choices[4].Values {
		drop += probs[4][i] * d
	}
	return share * drop
}

// convShare returns the function from probabilities to the expected share. What a
// size, a stride and a number of repeats drop together is a table, with the geometry
// as likely one way as another.
func (s Space) convShare() func(probs [][]float64) float64 {
	groups := float64(s.Groups)
	sizes, strides, repeats := s.Choices[0].Values, s.Choices[1].Values, s.Choices[2].Values
	table := make([]float64, len(sizes)*len(strides)*len(repeats))
	for stage, blocks := range s.Stages {
		side := max(4, firstSide>>stage)
		looked := s.lookups(side)
		total := 0
		for _, at := range looked {
			total += at.times
		}
		i := 0
		for _, size := range sizes {
			for _, stride := range strides {
				for _, repeat := range repeats {
					if size > 0 {
						t := newTiling(BlockPattern{Size: size, Stride: stride, Repeat: int(repeat)}, side, side)
						sum := 0.0
						for _, at := range looked {
							sum += float64(at.times) * t.covered(at.y, at.x)
						}
						table[i] += sum / float64(total) * float64(blocks) / groups
					}
					i++
				}
			}
		}
	}
	return func(probs [][]float64) float64 {
		sum, i := 0.0, 0
		for _, p := range probs[0] {
			for _, q := range probs[1] {
				for _, r := range probs[2] {
					sum += p * q * r * table[i]
					i++
				}
			}
		}
		return sum
	}
}

// lookup is how often a cell of a placed pattern is looked up.
type lookup struct{ y, x, times int }

// lookups returns the cells that those of a map look up, over all rotations and shears
// of the space, in an order that is always the same: sums round alike.
func (s Space) lookups(side int) []lookup {
	times := map[[2]int]int{}
	for _, rotate := range s.Choices[3].Values {
		for _, x := range s.Choices[4].Values {
			for _, y := range s.Choices[5].Values {
				t := newTiling(BlockPattern{Size: 1, Stride: 1, Repeat: 1, Rotate: rotate, ShearX: x, ShearY: y}, side, side)
				for _, c := range t.cells {
					times[[2]int{int(c.y) + t.y.low, int(c.x) + t.x.low}]++
				}
			}
		}
	}
	var looked []lookup
	for at, n := range times {
		looked = append(looked, lookup{at[0], at[1], n})
	}
	slices.SortFunc(looked, func(a, b lookup) int { return cmp.Or(a.y-b.y, a.x-b.x) })
	return looked
}

// Draw draws a point of the space, each choice by itself with the given probabilities
// of the values of each choice of a group; nil: all are as likely.
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
