package simd

// gemmGeneric is the blocking of the portable micro-kernel.
var gemmGeneric = blocking{mr: 8, nr: 16, mc: 128, nc: 256, kc: 256}

// gemmTilesGeneric computes C = alpha*A*B + beta*C for tiles, one below the other,
// of rows x cols elements.
func gemmTilesGeneric(tiles, rows, cols, k int, alpha float32, a *panels, b []float32, bRow int, beta float32, c []float32, ldc int) {
	for i := range tiles {
		gemmTileGeneric(rows, cols, k, alpha, a.from(i).matrix, b, bRow, beta, c[i*rows*ldc:], ldc)
	}
}

// gemmTileGeneric computes C = alpha*A*B + beta*C for rows x cols elements of C.
// The rows of b start bRow elements apart. With beta = 0, C is not read.
func gemmTileGeneric(rows, cols, k int, alpha float32, a matrix, b []float32, bRow int, beta float32, c []float32, ldc int) {
	for i := 0; i < rows; i += 2 {
		for j := 0; j < cols; j += 4 {
			var acc [2][4]float32
			if i+2 <= rows && j+4 <= cols {
				multiply2x4(&acc, k, a.from(i, 0), b[j:], bRow)
			} else {
				multiplyEdge(&acc, min(2, rows-i), min(4, cols-j), k, a.from(i, 0), b[j:], bRow)
			}
			for r := range min(2, rows-i) {
				for q := range min(4, cols-j) {
					at := &c[(i+r)*ldc+j+q]
					if beta == 0 {
						*at = alpha * acc[r][q]
					} else {
						*at = float32(alpha*acc[r][q]) + float32(beta**at)
					}
				}
			}
		}
	}
}

// multiply2x4 sets acc to two rows of A times four columns of B.
func multiply2x4(acc *[2][4]float32, k int, a matrix, b []float32, bRow int) {
	var c00, c01, c02, c03, c10, c11, c12, c13 float32
	for p := range k {
		y := (*[4]float32)(b[p*bRow:])
		x0, x1 := a.data[p*a.col], a.data[a.row+p*a.col]
		c00 += float32(x0 * y[0])
		c01 += float32(x0 * y[1])
		c02 += float32(x0 * y[2])
		c03 += float32(x0 * y[3])
		c10 += float32(x1 * y[0])
		c11 += float32(x1 * y[1])
		c12 += float32(x1 * y[2])
		c13 += float32(x1 * y[3])
	}
	*acc = [2][4]float32{{c00, c01, c02, c03}, {c10, c11, c12, c13}}
}

// multiplyEdge is multiply2x4 for fewer rows or columns.
func multiplyEdge(acc *[2][4]float32, rows, cols, k int, a matrix, b []float32, bRow int) {
	for p := range k {
		for i := range rows {
			x := a.data[i*a.row+p*a.col]
			for j := range cols {
				acc[i][j] += float32(x * b[p*bRow+j])
			}
		}
	}
}

// gemmCopyRowsGeneric copies rows of n elements, which start srcRow apart, to rows
// that start dstRow apart.
func gemmCopyRowsGeneric(dst []float32, dstRow int, src []float32, srcRow, rows, n int) {
	for i := range rows {
		copy(dst[i*dstRow:][:n], src[i*srcRow:])
	}
}

// gemmTranspose8Generic copies eight rows of n elements, which start srcRow
// apart, to the columns of n rows, which start dstRow apart.
func gemmTranspose8Generic(dst []float32, dstRow int, src []float32, srcRow, n int) {
	for j := range n {
		column := (*[8]float32)(dst[j*dstRow:])
		for i := range column {
			column[i] = src[i*srcRow+j]
		}
	}
}

// fmaLoopGeneric does eight independent multiplications and additions in each
// iteration.
func fmaLoopGeneric(iterations int) (flops int) {
	var c0, c1, c2, c3, c4, c5, c6, c7 float32
	const x = 0.5
	for range iterations {
		c0 = float32(c0*x) + x
		c1 = float32(c1*x) + x
		c2 = float32(c2*x) + x
		c3 = float32(c3*x) + x
		c4 = float32(c4*x) + x
		c5 = float32(c5*x) + x
		c6 = float32(c6*x) + x
		c7 = float32(c7*x) + x
	}
	if c0+c1+c2+c3+c4+c5+c6+c7 == 0 { // without a use, there would be no loop
		return 0
	}
	return iterations * 8 * 2
}
