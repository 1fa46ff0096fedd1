package simd

// panels is a block of B cut into panels of as many columns as a tile has:
// column j of row i of panel p is data[p*panel+i*row+j].
type panels struct {
	data       []float32
	panel, row int
}

// packingPays is where it pays to copy a matrix before use: the number of its
// uses, counted in rows or columns of the other matrix, times the distance of
// its rows. Rows far apart compete for the same lines of the first-level cache
// and for entries of the address translation; compact ones are fine as they are.
const packingPays = 1 << 17

// pad keeps the rows of a packed block of A from lying a power of two apart.
const pad = 16

func packedSizeA(m, k int) int { return (m + pad) * k }

func packedSizeB(n, k, nr int) int { return (n + nr - 1) / nr * nr * k }

// packA returns a matrix equal to the first m rows and k columns of a, copied
// to work if that pays. A matrix that is not transposed is read along its rows,
// a tile's worth of them at a time, which cannot be improved on.
func packA(work []float32, a matrix, m, n, k int) matrix {
	if a.col == 1 || n*a.col < packingPays {
		return a
	}
	ld := m + pad
	for p := range k {
		copy(work[p*ld:][:m], a.data[p*a.col:])
	}
	return matrix{work, 1, ld}
}

// packB returns the panels of the first k rows and n columns of b, copied to
// work if b is transposed or that pays.
func packB(work []float32, b matrix, m, n, k, nr int) panels {
	if b.col == 1 && m*b.row < packingPays {
		return panels{data: b.data, panel: nr, row: b.row}
	}
	for j := 0; j < n; j += nr {
		panel := work[j*k:][:nr*k]
		if b.col == 1 {
			copyPanel(panel, b.from(0, j), min(nr, n-j), k, nr)
		} else {
			transposePanel(panel, b.from(0, j), min(nr, n-j), k, nr)
		}
	}
	return panels{data: work, panel: nr * k, row: nr}
}

// copyPanel copies k rows of n elements to rows of nr.
func copyPanel(panel []float32, b matrix, n, k, nr int) {
	switch n {
	case 32:
		for p := range k {
			*(*[32]float32)(panel[p*nr:]) = [32]float32(b.data[p*b.row:])
		}
	case 16:
		for p := range k {
			*(*[16]float32)(panel[p*nr:]) = [16]float32(b.data[p*b.row:])
		}
	default:
		for p := range k {
			copy(panel[p*nr:][:n], b.data[p*b.row:])
		}
	}
}

// transposePanel copies n columns of k contiguous elements to k rows of nr.
func transposePanel(panel []float32, b matrix, n, k, nr int) {
	j := 0
	for ; j+8 <= n; j += 8 {
		gemmTranspose8(panel[j:], nr, b.data[j*b.col:], b.col, k)
	}
	for ; j < n; j++ {
		for p, x := range b.data[j*b.col:][:k] {
			panel[p*nr+j] = x
		}
	}
}
