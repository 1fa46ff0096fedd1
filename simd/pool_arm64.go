//go:build !purego

package simd

import "autodropout/internal/race"

// The assembly works on whole groups of four elements, Go on the rest.
func maxFrom(best []float32, from []uint32, x []float32, place uint32) {
	if useNEON {
		race.Write(best)
		race.Write(from)
		race.Read(x)
		maxFromNEON(best, from, x, place)
		whole := len(best) &^ 3
		best, from, x = best[whole:], from[whole:], x[whole:]
	}
	maxFromGeneric(best, from, x, place)
}

//go:noescape
func maxFromNEON(best []float32, from []uint32, x []float32, place uint32)
