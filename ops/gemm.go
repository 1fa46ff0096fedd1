package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// gemmBlock returns the block of an m x n result that one task computes: whole
// tiles, and fewer of them where there would be too few tasks. A dimension is cut
// into equal blocks.
func gemmBlock(m, n, k int) (rows, cols int) {
	const least = 1 << 20 // multiplications of a task that is worth its start
	rows, cols = min(m, 192), min(n, 512)
	for ceilDiv(m, rows)*ceilDiv(n, cols) < tasks && rows*cols*k >= 2*least {
		switch {
		case cols >= 2*rows && cols > 64:
			cols = ceilDiv(cols, 2)
		case rows > 48:
			rows = ceilDiv(rows, 2)
		default:
			return wholeTiles(m, n, rows, cols)
		}
	}
	return wholeTiles(m, n, rows, cols)
}

// wholeTiles returns a block of whole tiles that is about as large as rows x cols.
func wholeTiles(m, n, rows, cols int) (int, int) {
	height, width := simd.GemmTile()
	equal := func(n, part, tile int) int { return ceilDiv(ceilDiv(n, ceilDiv(n, part)), tile) * tile }
	return equal(m, rows, height), equal(n, cols, width)
}

// gemm is simd.Gemm with alpha 1 on all cores.
func gemm(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	gemmPlus(transA, transB, m, n, k, a, lda, b, ldb, beta, c, ldc, nil)
}

// gemmPlus is gemm, and does what end says, unless it is nil, to each block of C while it
// is in the cache. C is then what end has as y.
func gemmPlus(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int, end *rowEnd) {
	if m == 0 || n == 0 {
		return
	}
	if parallel.Cores() == 1 {
		gemmAlone(transA, transB, m, n, k, a, lda, b, ldb, beta, c, ldc, end)
		return
	}
	whole := simd.NewProduct(transA, transB, m, n, k, a, lda, b, ldb)
	rows, cols, depth := m, n, max(1, k)
	if whole.Memory() > mostPacked {
		const least = 1024 // rows or columns that are worth packing the other matrix
		if mostPacked/depth < least {
			depth = simd.GemmDepth(k)
		}
		rows, cols = min(m, mostPacked/depth), min(n, mostPacked/depth)
	}
	for i := 0; i < m; i += rows {
		for j := 0; j < n; j += cols {
			p := &product{beta: beta, c: c[i*ldc+j:], ldc: ldc, i: i, j: j, m: min(rows, m-i), n: min(cols, n-j)}
			for kk := 0; kk == 0 || kk < k; kk += depth {
				kb := min(depth, k-kk)
				p.Product = simd.NewProduct(transA, transB, p.m, p.n, kb, from(a, lda, transA, i, kk), lda, from(b, ldb, transB, kk, j), ldb)
				if kk+kb == k {
					p.end = end
				}
				p.rows, p.cols = gemmBlock(p.m, p.n, kb)
				parallel.Each(1, p.Memory(), p, (*product).run)
				p.beta = 1
			}
		}
	}
}

// gemmWeights is gemmPlus with a B that is a layer's weight, all of a matrix, which is transposed first if transW says so.
// One that is frozen is packed once.
func gemmWeights(memory former, transW bool, m, n, k int, a []float32, w, c []float32, end *rowEnd) {
	if m == 0 || n == 0 {
		return
	}
	ld, kind := n, autograd.Form{Name: "gemm", Sizes: [8]int{n, k}}
	if transW {
		ld, kind.Name = k, "gemm, transposed"
	}
	if !memory.Keeps(w) || k == 0 {
		gemmPlus(false, transW, m, n, k, a, k, w, ld, 0, c, n, end)
		return
	}
	packed := memory.Form(w, kind, simd.PackedSize(n, k), func(form []float32) {
		simd.PackB(form, transW, n, k, w, ld)
	})
	p := &product{Product: simd.NewPackedProduct(m, n, k, a, k, packed), c: c, ldc: n, m: m, n: n, end: end}
	p.rows, p.cols = gemmBlock(m, n, k)
	parallel.Each(1, p.Memory(), p, (*product).run)
}

// mostPacked is how many elements of its matrices a product packs at a time.
const mostPacked = 1 << 21

// from returns a matrix without its first i rows and j columns, after
// transposition.
func from(x []float32, ld int, transposed bool, i, j int) []float32 {
	if transposed {
		i, j = j, i
	}
	return x[min(i*ld+j, len(x)):] // some are empty
}

