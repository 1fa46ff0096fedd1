//go:build purego || !(amd64 || arm64)

package simd

func exp(dst, x []float32)         { expGeneric(dst, x) }
func sigmoid(dst, x []float32)     { sigmoidGeneric(dst, x) }
func tanh(dst, x []float32)        { tanhGeneric(dst, x) }
func gelu(dst, x []float32)        { geluGeneric(dst, x) }
func geluGrad(dx, dy, x []float32) { geluGradGeneric(dx, dy, x) }
func silu(dst, x []float32)        { siluGeneric(dst, x) }
func siluGrad(dx, dy, x []float32) { siluGradGeneric(dx, dy, x) }
