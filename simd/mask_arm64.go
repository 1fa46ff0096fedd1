//go:build !purego

package simd

import "autodropout/internal/race"

// The assembly works on whole groups of four elements, or of 32 where there are
// bits, Go on the rest.

func relu(dst, x []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		reluNEON(dst, x)
		whole := len(dst) &^ 3
		dst, x = dst[whole:], x[whole:]
	}
	reluGeneric(dst, x)
}

func reluBits(dst, x []float32, bits []uint32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		race.Write(bits)
		reluBitsNEON(dst, x, bits)
		whole := len(dst) &^ 31
		dst, x, bits = dst[whole:], x[whole:], bits[whole/32:]
	}
	reluBitsGeneric(dst, x, bits)
}

func maskScale(dst, x []float32, bits []uint32, c float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		race.Read(bits)
		maskScaleNEON(dst, x, bits, c)
		whole := len(dst) &^ 31
		dst, x, bits = dst[whole:], x[whole:], bits[whole/32:]
	}
	maskScaleGeneric(dst, x, bits, c)
}

//go:noescape
func reluNEON(dst, x []float32)

//go:noescape
func reluBitsNEON(dst, x []float32, bits []uint32)

//go:noescape
func maskScaleNEON(dst, x []float32, bits []uint32, c float32)
