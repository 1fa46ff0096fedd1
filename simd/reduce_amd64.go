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

func maxValue(x []float32) float32 {
	if !useAVX2 || len(x) < 16 {
		return maxValueGeneric(x)
	}
	race.Read(x)
	lanes := [16]float32(x)
	maxValueAVX2(&lanes, x) // all of x, for it looks for NaN in what it reads only
	m := maxValueGeneric(lanes[:])
	if rest := x[len(x)&^15:]; len(rest) > 0 {
		m = max(m, maxValueGeneric(rest))
	}
	return m
}

//go:noescape
func sumAVX2(p *partials, x []float32)

//go:noescape
func dotAVX2(p *partials, a, b []float32)

//go:noescape
func maxValueAVX2(lanes *[16]float32, x []float32)
