//go:build !purego

package simd

import "autodropout/internal/race"

// Exponentials and masks take the kernels that exist, one after the other: a
// block of a row stays in the first-level cache. The assembly here works on
// whole groups of 16 elements, Go on the rest.

func largest(x []float32) float32 {
	if !useNEON || len(x) < 16 {
		return largestGeneric(x)
	}
	race.Read(x)
	lanes := [16]float32(x)
	largestNEON(&lanes, x)
	return max(largestGeneric(lanes[:]), largestGeneric(x[len(x)&^15:]))
}

func expSum(dst, x []float32, shift float32) float32 {
	if !useNEON {
		return expSumGeneric(dst, x, shift)
	}
	addScalar(dst, x, -shift)
	exp(dst, dst)
	var sums sumLanes
	whole := len(dst) &^ 15
	if whole > 0 {
		race.Read(dst)
		sumLanesNEON(&sums, dst)
	}
	for i, v := range dst[whole:] {
		sums[i] += v
	}
	return sums.total()
}

func expSumMask(dst, x []float32, bits []uint32, shift float32) float32 {
	if !useNEON {
		return expSumMaskGeneric(dst, x, bits, shift)
	}
	total := expSum(dst, x, shift)
	maskScale(dst, dst, bits, 1)
	return total
}

func softmaxBackward(x, dp []float32, largest, inverseSum, dot float32) {
	if !useNEON {
		softmaxBackwardGeneric(x, dp, largest, inverseSum, dot)
		return
	}
	addScalar(x, x, -largest)
	exp(x, x)
	scale(x, x, inverseSum)
	addScalar(dp, dp, -dot)
	mul(dp, dp, x)
}

func softmaxBackwardMask(x, dp []float32, bits []uint32, largest, inverseSum, dot float32) {
	if !useNEON {
		softmaxBackwardMaskGeneric(x, dp, bits, largest, inverseSum, dot)
		return
	}
	maskScale(dp, dp, bits, 1)
	softmaxBackward(x, dp, largest, inverseSum, dot)
	maskScale(x, x, bits, 1)
}

//go:noescape
func largestNEON(lanes *[16]float32, x []float32)

//go:noescape
func sumLanesNEON(sums *sumLanes, x []float32)
