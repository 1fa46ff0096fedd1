//go:build !purego

package simd

import "autodropout/internal/race"

// The assembly reduces whole groups of 16 elements, Go the rest.

func sum(p *partials, x []float32) {
	if useAVX2 {
		race.Read(x)
		sumAVX2(p, x)
		x = x[len(x)&^15:]
	}
	sumGeneric(p, x)
}

func dot(p *partials, a, b []float32) {
	if useAVX2 {
		race.Read(a)
		race.Read(b)
		dotAVX2(p, a, b)
		a, b = a[len(a)&^15:], b[len(a)&^15:]
	}
	dotGeneric(p, a, b)
}

//go:noescape
func sumAVX2(p *partials, x []float32)

//go:noescape
func dotAVX2(p *partials, a, b []float32)
