package simd

// The blocking is that of BLIS (Van Zee and van de Geijn 2015): the
// micro-kernel gemmTiles keeps a tile of C in registers and runs over a block of
// k. Around it, loops reuse a panel of B from the first-level cache and a block
// of A from the second.
//
// Unlike BLIS's, the micro-kernel takes strides, so it can read A in either
// orientation, and B unless transposed, where they are. Copying them into
// panels of their own (packing) pays only for large matrices.

// blocking holds the sizes of a tier's blocks.
type blocking struct {
	mr, nr     int // tile of C
	mc, nc, kc int // block of A: mc x kc; of B: kc x nc
}

// A matrix has element (i, j) at data[i*row+j*col]; row or col is 1.
type matrix struct {
	data     []float32
	row, col int
}

// from returns the matrix without its first i rows and j columns.
func (x matrix) from(i, j int) matrix {
	return matrix{x.data[i*x.row+j*x.col:], x.row, x.col}
}

func (x matrix) transposed() matrix { return matrix{x.data, x.col, x.row} }

// panels is a matrix cut into panels, which start next elements apart: of A as
// many rows, of B as many columns as a tile of C has. row and col are the
// distances within a panel.
type panels struct {
	matrix
	next  int
	ahead []float32 // what a tile may fetch for its caller meanwhile
}

// gemmBlocks is Gemm without its checks: a and b stand for op(A) and op(B).
func gemmBlocks(m, n, k int, alpha float32, a, b matrix, beta float32, c []float32, ldc int, work []float32) {
	s := gemmSizes()
	kc, mc, nc := equalParts(k, s.kc, 1), equalParts(m, s.mc, s.mr), equalParts(n, s.nc, s.nr)
	workB := work[:packedSize(min(n, nc), kc, s.nr)]
	workA := work[len(workB):]
	for kk := 0; kk < k; kk += kc {
		kb := min(kc, k-kk)
		for j := 0; j < n; j += nc {
			nb := min(nc, n-j)
			blockB := packB(workB, b.from(kk, j), m, nb, kb, s.nr)
			for i := 0; i < m; i += mc {
				mb := min(mc, m-i)
				blockA, height := packA(workA, a.from(i, kk), mb, n, kb, s.mr)
				gemmBlock(mb, nb, kb, height, s.nr, alpha, blockA, blockB, beta, c[i*ldc+j:], ldc)
			}
		}
		beta = 1
	}
}

// gemmBlock multiplies one block of A, of panels of height rows, with one of B,
// of panels of width columns.
func gemmBlock(m, n, k, height, width int, alpha float32, a, b panels, beta float32, c []float32, ldc int) {
	tiles, rest := m/height, m%height
	for j := 0; j < n; j += width {
		cols := min(width, n-j)
		panel := b.data[j/width*b.next:]
		if tiles > 0 {
			gemmTiles(tiles, height, cols, k, alpha, &a, panel, b.row, beta, c[j:], ldc)
		}
		if rest > 0 {
			below := a.from(tiles)
			gemmTiles(1, rest, cols, k, alpha, &below, panel, b.row, beta, c[tiles*height*ldc+j:], ldc)
		}
	}
}

// from returns the panels without the first i.
func (x panels) from(i int) panels {
	return panels{matrix: matrix{x.data[i*x.next:], x.row, x.col}, next: x.next}
}

// equalParts returns the length of the parts if n is cut into as few parts of
// at most limit as possible, all about equally long: full parts and a short
// rest would be slower. All parts but the last are multiples of unit, as is limit.
func equalParts(n, limit, unit int) int {
	parts := (n + limit - 1) / limit
	return min(limit, roundUp((n+parts-1)/parts, unit))
}

// roundUp returns the smallest multiple of unit that is at least n.
func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }
