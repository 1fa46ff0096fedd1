//go:build !purego

package simd

import "autodropout/internal/race"

// The assembly works on whole groups of four elements, Go on the rest.

// expConstants are the constants of expOf, tanhOf and normalOf. The assembly
// knows their order.
var expConstants = [...]float32{
	expMin, expMax, log2E, rounder, ln2Hi, ln2Lo, expC2, expC3, expC4, expC5, expC6, 1,
	2, tanhSmall, tanhC0, tanhC1, tanhC2, tanhC3, tanhC4,
	normalC1, normalC2, normalC3, normalC4, normalC5, normalC6, normalC7, normalC8, normalC0,
	normalC9, 0.25, -0.5, normalDensity,
}

func exp(dst, x []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		expNEON(dst, x, &expConstants)
		whole := len(dst) &^ 3
		dst, x = dst[whole:], x[whole:]
	}
	expGeneric(dst, x)
}

func sigmoid(dst, x []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		sigmoidNEON(dst, x, &expConstants)
		whole := len(dst) &^ 3
		dst, x = dst[whole:], x[whole:]
	}
	sigmoidGeneric(dst, x)
}

func tanh(dst, x []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		tanhNEON(dst, x, &expConstants)
		whole := len(dst) &^ 3
		dst, x = dst[whole:], x[whole:]
	}
	tanhGeneric(dst, x)
}

func gelu(dst, x []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		geluNEON(dst, x, &expConstants)
		whole := len(dst) &^ 3
		dst, x = dst[whole:], x[whole:]
	}
	geluGeneric(dst, x)
}

func geluGrad(dx, dy, x []float32) {
	if useNEON {
		race.Write(dx)
		race.Read(dy)
		race.Read(x)
		geluGradNEON(dx, dy, x, &expConstants)
		whole := len(dx) &^ 3
		dx, dy, x = dx[whole:], dy[whole:], x[whole:]
	}
	geluGradGeneric(dx, dy, x)
}

func silu(dst, x []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		siluNEON(dst, x, &expConstants)
		whole := len(dst) &^ 3
		dst, x = dst[whole:], x[whole:]
	}
	siluGeneric(dst, x)
}

func siluGrad(dx, dy, x []float32) {
	if useNEON {
		race.Write(dx)
		race.Read(dy)
		race.Read(x)
		siluGradNEON(dx, dy, x, &expConstants)
		whole := len(dx) &^ 3
		dx, dy, x = dx[whole:], dy[whole:], x[whole:]
	}
	siluGradGeneric(dx, dy, x)
}

//go:noescape
func expNEON(dst, x []float32, constants *[32]float32)

//go:noescape
func sigmoidNEON(dst, x []float32, constants *[32]float32)

//go:noescape
func tanhNEON(dst, x []float32, constants *[32]float32)

//go:noescape
func geluNEON(dst, x []float32, constants *[32]float32)

//go:noescape
func geluGradNEON(dx, dy, x []float32, constants *[32]float32)

//go:noescape
func siluNEON(dst, x []float32, constants *[32]float32)

//go:noescape
func siluGradNEON(dx, dy, x []float32, constants *[32]float32)
