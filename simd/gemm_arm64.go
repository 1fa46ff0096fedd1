//go:build !purego

package simd

// A panel of B, kc*nr elements, is sized for a first-level cache of 64 KB and a
// block of A for the second.
var gemmNEON = blocking{mr: 6, nr: 16, mc: 192, nc: 512, kc: 384}

func gemmSizes() blocking {
	if useNEON {
		return gemmNEON
	}
	return gemmGeneric
}

// gemmTiles is the micro-kernel: it computes C = alpha*A*B + beta*C for tiles,
// one below the other, of rows x cols elements, at most mr x nr. k is positive;
// the rows of b start bRow elements apart.
func gemmTiles(tiles, rows, cols, k int, alpha float32, a *panels, b []float32, bRow int, beta float32, c []float32, ldc int) {
	if !useNEON {
		gemmTilesGeneric(tiles, rows, cols, k, alpha, a, b, bRow, beta, c, ldc)
		return
	}
	// The assembly takes one column or at least four.
	if cols >= 4 {
		gemmTilesNEON(tiles, rows, cols, 1, k, &a.data[0], &oneRun[0], a.next, a.row, a.col, &b[0], bRow, &c[0], ldc, alpha, beta)
		return
	}
	for j := range cols { // less than a vector
		gemmTilesNEON(tiles, rows, 1, 1, k, &a.data[0], &oneRun[0], a.next, a.row, a.col, &b[j], bRow, &c[j], ldc, alpha, beta)
	}
}

// oneRun has the offset of the only run of columns of a product's A.
var oneRun [1]int

// gemmCopyRows does what gemmCopyRowsGeneric does.
func gemmCopyRows(dst []float32, dstRow int, src []float32, srcRow, rows, n int) {
	if !useNEON || n < 4 || n > 8 && n != 16 {
		gemmCopyRowsGeneric(dst, dstRow, src, srcRow, rows, n)
		return
	}
	gemmCopyRowsNEON(&dst[0], dstRow, &src[0], srcRow, rows, n)
}

// gemmTranspose8 does what gemmTranspose8Generic does.
func gemmTranspose8(dst []float32, dstRow int, src []float32, srcRow, n int) {
	whole := 0
	if useNEON {
		whole = n &^ 3
	}
	if whole > 0 {
		gemmTranspose8NEON(&dst[0], dstRow, &src[0], srcRow, whole/4)
	}
	if whole < n {
		gemmTranspose8Generic(dst[whole*dstRow:], dstRow, src[whole:], srcRow, n-whole)
	}
}

func fmaLoop(iterations int) (flops int) {
	if !useNEON {
		return fmaLoopGeneric(iterations)
	}
	fmaLoopNEON(iterations)
	return iterations * fmaLoopWidth * 4 * 2
}

// fmaLoopWidth is the number of registers fmaLoopNEON uses.
const fmaLoopWidth = 24
