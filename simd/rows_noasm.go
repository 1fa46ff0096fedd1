//go:build purego || !(amd64 || arm64)

package simd

func addRow(dst, x, v []float32, rows int) { addRowGeneric(dst, x, v, rows) }
func scaleShiftRows(dst, x, scale, shift []float32, rows int) {
	scaleShiftRowsGeneric(dst, x, scale, shift, rows)
}
func scaleShiftReLURows(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int) {
	scaleShiftReLURowsGeneric(dst, x, scale, shift, bits, factor, rows)
}
func bnBackwardRows(dx, dy, x, a, b, c []float32, rows int) {
	bnBackwardRowsGeneric(dx, dy, x, a, b, c, rows)
}
func bnReLUBackwardRows(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int) {
	bnReLUBackwardRowsGeneric(dx, dy, x, a, b, c, bits, factor, rows)
}
