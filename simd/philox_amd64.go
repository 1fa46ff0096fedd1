//go:build !purego

package simd

import "autodropout/internal/race"

// The assembly computes whole turns of eight blocks, Go the rest.

func philoxFill(dst []uint32, ctr *[4]uint32, key *[2]uint32) {
	if !useAVX2 {
		philoxFillGeneric(dst, ctr, key)
		return
	}
	race.Write(dst)
	philoxFillAVX2(dst, ctr, key)
	done := len(dst) &^ 31
	rest := *ctr
	rest[0] += uint32(done / 4)
	philoxFillGeneric(dst[done:], &rest, key)
}

func bernoulli(bits []uint32, threshold uint16, key *[2]uint32, ctr *[4]uint32) {
	if !useAVX2 {
		bernoulliGeneric(bits, threshold, key, ctr)
		return
	}
	race.Write(bits)
	bernoulliAVX2(bits, threshold, key, ctr)
	done := len(bits) &^ 1
	rest := *ctr
	rest[0] += uint32(4 * done)
	bernoulliGeneric(bits[done:], threshold, key, &rest)
}
