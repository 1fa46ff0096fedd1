package simd

// panels is a block of B cut into panels of as many columns as a tile has:
// column j of row i of panel p is data[p*panel+i*row+j].
type panels struct {
	data       []float32
	panel, row int
}

const (
	// packAColumns is the number of columns of B from which a block of A is
	// used often enough to be worth copying.
	packAColumns = 96
	// packBRows is the number of rows of A from which a block of B is.
	packBRows = 64
	// aliasing is a distance in elements at which rows compete for the same
	// few lines of the first-level cache.
	aliasing = 1024
	pad      = 16
)

func packedSizeA(m, k int) int { return (m + pad) * (k + pad) }

func packedSizeB(n, k, nr int) int { return (n + nr - 1) / nr * nr * k }

// packA returns a matrix equal to the first m rows and k columns of a, copied
// to work if that pays.
func packA(work []float32, a matrix, m, n, k int) matrix {
	if n < packAColumns {
		return a
	}
	if a.col == 1 {
		ld := k + pad
		for i := range m {
			copy(work[i*ld:][:k], a.data[i*a.row:])
		}
		return matrix{work, ld, 1}
	}
	ld := m + pad
	for p := range k {
		copy(work[p*ld:][:m], a.data[p*a.col:])
	}
	return matrix{work, 1, ld}
}

// packB returns the panels of the first k rows and n columns of b, copied to
// work if b is transposed or m rows of A are enough to make that pay.
func packB(work []float32, b matrix, m, n, k, nr int) panels {
	if b.col == 1 && m < packBRows {
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
