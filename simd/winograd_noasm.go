//go:build purego || !amd64

package simd

func winograd(t WinogradTransform, dst, src Strided, n, count int) {
	winogradGeneric(t, dst, src, n, count)
}
