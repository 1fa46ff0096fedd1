//go:build !purego

package simd

// The assembly works on rows of whole groups of four elements, or of 16 where
// there are bits.

func addRow(dst, x, v []float32, rows int) {
	if !useNEON || len(v)%4 != 0 {
		addRowGeneric(dst, x, v, rows)
		return
	}
	addRowNEON(dst, x, v, rows)
}

func scaleShiftRows(dst, x, scale, shift []float32, rows int) {
	if !useNEON || len(scale)%4 != 0 {
		scaleShiftRowsGeneric(dst, x, scale, shift, rows)
		return
	}
	scaleShiftRowsNEON(dst, x, scale, shift, rows)
}

func scaleShiftReLURows(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int) {
	if !useNEON || len(scale)%16 != 0 {
		scaleShiftReLURowsGeneric(dst, x, scale, shift, bits, factor, rows)
		return
	}
	scaleShiftReLURowsNEON(dst, x, scale, shift, bits, factor, rows)
}

func bnBackwardRows(dx, dy, x, a, b, c []float32, rows int) {
	if !useNEON || len(a)%4 != 0 {
		bnBackwardRowsGeneric(dx, dy, x, a, b, c, rows)
		return
	}
	bnBackwardRowsNEON(dx, dy, x, a, b, c, rows)
}

func bnReLUBackwardRows(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int) {
	if !useNEON || len(a)%16 != 0 {
		bnReLUBackwardRowsGeneric(dx, dy, x, a, b, c, bits, factor, rows)
		return
	}
	bnReLUBackwardRowsNEON(dx, dy, x, a, b, c, bits, factor, rows)
}

//go:noescape
func addRowNEON(dst, x, v []float32, rows int)

//go:noescape
func scaleShiftRowsNEON(dst, x, scale, shift []float32, rows int)

//go:noescape
func scaleShiftReLURowsNEON(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int)

//go:noescape
func bnBackwardRowsNEON(dx, dy, x, a, b, c []float32, rows int)

//go:noescape
func bnReLUBackwardRowsNEON(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int)
