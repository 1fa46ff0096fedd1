//go:build purego || !(amd64 || arm64)

package simd

func largest(x []float32) float32 { return largestGeneric(x) }

func expSum(dst, x []float32, shift float32) float32 { return expSumGeneric(dst, x, shift) }

func expSumMask(dst, x []float32, bits []uint32, shift float32) float32 {
	return expSumMaskGeneric(dst, x, bits, shift)
}

func softmaxBackward(x, dp []float32, largest, inverseSum, dot float32) {
	softmaxBackwardGeneric(x, dp, largest, inverseSum, dot)
}

func softmaxBackwardMask(x, dp []float32, bits []uint32, largest, inverseSum, dot float32) {
	softmaxBackwardMaskGeneric(x, dp, bits, largest, inverseSum, dot)
}
