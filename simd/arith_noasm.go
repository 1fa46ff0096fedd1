//go:build purego || !(amd64 || arm64)

package simd

func add(dst, a, b []float32)               { addGeneric(dst, a, b) }
func sub(dst, a, b []float32)               { subGeneric(dst, a, b) }
func mul(dst, a, b []float32)               { mulGeneric(dst, a, b) }
func mulAdd(dst, a, b []float32)            { mulAddGeneric(dst, a, b) }
func maximum(dst, a, b []float32)           { maximumGeneric(dst, a, b) }
func minimum(dst, a, b []float32)           { minimumGeneric(dst, a, b) }
func scale(dst, x []float32, c float32)     { scaleGeneric(dst, x, c) }
func addScalar(dst, x []float32, c float32) { addScalarGeneric(dst, x, c) }
func axpy(dst, x []float32, a float32)      { axpyGeneric(dst, x, a) }
func lerp(dst, x []float32, t float32)      { lerpGeneric(dst, x, t) }
func fill(dst []float32, c float32)         { fillGeneric(dst, c) }
