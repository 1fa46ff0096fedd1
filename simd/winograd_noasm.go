//go:build purego || !(amd64 || arm64)

package simd

func winograd(t WinogradTransform, dst, src Strided, n, count, rows int) {
	winogradGeneric(t, dst, src, n, count, rows)
}

// fetch may ask for lines to be brought into the second-level cache. Go cannot.
func fetch(x []float32, step, lines, rows int) {}
