//go:build !purego

package simd

func addRow(dst, x, v []float32, rows int) {
	if !useAVX2 {
		addRowGeneric(dst, x, v, rows)
		return
	}
	addRowAVX2(dst, x, v, rows)
}

func scaleShiftRows(dst, x, scale, shift []float32, rows int) {
	if !useAVX2 {
		scaleShiftRowsGeneric(dst, x, scale, shift, rows)
		return
	}
	if useAVX512 {
		scaleShiftRowsAVX512(dst, x, scale, shift, rows)
	} else {
		scaleShiftRowsAVX2(dst, x, scale, shift, rows)
	}
}

func scaleShiftReLURows(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int) {
	if !useAVX2 || len(scale)%8 != 0 {
		scaleShiftReLURowsGeneric(dst, x, scale, shift, bits, factor, rows)
		return
	}
	if useAVX512 && len(scale)%16 == 0 {
		scaleShiftReLURowsAVX512(dst, x, scale, shift, bits, factor, rows)
	} else {
		scaleShiftReLURowsAVX2(dst, x, scale, shift, bits, factor, rows)
	}
}

func bnBackwardRows(dx, dy, x, a, b, c []float32, rows int) {
	if !useAVX2 {
		bnBackwardRowsGeneric(dx, dy, x, a, b, c, rows)
		return
	}
	if useAVX512 {
		bnBackwardRowsAVX512(dx, dy, x, a, b, c, rows)
	} else {
		bnBackwardRowsAVX2(dx, dy, x, a, b, c, rows)
	}
}

func bnReLUBackwardRows(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int) {
	if !useAVX2 || len(a)%8 != 0 {
		bnReLUBackwardRowsGeneric(dx, dy, x, a, b, c, bits, factor, rows)
		return
	}
	if useAVX512 && len(a)%16 == 0 {
		bnReLUBackwardRowsAVX512(dx, dy, x, a, b, c, bits, factor, rows)
	} else {
		bnReLUBackwardRowsAVX2(dx, dy, x, a, b, c, bits, factor, rows)
	}
}

//go:noescape
func addRowAVX2(dst, x, v []float32, rows int)

//go:noescape
func scaleShiftRowsAVX2(dst, x, scale, shift []float32, rows int)

//go:noescape
func scaleShiftRowsAVX512(dst, x, scale, shift []float32, rows int)

//go:noescape
func scaleShiftReLURowsAVX2(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int)

//go:noescape
func scaleShiftReLURowsAVX512(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int)

//go:noescape
func bnBackwardRowsAVX2(dx, dy, x, a, b, c []float32, rows int)

//go:noescape
func bnBackwardRowsAVX512(dx, dy, x, a, b, c []float32, rows int)

//go:noescape
func bnReLUBackwardRowsAVX2(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int)

//go:noescape
func bnReLUBackwardRowsAVX512(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int)
