package simd

import "autodropout/internal/race"

// A Product is op(A)*op(B) to be computed in blocks by several calls, maybe at
// the same time. A matrix that is worth packing is packed before, once for all
// blocks.
type Product struct {
	m, n, k int
	a, b    factor
}

// A factor is a matrix of k rows and n columns: op(B), or op(A) transposed. Its
// panels have width columns.
type factor struct {
	matrix
	n, k, width int
	packs       bool // else it is used where it is
	packed      bool // it is the result of PackB
}

// NewProduct returns the product of op(A), which is m x k, and op(B), which is
// k x n, with parameters as for [Gemm].
func NewProduct(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int) Product {
	p := Product{m: m, n: n, k: k}
	if m == 0 || n == 0 || k == 0 {
		return p
	}
	s := gemmSizes()
	x, y := operands(transA, transB, m, n, k, a, lda, b, ldb)
	p.a = factor{x.transposed(), m, k, s.mr, packsA(x, n), false}
	if !p.a.packs {
		p.a.width = tileRows(x, s.mr)
	}
	p.b = factor{y, n, k, s.nr, packsB(y, m), false}
	return p
}

// PackedSize returns how many elements [PackB] copies a matrix of k rows and n columns to.
func PackedSize(n, k int) int { return packedSize(n, k, gemmSizes().nr) }

// PackB copies op(B), which is k x n, to dst in the order in which [NewPackedProduct] reads it.
// Parameters are as for [Gemm].
func PackB(dst []float32, transB bool, n, k int, b []float32, ldb int) {
	rows, cols, x := k, n, matrix{b, ldb, 1}
	if transB {
		rows, cols, x = n, k, x.transposed()
	}
	checkMatrix("B", rows, cols, b, ldb)
	if n == 0 || k == 0 {
		return
	}
	race.ReadRows(b, rows, cols, ldb)
	race.Write(dst[:PackedSize(n, k)])
	pack(dst, x, n, k, gemmSizes().nr)
}

// NewPackedProduct returns the product of A, which is m x k, and op(B), which is k x n and
// which [PackB] has copied to b, so that only A is left to be packed.
func NewPackedProduct(m, n, k int, a []float32, lda int, b []float32) Product {
	checkMatrix("B", 1, PackedSize(n, k), b, PackedSize(n, k))
	p := NewProduct(false, false, m, n, k, a, lda, b, n)
	p.b.packs, p.b.packed = false, true
	return p
}

// Memory returns how many float32s of memory Pack and Block need. It should
// start on a 64-byte boundary.
func (p *Product) Memory() int { return p.a.size() + p.b.size() }

// Parts returns into how many parts packing is divided.
func (p *Product) Parts() int { return p.a.parts() + p.b.parts() }

// Pack does one part of the packing.
func (p *Product) Pack(part int, memory []float32) {
	if parts := p.a.parts(); part < parts {
		p.a.pack(part, memory)
	} else {
		p.b.pack(part-parts, memory[p.a.size():])
	}
}

// Block computes C = op(A)*op(B) + beta*C for the m x n block of C at row i and
// column j, where c begins. All parts must have been packed; i and j must be
// multiples of the rows and columns of [GemmTile]. The result has the bits that
// Gemm gives.
func (p *Product) Block(i, j, m, n int, beta float32, c []float32, ldc int, memory []float32) {
	checkMatrix("C", m, n, c, ldc)
	race.WriteRows(c, m, n, ldc)
	race.Read(memory[:p.Memory()])
	if p.k == 0 {
		scaleRows(m, n, beta, c, ldc)
		return
	}
	kc := equalParts(p.k, gemmSizes().kc, 1)
	for kk := 0; kk < p.k; kk += kc {
		kb := min(kc, p.k-kk)
		a, height := p.a.panels(kk, i, m, memory)
		b, width := p.b.panels(kk, j, p.b.width, memory[p.a.size():])
		a.matrix = a.transposed()
		gemmBlock(m, n, kb, height, width, 1, a, b, beta, c, ldc)
		beta = 1
	}
}

// partSize is about how many elements a part of the packing has.
const partSize = 1 << 15

func (f *factor) size() int {
	if !f.packs {
		return 0
	}
	return packedSize(f.n, f.k, f.width)
}

// partColumns returns how many columns a part has.
func (f *factor) partColumns() int { return max(1, partSize/(f.width*f.k)) * f.width }

func (f *factor) parts() int {
	if !f.packs {
		return 0
	}
	columns := f.partColumns()
	return (f.n + columns - 1) / columns
}

func (f *factor) pack(part int, memory []float32) {
	columns := f.partColumns()
	j := part * columns
	n := min(columns, f.n-j)
	dst := memory[j*f.k:][:packedSize(n, f.k, f.width)]
	race.Write(dst)
	pack(dst, f.from(0, j), n, f.k, f.width)
}

// panels returns the panels of n columns from row kk and column j on, and how
// wide they are.
func (f *factor) panels(kk, j, n int, memory []float32) (panels, int) {
	if f.packed {
		memory = f.data
	}
	if f.packs || f.packed {
		return panels{matrix: matrix{memory[j*f.k+kk*f.width:], f.width, 1}, next: f.width * f.k}, f.width
	}
	width := equalParts(n, f.width, 1)
	return panels{matrix: f.from(kk, j), next: width * f.col}, width
}
