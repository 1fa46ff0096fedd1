//go:build !purego

package simd

import "unsafe"

// A panel of B, kc*nr elements, is sized for the first-level cache and a block
// of A for the second.
var (
	gemmAVX2   = blocking{mr: 6, nr: 16, mc: 192, nc: 2048, kc: 384}
	gemmAVX512 = blocking{mr: 14, nr: 32, mc: 112, nc: 2048, kc: 384}
)

func gemmSizes() blocking {
	switch {
	case useAVX512:
		return gemmAVX512
	case useAVX2:
		return gemmAVX2
	}
	return gemmGeneric
}

// gemmTiles is the micro-kernel: it computes C = alpha*A*B + beta*C for tiles,
// one below the other, of rows x cols elements, at most mr x nr. k is positive;
// the rows of b start bRow elements apart. What it fetches is cut off
// from a.ahead, and a rest that is too short for it.
func gemmTiles(tiles, rows, cols, k int, alpha float32, a *panels, b []float32, bRow int, beta float32, c []float32, ldc int) {
	ahead, lines := unsafe.SliceData(a.ahead), len(a.ahead)/16
	left := lines
	switch {
	case useAVX512:
		left = gemmTilesAVX512(tiles, rows, cols, k, &a.data[0], a.next, a.row, a.col, &b[0], bRow, &c[0], ldc, ahead, lines, alpha, beta)
	case useAVX2:
		left = gemmTilesAVX2(tiles, rows, cols, k, &a.data[0], a.next, a.row, a.col, &b[0], bRow, &c[0], ldc, ahead, lines, alpha, beta)
	default:
		gemmTilesGeneric(tiles, rows, cols, k, alpha, a, b, bRow, beta, c, ldc)
	}
	if lines > 0 {
		a.ahead = a.ahead[16*(lines-max(0, left)):]
	}
}

// gemmCopyRows does what gemmCopyRowsGeneric does.
func gemmCopyRows(dst []float32, dstRow int, src []float32, srcRow, rows, n int) {
	if !useAVX2 || n < 4 || n > 32 {
		gemmCopyRowsGeneric(dst, dstRow, src, srcRow, rows, n)
		return
	}
	gemmCopyRowsAVX2(&dst[0], dstRow, &src[0], srcRow, rows, n)
}

// gemmTranspose8 does what gemmTranspose8Generic does.
func gemmTranspose8(dst []float32, dstRow int, src []float32, srcRow, n int) {
	if !useAVX2 {
		gemmTranspose8Generic(dst, dstRow, src, srcRow, n)
		return
	}
	whole := n &^ 3
	if whole > 0 {
		gemmTranspose8AVX2(&dst[0], dstRow, &src[0], srcRow, whole/4)
	}
	if whole < n {
		gemmTranspose8Generic(dst[whole*dstRow:], dstRow, src[whole:], srcRow, n-whole)
	}
}

func fmaLoop(iterations int) (flops int) {
	switch {
	case useAVX512:
		fmaLoopAVX512(iterations)
		return iterations * fmaLoopWidth * 16 * 2
	case useAVX2:
		fmaLoopAVX2(iterations)
		return iterations * fmaLoopWidth * 8 * 2
	}
	return fmaLoopGeneric(iterations)
}

// fmaLoopWidth is the number of registers fmaLoopAVX2 and fmaLoopAVX512 use.
const fmaLoopWidth = 12
