//go:build !purego

package simd

import "autodropout/internal/race"

// The bits are a copy that no other goroutine knows: there is no race to report.

func largest(x []float32) float32 {
	if !useAVX2 {
		return largestGeneric(x)
	}
	race.Read(x)
	return largestAVX2(x)
}

func expSum(dst, x []float32, shift float32) float32 {
	if !useAVX2 {
		return expSumGeneric(dst, x, shift)
	}
	race.Write(dst)
	race.Read(x)
	if useAVX512 {
		return expSumAVX512(dst, x, shift)
	}
	return expSumAVX2(dst, x, shift)
}

func expSumMask(dst, x []float32, bits []uint32, shift float32) float32 {
	if !useAVX2 {
		return expSumMaskGeneric(dst, x, bits, shift)
	}
	race.Write(dst)
	race.Read(x)
	if useAVX512 {
		return expSumMaskAVX512(dst, x, bits, shift)
	}
	return expSumMaskAVX2(dst, x, bits, shift)
}

func softmaxBackward(x, dp []float32, largest, inverseSum, dot float32) {
	if !useAVX2 {
		softmaxBackwardGeneric(x, dp, largest, inverseSum, dot)
		return
	}
	race.Write(x)
	race.Write(dp)
	if useAVX512 {
		softmaxBackwardAVX512(x, dp, largest, inverseSum, dot)
	} else {
		softmaxBackwardAVX2(x, dp, largest, inverseSum, dot)
	}
}

func softmaxBackwardMask(x, dp []float32, bits []uint32, largest, inverseSum, dot float32) {
	if !useAVX2 {
		softmaxBackwardMaskGeneric(x, dp, bits, largest, inverseSum, dot)
		return
	}
	race.Write(x)
	race.Write(dp)
	if useAVX512 {
		softmaxBackwardMaskAVX512(x, dp, bits, largest, inverseSum, dot)
	} else {
		softmaxBackwardMaskAVX2(x, dp, bits, largest, inverseSum, dot)
	}
}

//go:noescape
func largestAVX2(x []float32) float32

//go:noescape
func expSumAVX2(dst, x []float32, shift float32) float32

//go:noescape
func expSumAVX512(dst, x []float32, shift float32) float32

//go:noescape
func expSumMaskAVX2(dst, x []float32, bits []uint32, shift float32) float32

//go:noescape
func expSumMaskAVX512(dst, x []float32, bits []uint32, shift float32) float32

//go:noescape
func softmaxBackwardAVX2(x, dp []float32, largest, inverseSum, dot float32)

//go:noescape
func softmaxBackwardAVX512(x, dp []float32, largest, inverseSum, dot float32)

//go:noescape
func softmaxBackwardMaskAVX2(x, dp []float32, bits []uint32, largest, inverseSum, dot float32)

//go:noescape
func softmaxBackwardMaskAVX512(x, dp []float32, bits []uint32, largest, inverseSum, dot float32)
