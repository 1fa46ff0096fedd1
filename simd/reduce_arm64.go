//go:build !purego

package simd

import "autodropout/internal/race"

// The assembly reduces whole groups of 16 elements, Go the rest.

func sum(p *partials, x []float32) {
	if useNEON {
		race.Read(x)
		sumNEON(p, x)
		x = x[len(x)&^15:]
	}
	sumGeneric(p, x)
}

func dot(p *partials, a, b []float32) {
	if useNEON {
		race.Read(a)
		race.Read(b)
		dotNEON(p, a, b)
		whole := len(a) &^ 15
		a, b = a[whole:], b[whole:]
	}
	dotGeneric(p, a, b)
}

//go:noescape
func sumNEON(p *partials, x []float32)

//go:noescape
func dotNEON(p *partials, a, b []float32)
