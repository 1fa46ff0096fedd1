package simd

// Where it pays to copy a matrix before use, as measured on AVX2 and AVX-512. It
// depends on the number of its uses, counted in rows or columns of the other
// matrix, and on the distance of its rows: rows far apart compete for the same
// lines of the first-level cache and for entries of the address translation.
const (
	// packingPieces bounds uses times distance where a tile reads pieces of many
	// rows: of B, and of A transposed.
	packingPieces = 1 << 15
	// packingRows bounds both where a tile reads along its rows: A as it is. Less is lost
	// by packing too early than too late: a core that shares its caches with another
	// program keeps few rows that are far apart.
	packingRows = 256
)

// packedSize returns the number of elements of a packed matrix of n rows, or
// columns, of k elements.
func packedSize(n, k, width int) int { return roundUp(n, width) * k }

// packsA reports whether it pays to pack a, which n columns of B use.
func packsA(a matrix, n int) bool {
	if a.row == 1 {
		return n*a.col >= packingPieces
	}
	return min(n, a.row) >= packingRows
}

// packsB reports whether it pays to pack b, which m rows of A use, or is
// necessary, as b is transposed.
func packsB(b matrix, m int) bool { return b.col != 1 || m*b.row >= packingPieces }

// tileRows returns how many rows of a, at most limit, a tile should read where
// they are. All rows that start a multiple of 4 KB apart go to the same lines of
// first-level caches, of which there are eight to twelve.
func tileRows(a matrix, limit int) int {
	if a.col == 1 && a.row%1024 == 0 {
		return min(limit, 8)
	}
	return limit
}

// packA returns the first m rows and k columns of a as panels of at most mr rows,
// copied to work if that pays for n columns of B, and their height.
func packA(work []float32, a matrix, m, n, k, mr int) (x panels, height int) {
	if !packsA(a, n) {
		height = equalParts(m, tileRows(a, mr), 1)
		return panels{matrix: a, next: height * a.row}, height
	}
	height = equalParts(m, mr, 1)
	pack(work, a.transposed(), m, k, height)
	return panels{matrix: matrix{work, 1, height}, next: height * k}, height
}

// packB returns the first k rows and n columns of b as panels of width columns,
// copied to work if that is necessary or pays for m rows of A.
func packB(work []float32, b matrix, m, n, k, width int) panels {
	if !packsB(b, m) {
		return panels{matrix: b, next: width}
	}
	pack(work, b, n, k, width)
	return panels{matrix: matrix{work, width, 1}, next: width * k}
}

// pack copies k rows and n columns of x to dst, in panels of width columns.
func pack(dst []float32, x matrix, n, k, width int) {
	if x.col == 1 {
		packRows(dst, x, n, k, width)
	} else {
		for j := 0; j < n; j += width {
			transposePanel(dst[j*k:], x.from(0, j), min(width, n-j), n-j, k, width)
		}
	}
}

// packRows copies k rows of n contiguous elements to panels of width columns.
// It takes some rows at a time, so that a cache line of one is not loaded again
// for every panel it is part of.
func packRows(dst []float32, x matrix, n, k, width int) {
	const rows = 8
	for p := 0; p < k; p += rows {
		for j := 0; j < n; j += width {
			gemmCopyRows(dst[j*k+p*width:], width, x.data[p*x.row+j:], x.row, min(rows, k-p), min(width, n-j))
		}
	}
}

// transposePanel copies n columns of k contiguous elements to k rows of width.
// Eight columns are copied at a time, overlapping the last eight of before at
// the end. If there are not as many, those of the next panel are copied too,
// of which there are some if x has more columns; what goes into the next
// row of panel or the next panel is overwritten later.
func transposePanel(panel []float32, x matrix, n, columns, k, width int) {
	if columns < 8 {
		for j := range n {
			for p, v := range x.data[j*x.col:][:k] {
				panel[p*width+j] = v
			}
		}
		return
	}
	for j := 0; j < n; j += 8 {
		j := max(0, min(j, n-8))
		gemmTranspose8(panel[j:], width, x.data[j*x.col:], x.col, k)
	}
}
