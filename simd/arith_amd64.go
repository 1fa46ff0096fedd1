//go:build !purego

package simd

import "autodropout/internal/race"

func add(dst, a, b []float32) {
	if !useAVX2 {
		addGeneric(dst, a, b)
		return
	}
	race.Write(dst)
	race.Read(a)
	race.Read(b)
	addAVX2(dst, a, b)
}

func sub(dst, a, b []float32) {
	if !useAVX2 {
		subGeneric(dst, a, b)
		return
	}
	race.Write(dst)
	race.Read(a)
	race.Read(b)
	subAVX2(dst, a, b)
}

func mul(dst, a, b []float32) {
	if !useAVX2 {
		mulGeneric(dst, a, b)
		return
	}
	race.Write(dst)
	race.Read(a)
	race.Read(b)
	mulAVX2(dst, a, b)
}

func mulAdd(dst, a, b []float32) {
	if !useAVX2 {
		mulAddGeneric(dst, a, b)
		return
	}
	race.Write(dst)
	race.Read(a)
	race.Read(b)
	mulAddAVX2(dst, a, b)
}

func maximum(dst, a, b []float32) {
	if !useAVX2 {
		maximumGeneric(dst, a, b)
		return
	}
	race.Write(dst)
	race.Read(a)
	race.Read(b)
	maximumAVX2(dst, a, b)
}

func minimum(dst, a, b []float32) {
	if !useAVX2 {
		minimumGeneric(dst, a, b)
		return
	}
	race.Write(dst)
	race.Read(a)
	race.Read(b)
	minimumAVX2(dst, a, b)
}

func scale(dst, x []float32, c float32) {
	if !useAVX2 {
		scaleGeneric(dst, x, c)
		return
	}
	race.Write(dst)
	race.Read(x)
	scaleAVX2(dst, x, c)
}

func addScalar(dst, x []float32, c float32) {
	if !useAVX2 {
		addScalarGeneric(dst, x, c)
		return
	}
	race.Write(dst)
	race.Read(x)
	addScalarAVX2(dst, x, c)
}

func axpy(dst, x []float32, a float32) {
	if !useAVX2 {
		axpyGeneric(dst, x, a)
		return
	}
	race.Write(dst)
	race.Read(x)
	axpyAVX2(dst, x, a)
}

func lerp(dst, x []float32, t float32) {
	if !useAVX2 {
		lerpGeneric(dst, x, t)
		return
	}
	race.Write(dst)
	race.Read(x)
	lerpAVX2(dst, x, t)
}

func fill(dst []float32, c float32) {
	if !useAVX2 {
		fillGeneric(dst, c)
		return
	}
	race.Write(dst)
	fillAVX2(dst, c)
}

//go:noescape
func addAVX2(dst, a, b []float32)

//go:noescape
func subAVX2(dst, a, b []float32)

//go:noescape
func mulAVX2(dst, a, b []float32)

//go:noescape
func mulAddAVX2(dst, a, b []float32)

//go:noescape
func maximumAVX2(dst, a, b []float32)

//go:noescape
func minimumAVX2(dst, a, b []float32)

//go:noescape
func scaleAVX2(dst, x []float32, c float32)

//go:noescape
func addScalarAVX2(dst, x []float32, c float32)

//go:noescape
func axpyAVX2(dst, x []float32, a float32)

//go:noescape
func lerpAVX2(dst, x []float32, t float32)

//go:noescape
func fillAVX2(dst []float32, c float32)
