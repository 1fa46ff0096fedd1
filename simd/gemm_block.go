package simd

// The blocking is that of BLIS (Van Zee and van de Geijn 2015): the
// micro-kernel gemmTile keeps a tile of C in registers and runs over a block of
// k. Around it, loops reuse a panel of B from the first-level cache and a block
// of A from the second.
//
// Unlike BLIS's, the micro-kernel takes strides, so it reads A in either
// orientation, and B unless transposed, where they are. Copying them into
// blocks of their own (packing) pays only for large matrices.

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

// gemmBlocks is Gemm without its checks: a and b stand for op(A) and op(B).
func gemmBlocks(m, n, k int, alpha float32, a, b matrix, beta float32, c []float32, ldc int, work []float32) {
	s := gemmSizes()
	workB := work[:packedSizeB(min(n, s.nc), min(k, s.kc), s.nr)]
	workA := work[len(workB):]
	kc := equalParts(k, s.kc)
	for kk := 0; kk < k; kk += kc {
		kb := min(kc, k-kk)
		for j := 0; j < n; j += s.nc {
			nb := min(s.nc, n-j)
			blockB := packB(workB, b.from(kk, j), m, nb, kb, s.nr)
			for i := 0; i < m; i += s.mc {
				mb := min(s.mc, m-i)
				blockA := packA(workA, a.from(i, kk), mb, nb, kb)
				gemmBlock(s, mb, nb, kb, alpha, blockA, blockB, beta, c[i*ldc+j:], ldc)
			}
		}
		beta = 1
	}
}

// gemmBlock multiplies one block of A with one of B.
func gemmBlock(s blocking, m, n, k int, alpha float32, a matrix, b panels, beta float32, c []float32, ldc int) {
	height := equalParts(m, s.mr)
	for j := 0; j < n; j += s.nr {
		cols := min(s.nr, n-j)
		panel := b.data[j/s.nr*b.panel:]
		for i := 0; i < m; i += height {
			rows := min(height, m-i)
			gemmTile(rows, cols, k, alpha, a.from(i, 0), panel, b.row, beta, c[i*ldc+j:], ldc)
		}
	}
}

// equalParts returns the length of the parts if n is cut into as few parts of
// at most limit as possible, all about equally long: full parts and a short
// rest would be slower.
func equalParts(n, limit int) int {
	parts := (n + limit - 1) / limit
	return (n + parts - 1) / parts
}
