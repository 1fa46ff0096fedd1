//go:build !purego

package simd

import "autodropout/internal/race"

// The assembly works on whole groups of four elements, Go on the rest.

func add(dst, a, b []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		addNEON(dst, a, b)
		whole := len(dst) &^ 3
		dst, a, b = dst[whole:], a[whole:], b[whole:]
	}
	addGeneric(dst, a, b)
}

func sub(dst, a, b []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		subNEON(dst, a, b)
		whole := len(dst) &^ 3
		dst, a, b = dst[whole:], a[whole:], b[whole:]
	}
	subGeneric(dst, a, b)
}

func mul(dst, a, b []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		mulNEON(dst, a, b)
		whole := len(dst) &^ 3
		dst, a, b = dst[whole:], a[whole:], b[whole:]
	}
	mulGeneric(dst, a, b)
}

func mulAdd(dst, a, b []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		mulAddNEON(dst, a, b)
		whole := len(dst) &^ 3
		dst, a, b = dst[whole:], a[whole:], b[whole:]
	}
	mulAddGeneric(dst, a, b)
}

func maximum(dst, a, b []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		maximumNEON(dst, a, b)
		whole := len(dst) &^ 3
		dst, a, b = dst[whole:], a[whole:], b[whole:]
	}
	maximumGeneric(dst, a, b)
}

func minimum(dst, a, b []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		minimumNEON(dst, a, b)
		whole := len(dst) &^ 3
		dst, a, b = dst[whole:], a[whole:], b[whole:]
	}
	minimumGeneric(dst, a, b)
}

func scale(dst, x []float32, c float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		scaleNEON(dst, x, c)
		whole := len(dst) &^ 3
		dst, x = dst[whole:], x[whole:]
	}
	scaleGeneric(dst, x, c)
}

func addScalar(dst, x []float32, c float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		addScalarNEON(dst, x, c)
		whole := len(dst) &^ 3
		dst, x = dst[whole:], x[whole:]
	}
	addScalarGeneric(dst, x, c)
}

func axpy(dst, x []float32, a float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		axpyNEON(dst, x, a)
		whole := len(dst) &^ 3
		dst, x = dst[whole:], x[whole:]
	}
	axpyGeneric(dst, x, a)
}

func lerp(dst, x []float32, t float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		lerpNEON(dst, x, t)
		whole := len(dst) &^ 3
		dst, x = dst[whole:], x[whole:]
	}
	lerpGeneric(dst, x, t)
}

func fill(dst []float32, c float32) {
	if useNEON {
		race.Write(dst)
		fillNEON(dst, c)
		dst = dst[len(dst)&^3:]
	}
	fillGeneric(dst, c)
}

//go:noescape
func addNEON(dst, a, b []float32)

//go:noescape
func subNEON(dst, a, b []float32)

//go:noescape
func mulNEON(dst, a, b []float32)

//go:noescape
func mulAddNEON(dst, a, b []float32)

//go:noescape
func maximumNEON(dst, a, b []float32)

//go:noescape
func minimumNEON(dst, a, b []float32)

//go:noescape
func scaleNEON(dst, x []float32, c float32)

//go:noescape
func addScalarNEON(dst, x []float32, c float32)

//go:noescape
func axpyNEON(dst, x []float32, a float32)

//go:noescape
func lerpNEON(dst, x []float32, t float32)

//go:noescape
func fillNEON(dst []float32, c float32)
