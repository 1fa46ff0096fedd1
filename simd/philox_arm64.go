//go:build !purego

package simd

import "autodropout/internal/race"

// The assembly computes whole turns of four blocks, Go the rest.

func philoxFill(dst []uint32, ctr *[4]uint32, key *[2]uint32) {
	if !useNEON {
		philoxFillGeneric(dst, ctr, key)
		return
	}
	race.Write(dst)
	philoxFillNEON(dst, ctr, key)
	done := len(dst) &^ 15
	rest := *ctr
	rest[0] += uint32(done / 4)
	philoxFillGeneric(dst[done:], &rest, key)
}

func bernoulli(bits []uint32, threshold uint16, key *[2]uint32, ctr *[4]uint32) {
	if !useNEON {
		bernoulliGeneric(bits, threshold, key, ctr)
		return
	}
	race.Write(bits)
	bernoulliNEON(bits, threshold, key, ctr)
}
