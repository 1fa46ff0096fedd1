//go:build !purego

package simd

// The assembly sums whole groups of four columns, or of 16 where there are bits,
// Go the rest.

func sumBlock(sum, x []float32, stride, rows int) {
	if useNEON {
		sumBlockNEON(sum, x, stride, rows)
		whole := len(sum) &^ 3
		sum, x = sum[whole:], x[whole:]
	}
	if len(sum) > 0 {
		sumBlockGeneric(sum, x, stride, rows)
	}
}

func momentsBlock(sum, sumsq, x, shift []float32, stride, rows int) {
	if useNEON {
		momentsBlockNEON(sum, sumsq, x, shift, stride, rows)
		whole := len(sum) &^ 3
		sum, sumsq, x, shift = sum[whole:], sumsq[whole:], x[whole:], shift[whole:]
	}
	if len(sum) > 0 {
		momentsBlockGeneric(sum, sumsq, x, shift, stride, rows)
	}
}

func sumDotBlock(sum, dot, dy, x, shift []float32, stride, rows int) {
	if useNEON {
		sumDotBlockNEON(sum, dot, dy, x, shift, stride, rows)
		whole := len(sum) &^ 3
		sum, dot, dy, x, shift = sum[whole:], dot[whole:], dy[whole:], x[whole:], shift[whole:]
	}
	if len(sum) > 0 {
		sumDotBlockGeneric(sum, dot, dy, x, shift, stride, rows)
	}
}

func maskSumDotBlock(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int) {
	if !useNEON || stride%16 != 0 {
		maskSumDotBlockGeneric(sum, dot, dy, x, shift, bits, factor, stride, rows)
		return
	}
	maskSumDotBlockNEON(sum, dot, dy, x, shift, bits, factor, stride, rows)
}

//go:noescape
func sumBlockNEON(sum, x []float32, stride, rows int)

//go:noescape
func momentsBlockNEON(sum, sumsq, x, shift []float32, stride, rows int)

//go:noescape
func sumDotBlockNEON(sum, dot, dy, x, shift []float32, stride, rows int)

//go:noescape
func maskSumDotBlockNEON(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int)
