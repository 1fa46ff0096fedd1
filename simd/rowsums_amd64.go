//go:build !purego

package simd

func sumBlock(sum, x []float32, stride, rows int) {
	if !useAVX2 {
		sumBlockGeneric(sum, x, stride, rows)
		return
	}
	if useAVX512 {
		sumBlockAVX512(sum, x, stride, rows)
	} else {
		sumBlockAVX2(sum, x, stride, rows)
	}
}

func momentsBlock(sum, sumsq, x, shift []float32, stride, rows int) {
	if !useAVX2 {
		momentsBlockGeneric(sum, sumsq, x, shift, stride, rows)
		return
	}
	if useAVX512 {
		momentsBlockAVX512(sum, sumsq, x, shift, stride, rows)
	} else {
		momentsBlockAVX2(sum, sumsq, x, shift, stride, rows)
	}
}

func sumDotBlock(sum, dot, dy, x, shift []float32, stride, rows int) {
	if !useAVX2 {
		sumDotBlockGeneric(sum, dot, dy, x, shift, stride, rows)
		return
	}
	if useAVX512 {
		sumDotBlockAVX512(sum, dot, dy, x, shift, stride, rows)
	} else {
		sumDotBlockAVX2(sum, dot, dy, x, shift, stride, rows)
	}
}

func maskSumDotBlock(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int) {
	if !useAVX2 || stride%8 != 0 {
		maskSumDotBlockGeneric(sum, dot, dy, x, shift, bits, factor, stride, rows)
		return
	}
	if useAVX512 && stride%16 == 0 {
		maskSumDotBlockAVX512(sum, dot, dy, x, shift, bits, factor, stride, rows)
	} else {
		maskSumDotBlockAVX2(sum, dot, dy, x, shift, bits, factor, stride, rows)
	}
}

//go:noescape
func sumBlockAVX2(sum, x []float32, stride, rows int)

//go:noescape
func sumBlockAVX512(sum, x []float32, stride, rows int)

//go:noescape
func momentsBlockAVX2(sum, sumsq, x, shift []float32, stride, rows int)

//go:noescape
func momentsBlockAVX512(sum, sumsq, x, shift []float32, stride, rows int)

//go:noescape
func sumDotBlockAVX2(sum, dot, dy, x, shift []float32, stride, rows int)

//go:noescape
func sumDotBlockAVX512(sum, dot, dy, x, shift []float32, stride, rows int)

//go:noescape
func maskSumDotBlockAVX2(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int)

//go:noescape
func maskSumDotBlockAVX512(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int)
