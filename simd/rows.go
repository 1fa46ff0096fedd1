package simd

import "autodropout/internal/race"

// The row kernels take matrices of rows x c elements, row after row, and
// vectors with one element a column, as a batch normalisation or a bias over
// channel-last images does. c is the length of the first such vector.

// maxRows returns how many rows of c elements one assembly call is given.
func maxRows(c int) int { return max(1, maxCall/max(1, c)) }

// AddRow sets dst[r,j] = x[r,j] + v[j].
func AddRow(dst, x, v []float32, rows int) {
	c := len(v)
	dst, x = dst[:rows*c], x[:rows*c]
	for rows > 0 {
		r := min(rows, maxRows(c))
		race.Write(dst[:r*c])
		race.Read(x[:r*c])
		race.Read(v)
		addRow(dst[:r*c], x[:r*c], v, r)
		dst, x, rows = dst[r*c:], x[r*c:], rows-r
	}
}

// ScaleShiftRows sets dst[r,j] = x[r,j]*scale[j] + shift[j], which applies a
// batch normalisation.
func ScaleShiftRows(dst, x, scale, shift []float32, rows int) {
	c := len(scale)
	dst, x, shift = dst[:rows*c], x[:rows*c], shift[:c]
	for rows > 0 {
		r := min(rows, maxRows(c))
		race.Write(dst[:r*c])
		race.Read(x[:r*c])
		race.Read(scale)
		race.Read(shift)
		scaleShiftRows(dst[:r*c], x[:r*c], scale, shift, r)
		dst, x, rows = dst[r*c:], x[r*c:], rows-r
	}
}

// ScaleShiftSiLURows is ScaleShiftRows, then SiLU.
func ScaleShiftSiLURows(dst, x, scale, shift []float32, rows int) {
	c := len(scale)
	dst, x, shift = dst[:rows*c], x[:rows*c], shift[:c]
	for rows > 0 {
		r := min(rows, maxRows(c))
		race.Write(dst[:r*c])
		race.Read(x[:r*c])
		race.Read(scale)
		race.Read(shift)
		scaleShiftSiLURows(dst[:r*c], x[:r*c], scale, shift, r)
		dst, x, rows = dst[r*c:], x[r*c:], rows-r
	}
}

// SiLUGradRows sets dz[r,j] to dy[r,j] times the derivative of SiLU at
// x[r,j]*scale[j] + shift[j], which ScaleShiftSiLURows does not store.
func SiLUGradRows(dz, dy, x, scale, shift []float32, rows int) {
	c := len(scale)
	dz, dy, x, shift = dz[:rows*c], dy[:rows*c], x[:rows*c], shift[:c]
	for rows > 0 {
		r := min(rows, maxRows(c))
		readGradient(dz[:r*c], dy, x, scale, shift, nil)
		siluGradRows(dz[:r*c], dy[:r*c], x[:r*c], scale, shift, r)
		dz, dy, x, rows = dz[r*c:], dy[r*c:], x[r*c:], rows-r
	}
}

// ScaleShiftReLURows is ScaleShiftRows, then ReLU, then MaskScale with factor
// over the whole matrix: element (r, j) has bit r*c+j. It clears the bits of the
// elements that are not positive, so that those remain where the gradient passes;
// bits behind the last element become 0.
func ScaleShiftReLURows(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int) {
	c := len(scale)
	dst, x, shift, bits = dst[:rows*c], x[:rows*c], shift[:c], bits[:maskWords(rows*c)]
	for rows > 0 {
		r := min(rows, maskRows(c))
		words := maskWords(r * c)
		race.Write(dst[:r*c])
		race.Read(x[:r*c])
		race.Read(scale)
		race.Read(shift)
		race.Write(bits[:words])
		if rest := r * c % 32; rest != 0 {
			bits[words-1] &= 1<<rest - 1
		}
		scaleShiftReLURows(dst[:r*c], x[:r*c], scale, shift, bits[:words], factor, r)
		dst, x, bits, rows = dst[r*c:], x[r*c:], bits[words:], rows-r
	}
}

// maskRows is maxRows rounded so that the bits of the rows fill whole words.
func maskRows(c int) int { return (maxRows(c) + 31) &^ 31 }

// BNBackwardRows sets dx[r,j] = a[j]*dy[r,j] + b[j]*x[r,j] + c[j], the gradient
// of a batch normalisation once its column sums are known (see SumDotRows).
func BNBackwardRows(dx, dy, x, a, b, c []float32, rows int) {
	n := len(a)
	dx, dy, x, b, c = dx[:rows*n], dy[:rows*n], x[:rows*n], b[:n], c[:n]
	for rows > 0 {
		r := min(rows, maxRows(n))
		readGradient(dx[:r*n], dy, x, a, b, c)
		bnBackwardRows(dx[:r*n], dy[:r*n], x[:r*n], a, b, c, r)
		dx, dy, x, rows = dx[r*n:], dy[r*n:], x[r*n:], rows-r
	}
}

// readGradient tells the race detector what a backward kernel touches.
func readGradient(dx, dy, x, a, b, c []float32) {
	race.Write(dx)
	race.Read(dy[:len(dx)])
	race.Read(x[:len(dx)])
	race.Read(a)
	race.Read(b)
	race.Read(c)
}

// BNReLUBackwardRows is BNBackwardRows with dy times factor where its bit is set
// and 0 elsewhere: the gradient through what follows in ScaleShiftReLURows.
func BNReLUBackwardRows(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int) {
	n := len(a)
	dx, dy, x, b, c, bits = dx[:rows*n], dy[:rows*n], x[:rows*n], b[:n], c[:n], bits[:maskWords(rows*n)]
	for rows > 0 {
		r := min(rows, maskRows(n))
		words := maskWords(r * n)
		readGradient(dx[:r*n], dy, x, a, b, c)
		race.Read(bits[:words])
		bnReLUBackwardRows(dx[:r*n], dy[:r*n], x[:r*n], a, b, c, bits[:words], factor, r)
		dx, dy, x, bits, rows = dx[r*n:], dy[r*n:], x[r*n:], bits[words:], rows-r
	}
}
