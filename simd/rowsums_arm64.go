//go:build !purego

package simd

import "autodropout/internal/race"

// The assembly sums whole groups of four columns, or of 16 where there are bits,
// Go the rest.

func sumBlock(sum, x []float32, stride, rows int) {
	if useNEON {
		race.Write(sum)
		race.ReadRows(x, rows, len(sum), stride)
		sumBlockNEON(sum, x, stride, rows)
		whole := len(sum) &^ 3
		sum, x = sum[whole:], x[whole:]
	}
	if len(sum) > 0 {
		sumBlockGeneric(sum, x, stride, rows)
	}
}

func dotBlock(dot, x, y []float32, stride, rows int) {
	if useNEON {
		race.Write(dot)
		race.ReadRows(x, rows, len(dot), stride)
		race.ReadRows(y, rows, len(dot), stride)
		dotBlockNEON(dot, x, y, stride, rows)
		whole := len(dot) &^ 3
		dot, x, y = dot[whole:], x[whole:], y[whole:]
	}
	if len(dot) > 0 {
		dotBlockGeneric(dot, x, y, stride, rows)
	}
}

func momentsBlock(sum, sumsq, x, shift []float32, stride, rows int) {
	if useNEON {
		race.Write(sum)
		race.Write(sumsq)
		race.ReadRows(x, rows, len(sum), stride)
		race.Read(shift)
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
		race.Write(sum)
		race.Write(dot)
		race.ReadRows(dy, rows, len(sum), stride)
		race.ReadRows(x, rows, len(sum), stride)
		race.Read(shift)
		sumDotBlockNEON(sum, dot, dy, x, shift, stride, rows)
		whole := len(sum) &^ 3
		sum, dot, dy, x, shift = sum[whole:], dot[whole:], dy[whole:], x[whole:], shift[whole:]
	}
	if len(sum) > 0 {
		sumDotBlockGeneric(sum, dot, dy, x, shift, stride, rows)
	}
}

func maskSumDotBlock(sum, dot, dy, x, shift []float32, bits []uint32, stride, rows int) {
	if !useNEON || stride%16 != 0 {
		maskSumDotBlockGeneric(sum, dot, dy, x, shift, bits, stride, rows)
		return
	}
	race.Write(sum)
	race.Write(dot)
	race.ReadRows(dy, rows, len(sum), stride)
	race.ReadRows(x, rows, len(sum), stride)
	race.Read(shift)
	race.Read(bits)
	maskSumDotBlockNEON(sum, dot, dy, x, shift, bits, stride, rows)
}

//go:noescape
func sumBlockNEON(sum, x []float32, stride, rows int)

//go:noescape
func dotBlockNEON(dot, x, y []float32, stride, rows int)

//go:noescape
func momentsBlockNEON(sum, sumsq, x, shift []float32, stride, rows int)

//go:noescape
func sumDotBlockNEON(sum, dot, dy, x, shift []float32, stride, rows int)

//go:noescape
func maskSumDotBlockNEON(sum, dot, dy, x, shift []float32, bits []uint32, stride, rows int)
