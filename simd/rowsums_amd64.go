//go:build !purego

package simd

import "autodropout/internal/race"

func sumBlock(sum, x []float32, stride, rows int) {
	if !useAVX2 {
		sumBlockGeneric(sum, x, stride, rows)
		return
	}
	race.Write(sum)
	race.ReadRows(x, rows, len(sum), stride)
	sumBlockAVX2(sum, x, stride, rows)
}

func dotBlock(dot, x, y []float32, stride, rows int) {
	if !useAVX2 {
		dotBlockGeneric(dot, x, y, stride, rows)
		return
	}
	race.Write(dot)
	race.ReadRows(x, rows, len(dot), stride)
	race.ReadRows(y, rows, len(dot), stride)
	dotBlockAVX2(dot, x, y, stride, rows)
}

func momentsBlock(sum, sumsq, x, shift []float32, stride, rows int) {
	if !useAVX2 {
		momentsBlockGeneric(sum, sumsq, x, shift, stride, rows)
		return
	}
	race.Write(sum)
	race.Write(sumsq)
	race.ReadRows(x, rows, len(sum), stride)
	race.Read(shift)
	momentsBlockAVX2(sum, sumsq, x, shift, stride, rows)
}

func sumDotBlock(sum, dot, dy, x, shift []float32, stride, rows int) {
	if !useAVX2 {
		sumDotBlockGeneric(sum, dot, dy, x, shift, stride, rows)
		return
	}
	race.Write(sum)
	race.Write(dot)
	race.ReadRows(dy, rows, len(sum), stride)
	race.ReadRows(x, rows, len(sum), stride)
	race.Read(shift)
	sumDotBlockAVX2(sum, dot, dy, x, shift, stride, rows)
}

func maskSumDotBlock(sum, dot, dy, x, shift []float32, bits []uint32, stride, rows int) {
	if !useAVX2 || stride%8 != 0 {
		maskSumDotBlockGeneric(sum, dot, dy, x, shift, bits, stride, rows)
		return
	}
	race.Write(sum)
	race.Write(dot)
	race.ReadRows(dy, rows, len(sum), stride)
	race.ReadRows(x, rows, len(sum), stride)
	race.Read(shift)
	race.Read(bits)
	maskSumDotBlockAVX2(sum, dot, dy, x, shift, bits, stride, rows)
}

//go:noescape
func sumBlockAVX2(sum, x []float32, stride, rows int)

//go:noescape
func dotBlockAVX2(dot, x, y []float32, stride, rows int)

//go:noescape
func momentsBlockAVX2(sum, sumsq, x, shift []float32, stride, rows int)

//go:noescape
func sumDotBlockAVX2(sum, dot, dy, x, shift []float32, stride, rows int)

//go:noescape
func maskSumDotBlockAVX2(sum, dot, dy, x, shift []float32, bits []uint32, stride, rows int)
