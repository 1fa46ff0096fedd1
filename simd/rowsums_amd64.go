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
	if useAVX512 {
		sumBlockAVX512(sum, x, stride, rows)
	} else {
		sumBlockAVX2(sum, x, stride, rows)
	}
}

func dotBlock(dot, x, y []float32, stride, rows int) {
	if !useAVX2 {
		dotBlockGeneric(dot, x, y, stride, rows)
		return
	}
	race.Write(dot)
	race.ReadRows(x, rows, len(dot), stride)
	race.ReadRows(y, rows, len(dot), stride)
	if useAVX512 {
		dotBlockAVX512(dot, x, y, stride, rows)
	} else {
		dotBlockAVX2(dot, x, y, stride, rows)
	}
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
	race.Write(sum)
	race.Write(dot)
	race.ReadRows(dy, rows, len(sum), stride)
	race.ReadRows(x, rows, len(sum), stride)
	race.Read(shift)
	if useAVX512 {
		sumDotBlockAVX512(sum, dot, dy, x, shift, stride, rows)
	} else {
		sumDotBlockAVX2(sum, dot, dy, x, shift, stride, rows)
	}
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
	if useAVX512 && stride%16 == 0 {
		maskSumDotBlockAVX512(sum, dot, dy, x, shift, bits, stride, rows)
	} else {
		maskSumDotBlockAVX2(sum, dot, dy, x, shift, bits, stride, rows)
	}
}

//go:noescape
func sumBlockAVX2(sum, x []float32, stride, rows int)

//go:noescape
func sumBlockAVX512(sum, x []float32, stride, rows int)

//go:noescape
func dotBlockAVX2(dot, x, y []float32, stride, rows int)

//go:noescape
func dotBlockAVX512(dot, x, y []float32, stride, rows int)

//go:noescape
func momentsBlockAVX2(sum, sumsq, x, shift []float32, stride, rows int)

//go:noescape
func momentsBlockAVX512(sum, sumsq, x, shift []float32, stride, rows int)

//go:noescape
func sumDotBlockAVX2(sum, dot, dy, x, shift []float32, stride, rows int)

//go:noescape
func sumDotBlockAVX512(sum, dot, dy, x, shift []float32, stride, rows int)

//go:noescape
func maskSumDotBlockAVX2(sum, dot, dy, x, shift []float32, bits []uint32, stride, rows int)

//go:noescape
func maskSumDotBlockAVX512(sum, dot, dy, x, shift []float32, bits []uint32, stride, rows int)
