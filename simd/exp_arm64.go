//go:build !purego

package simd

import "autodropout/internal/race"

// The assembly works on whole groups of four elements, Go on the rest.

// expConstants are the constants of expOf and tanhOf. The assembly knows their
// order.
var expConstants = [...]float32{
	expMin, expMax, log2E, rounder, ln2Hi, ln2Lo, expC2, expC3, expC4, expC5, expC6, 1,
	2, tanhSmall, tanhC0, tanhC1, tanhC2, tanhC3, tanhC4,
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

// These have no assembly for NEON: no model that is meant for small machines
// spends much time in them.

func gelu(dst, x []float32)        { geluGeneric(dst, x) }
func geluGrad(dx, dy, x []float32) { geluGradGeneric(dx, dy, x) }
func silu(dst, x []float32)        { siluGeneric(dst, x) }
func siluGrad(dx, dy, x []float32) { siluGradGeneric(dx, dy, x) }

//go:noescape
func expNEON(dst, x []float32, constants *[19]float32)

//go:noescape
func sigmoidNEON(dst, x []float32, constants *[19]float32)

//go:noescape
func tanhNEON(dst, x []float32, constants *[19]float32)
