//go:build purego || !(amd64 || arm64)

package simd

func gemmTaps(m, n int, a Taps, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	gemmTapsTiles(m, n, a, b, ldb, c, ldc, accumulate)
}

func depthwiseTaps(m, n int, a Taps, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	depthwiseTapsGeneric(m, n, a, b, ldb, c, ldc, accumulate)
}
