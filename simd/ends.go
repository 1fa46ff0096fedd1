package simd

import (
	"fmt"

	"autodropout/internal/race"
)

// RowEnd is the function that ends [EndRows].
type RowEnd int

const (
	EndPlain RowEnd = iota // none
	EndReLU                // see ReLU
	EndSiLU                // see SiLU
)

// EndRows sets y[r,j] to end(y[r,j]*scale[j] + shift[j] + residual[r,j]), which follows the
// convolution in a network that predicts. The bits are those of [ScaleShiftRows], [Add] and the
// function one after another. Rows of y and residual have len(scale) elements and start ld apart; residual may be nil.
func EndRows(y []float32, ld int, scale, shift, residual []float32, end RowEnd, rows int) {
	c := len(scale)
	if rows <= 0 || c == 0 {
		return
	}
	if need := (rows-1)*ld + c; ld < c || len(y) < need || residual != nil && len(residual) < need {
		panic(fmt.Sprintf("simd: EndRows: %d rows of %d elements start %d apart in %d elements, and in %d of the residual", rows, c, ld, len(y), len(residual)))
	}
	shift = shift[:c]
	for rows > 0 {
		r := min(rows, maxRows(c))
		race.WriteRows(y, r, c, ld)
		if residual != nil {
			race.ReadRows(residual, r, c, ld)
		}
		race.Read(scale)
		race.Read(shift)
		endRows(y, ld, scale, shift, residual, int(end), r)
		rows -= r
		y = y[min(r*ld, len(y)):]
		if residual != nil {
			residual = residual[min(r*ld, len(residual)):]
		}
	}
}

// endRowsGeneric has the kernels of its parts do the work, for all rows at a time where they touch.
func endRowsGeneric(y []float32, ld int, scale, shift, residual []float32, end, rows int) {
	c, calls := len(scale), rows
	if ld == c {
		calls = 1
	}
	for r := range calls {
		row := y[r*ld:][:rows/calls*c]
		scaleShiftRows(row, row, scale, shift, rows/calls)
		if residual != nil {
			add(row, row, residual[r*ld:][:len(row)])
		}
		switch RowEnd(end) {
		case EndReLU:
			relu(row, row)
		case EndSiLU:
			silu(row, row)
		}
	}
}
