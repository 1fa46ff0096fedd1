package dropout

import (
	"math/rand/v2"
	"slices"
)

// Shuffle returns a point with the groups of another, which are blocks or places, in
// another order, in which each is elsewhere: it drops about as much, but not where it was
// meant to. Where there is one group the point stays.
func (s Space) Shuffle(point []int, rng *rand.Rand) []int {
	groups := slices.Collect(slices.Chunk(point, len(s.Choices)))
	for i := len(groups) - 1; i > 0; i-- { // Sattolo's algorithm: one cycle through all
		j := rng.IntN(i)
		groups[i], groups[j] = groups[j], groups[i]
	}
	return slices.Concat(groups...)
}
