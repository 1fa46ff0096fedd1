//go:build purego || !(amd64 || arm64)

package simd

func relu(dst, x []float32)                                { reluGeneric(dst, x) }
func reluBits(dst, x []float32, bits []uint32)             { reluBitsGeneric(dst, x, bits) }
func maskScale(dst, x []float32, bits []uint32, c float32) { maskScaleGeneric(dst, x, bits, c) }