// gemmAlone is gemmPlus on the calling goroutine. There is no one to share packed
// matrices with: it packs as it goes, so that they are used while in the cache.
func gemmAlone(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int, end *rowEnd) {
	const most = 512 // columns, so that what end works on is in the cache
	width := ceilDiv(n, ceilDiv(n, most))
	_, tile := simd.GemmTile()
	width = ceilDiv(width, tile) * tile
	parallel.ForScratch(1, simd.GemmWork(m, width, k), func(_ int, work []float32) {
		for j := 0; j < n; j += width {
			cols := min(width, n-j)
			simd.Gemm(transA, transB, m, cols, k, 1, a, lda, from(b, ldb, transB, 0, j), ldb, beta, c[j:], ldc, work)
			if end != nil {
				end.apply(0, j, m, cols)
			}
		}
	})
}

// product is a product that is computed on all cores.
type product struct {
	simd.Product
	beta       float32
	c          []float32
	ldc        int
	i, j       int // where the product is in the whole one
	m, n       int
	rows, cols int     // of a task
	end        *rowEnd // nil: none
	memory     []float32
}

// run packs what is to be packed, then computes the blocks.
func (p *product) run(_ int, memory []float32) {
	p.memory = memory
	if parts := p.Parts(); parts > 0 {
		parallel.Each(parts, 0, p, (*product).pack)
	}
	parallel.Each(ceilDiv(p.m, p.rows)*ceilDiv(p.n, p.cols), 0, p, (*product).block)
}

func (p *product) pack(part int, _ []float32) { p.Pack(part, p.memory) }

func (p *product) block(task int, _ []float32) {
	across := ceilDiv(p.n, p.cols)
	i, j := task/across*p.rows, task%across*p.cols
	rows, cols := min(p.rows, p.m-i), min(p.cols, p.n-j)
	p.Block(i, j, rows, cols, p.beta, p.c[i*p.ldc+j:], p.ldc, p.memory)
	if p.end != nil {
		p.end.apply(p.i+i, p.j+j, rows, cols)
	}
}

// gemmReduce sets c (m x n) to the transpose of a (k x m) times b (k x n), for
// a k that may be much longer than m and n: it is cut into parts whose results
// are added in order.
func gemmReduce(memory scratcher, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32) {
	if m == 0 || n == 0 {
		return
	}
	rows, cols := gemmBlock(m, n, k)
	parts := splits(k, m*n, tasks/(ceilDiv(m, rows)*ceilDiv(n, cols)))
	switch {
	case parts == 1:
		gemm(true, false, m, n, k, a, lda, b, ldb, 0, c, n)
	case m > n:
		// A tile takes a few elements of a row of A and a cache line of B's: the
		// wider matrix is better read as B.
		transposed := memory.Scratch(m * n)
		reduceParts(memory, parts, n, m, k, b, ldb, a, lda, transposed)
		simd.Transpose(c, n, transposed, m, n, m)
	default:
		reduceParts(memory, parts, m, n, k, a, lda, b, ldb, c)
	}
}

// reduceParts is gemmReduce for a number of parts.
func reduceParts(memory scratcher, parts, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32) {
	r := &reduction{a: a, lda: lda, b: b, ldb: ldb, m: m, n: n, k: k, rows: min(192, m), cols: min(512, n), length: ceilDiv(k, parts)}
	r.partial = memory.Scratch(parts * m * n)
	blocks := ceilDiv(m, r.rows) * ceilDiv(n, r.cols)
	parallel.Each(parts*blocks, simd.GemmWork(r.rows, r.cols, r.length), r, (*reduction).block)
	addParts(c, r.partial, parts)
}

// reduction is a product that reduceParts computes.
type reduction struct {
	a, b       []float32
	lda, ldb   int
	m, n, k    int
	rows, cols int // of a block
	length     int // rows of a and b in a part
	partial    []float32
}

func (r *reduction) block(task int, work []float32) {
	across := ceilDiv(r.n, r.cols)
	each := ceilDiv(r.m, r.rows) * across
	part, block := task/each, task%each
	i, j := block/across*r.rows, block%across*r.cols
	lo, hi := part*r.length, min((part+1)*r.length, r.k)
	simd.Gemm(true, false, min(r.rows, r.m-i), min(r.cols, r.n-j), hi-lo,
		1, r.a[lo*r.lda+i:], r.lda, r.b[lo*r.ldb+j:], r.ldb, 0, r.partial[(part*r.m+i)*r.n+j:], r.n, work)
}

// splits returns into how many parts a sum over k rows that gives size elements
// is cut: at most limit, so that a part has enough rows to be worth its own
// result, and so that all results together stay small.
func splits(k, size, limit int) int {
	const minRows, maxElements = 512, 1 << 24
	parts := max(1, min(limit, k/minRows, maxElements/max(1, size)))
	return max(1, ceilDiv(k, max(1, ceilDiv(k, parts)))) // no part is empty
}
