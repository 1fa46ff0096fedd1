//go:build !purego

package simd

import "autodropout/internal/race"

func relu(dst, x []float32) {
	if !useAVX2 {
		reluGeneric(dst, x)
		return
	}
	race.Write(dst)
	race.Read(x)
	if useAVX512 {
		reluAVX512(dst, x)
	} else {
		reluAVX2(dst, x)
	}
}

func reluBits(dst, x []float32, bits []uint32) {
	if !useAVX2 {
		reluBitsGeneric(dst, x, bits)
		return
	}
	race.Write(dst)
	race.Read(x)
	race.Write(bits)
	clear(bits[len(dst)/32:]) // the assembly writes bytes, up to the last that is needed
	if useAVX512 {
		reluBitsAVX512(dst, x, bits)
	} else {
		reluBitsAVX2(dst, x, bits)
	}
}

func maskScale(dst, x []float32, bits []uint32, c float32) {
	if !useAVX2 {
		maskScaleGeneric(dst, x, bits, c)
		return
	}
	race.Write(dst)
	race.Read(x)
	race.Read(bits)
	if useAVX512 {
		maskScaleAVX512(dst, x, bits, c)
	} else {
		maskScaleAVX2(dst, x, bits, c)
	}
}

//go:noescape
func reluAVX2(dst, x []float32)

//go:noescape
func reluAVX512(dst, x []float32)

//go:noescape
func reluBitsAVX2(dst, x []float32, bits []uint32)

//go:noescape
func reluBitsAVX512(dst, x []float32, bits []uint32)

//go:noescape
func maskScaleAVX2(dst, x []float32, bits []uint32, c float32)

//go:noescape
func maskScaleAVX512(dst, x []float32, bits []uint32, c float32)
