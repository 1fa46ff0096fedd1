//go:build !purego

package simd

import "autodropout/internal/race"

func exp(dst, x []float32) {
	if !useAVX2 {
		expGeneric(dst, x)
		return
	}
	race.Write(dst)
	race.Read(x)
	if useAVX512 {
		expAVX512(dst, x)
	} else {
		expAVX2(dst, x)
	}
}

func sigmoid(dst, x []float32) {
	if !useAVX2 {
		sigmoidGeneric(dst, x)
		return
	}
	race.Write(dst)
	race.Read(x)
	if useAVX512 {
		sigmoidAVX512(dst, x)
	} else {
		sigmoidAVX2(dst, x)
	}
}

func tanh(dst, x []float32) {
	if !useAVX2 {
		tanhGeneric(dst, x)
		return
	}
	race.Write(dst)
	race.Read(x)
	if useAVX512 {
		tanhAVX512(dst, x)
	} else {
		tanhAVX2(dst, x)
	}
}

//go:noescape
func expAVX2(dst, x []float32)

//go:noescape
func expAVX512(dst, x []float32)

//go:noescape
func sigmoidAVX2(dst, x []float32)

//go:noescape
func sigmoidAVX512(dst, x []float32)

//go:noescape
func tanhAVX2(dst, x []float32)

//go:noescape
func tanhAVX512(dst, x []float32)
