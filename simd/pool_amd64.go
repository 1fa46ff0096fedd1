//go:build !purego

package simd

import "autodropout/internal/race"

func maxFrom(best []float32, from []uint32, x []float32, place uint32) {
	if !useAVX2 {
		maxFromGeneric(best, from, x, place)
		return
	}
	race.Write(best)
	race.Write(from)
	race.Read(x)
	maxFromAVX2(best, from, x, place)
}

//go:noescape
func maxFromAVX2(best []float32, from []uint32, x []float32, place uint32)
