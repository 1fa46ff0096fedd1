//go:build !purego

package simd

import "autodropout/internal/race"

// The assembly works on rows of whole groups of four elements, or of 16 where
// there are bits.

func addRow(dst, x, v []float32, rows int) {
	if !useNEON || len(v)%4 != 0 {
		addRowGeneric(dst, x, v, rows)
		return
	}
	race.Write(dst)
	race.Read(x)
	race.Read(v)
	addRowNEON(dst, x, v, rows)
}

func scaleShiftRows(dst, x, scale, shift []float32, rows int) {
	if !useNEON || len(scale)%4 != 0 {
		scaleShiftRowsGeneric(dst, x, scale, shift, rows)
		return
	}
	race.Write(dst)
	race.Read(x)
	race.Read(scale)
	race.Read(shift)
	scaleShiftRowsNEON(dst, x, scale, shift, rows)
}

func scaleShiftReLURows(dst, x, scale, shift []float32, bits []uint32, rows int) {
	if !useNEON || len(scale)%16 != 0 {
		scaleShiftReLURowsGeneric(dst, x, scale, shift, bits, rows)
		return
	}
	race.Write(dst)
	race.Read(x)
	race.Read(scale)
	race.Read(shift)
	race.Write(bits)
	clear(bits[len(dst)/32:]) // the assembly writes half words, up to the last that is needed
	scaleShiftReLURowsNEON(dst, x, scale, shift, bits, rows)
}

func bnBackwardRows(dx, dy, x, a, b, c []float32, rows int) {
	if !useNEON || len(a)%4 != 0 {
		bnBackwardRowsGeneric(dx, dy, x, a, b, c, rows)
		return
	}
	race.Write(dx)
	race.Read(dy)
	race.Read(x)
	race.Read(a)
	race.Read(b)
	race.Read(c)
	bnBackwardRowsNEON(dx, dy, x, a, b, c, rows)
}

func bnReLUBackwardRows(dx, dy, x, a, b, c []float32, bits []uint32, rows int) {
	if !useNEON || len(a)%16 != 0 {
		bnReLUBackwardRowsGeneric(dx, dy, x, a, b, c, bits, rows)
		return
	}
	race.Write(dx)
	race.Read(dy)
	race.Read(x)
	race.Read(a)
	race.Read(b)
	race.Read(c)
	race.Read(bits)
	bnReLUBackwardRowsNEON(dx, dy, x, a, b, c, bits, rows)
}

//go:noescape
func addRowNEON(dst, x, v []float32, rows int)

//go:noescape
func scaleShiftRowsNEON(dst, x, scale, shift []float32, rows int)

//go:noescape
func scaleShiftReLURowsNEON(dst, x, scale, shift []float32, bits []uint32, rows int)

//go:noescape
func bnBackwardRowsNEON(dx, dy, x, a, b, c []float32, rows int)

//go:noescape
func bnReLUBackwardRowsNEON(dx, dy, x, a, b, c []float32, bits []uint32, rows int)
