//go:build purego || !(amd64 || arm64)

package simd

func gemmSizes() blocking { return gemmGeneric }

func gemmTiles(tiles, rows, cols, k int, alpha float32, a panels, b []float32, bRow int, beta float32, c []float32, ldc int) {
	gemmTilesGeneric(tiles, rows, cols, k, alpha, a, b, bRow, beta, c, ldc)
}

func gemmCopyRows(dst []float32, dstRow int, src []float32, srcRow, rows, n int) {
	gemmCopyRowsGeneric(dst, dstRow, src, srcRow, rows, n)
}

func gemmTranspose8(dst []float32, dstRow int, src []float32, srcRow, n int) {
	gemmTranspose8Generic(dst, dstRow, src, srcRow, n)
}

func fmaLoop(iterations int) (flops int) { return fmaLoopGeneric(iterations) }
