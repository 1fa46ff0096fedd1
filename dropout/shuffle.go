package dropout

import (
	"math/rand/v2"
	"slices"
)

// Shuffle returns the point with its groups (blocks or places) in another order, in which
// no group stays where it was. Such a pattern drops about as much, but elsewhere. A point
// of one group stays as it is.
func (s Space) Shuffle(point []int, rng *rand.Rand) []int {
	groups := slices.Collect(slices.Chunk(point, len(s.Choices)))
	for i := len(groups) - 1; i > 0; i-- { // Sattolo's algorithm: one cycle through all
		j := rng.IntN(i)
		groups[i], groups[j] = groups[j], groups[i]
	}
	return slices.Concat(groups...)
}
