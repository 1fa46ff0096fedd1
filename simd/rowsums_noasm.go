//go:build purego || !(amd64 || arm64)

package simd

func sumBlock(sum, x []float32, stride, rows int) { sumBlockGeneric(sum, x, stride, rows) }
func momentsBlock(sum, sumsq, x, shift []float32, stride, rows int) {
	momentsBlockGeneric(sum, sumsq, x, shift, stride, rows)
}
func sumDotBlock(sum, dot, dy, x, shift []float32, stride, rows int) {
	sumDotBlockGeneric(sum, dot, dy, x, shift, stride, rows)
}
func maskSumDotBlock(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int) {
	maskSumDotBlockGeneric(sum, dot, dy, x, shift, bits, factor, stride, rows)
}
