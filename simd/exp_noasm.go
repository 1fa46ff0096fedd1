//go:build purego || !(amd64 || arm64)

package simd

func exp(dst, x []float32)     { expGeneric(dst, x) }
func sigmoid(dst, x []float32) { sigmoidGeneric(dst, x) }
func tanh(dst, x []float32)    { tanhGeneric(dst, x) }
