//go:build purego || !(amd64 || arm64)

package simd

func gemmSizes() blocking { return gemmGeneric }

func gemmTile(rows, cols, k int, alpha float32, a matrix, b []float32, bRow int, beta float32, c []float32, ldc int) {
	gemmTileGeneric(rows, cols, k, alpha, a, b, bRow, beta, c, ldc)
}

func gemmTranspose8(dst []float32, dstRow int, src []float32, srcRow, n int) {
	gemmTranspose8Generic(dst, dstRow, src, srcRow, n)
}

func fmaLoop(iterations int) (flops int) { return fmaLoopGeneric(iterations) }
