package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// tasks is the number of pieces that heavy operations are cut into where their
// size allows it, so that many cores have something to do.
const tasks = 128

// ceilDiv returns a/b rounded up.
func ceilDiv(a, b int) int { return (a + b - 1) / b }

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
	gemmThen(transA, transB, m, n, k, a, lda, b, ldb, beta, c, ldc, nil)
}

// gemmThen is gemm, and calls finish, unless it is nil, with the rows and columns
// of every finished block of C while the block is in the cache.
func gemmThen(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int, finish func(rows, cols span)) {
	if m == 0 || n == 0 {
		return
	}
	if parallel.Cores() == 1 {
		gemmAlone(transA, transB, m, n, k, a, lda, b, ldb, beta, c, ldc, finish)
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
			p := &product{beta: beta, c: c[i*ldc+j:], ldc: ldc, m: min(rows, m-i), n: min(cols, n-j), first: [2]int{i, j}}
			for kk := 0; kk == 0 || kk < k; kk += depth {
				kb := min(depth, k-kk)
				p.Product = simd.NewProduct(transA, transB, p.m, p.n, kb, from(a, lda, transA, i, kk), lda, from(b, ldb, transB, kk, j), ldb)
				if kk+kb == k {
					p.finish = finish
				}
				p.rows, p.cols = gemmBlock(p.m, p.n, kb)
				parallel.ForScratch(1, p.Memory(), p.run)
				p.beta = 1
			}
		}
	}
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

// gemmAlone is gemmThen on the calling goroutine. There is no one to share packed
// matrices with: it packs as it goes, so that they are used while in the cache.
func gemmAlone(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int, finish func(rows, cols span)) {
	const most = 512 // columns, so that what finish works on is in the cache
	width := ceilDiv(n, ceilDiv(n, most))
	_, tile := simd.GemmTile()
	width = ceilDiv(width, tile) * tile
	parallel.ForScratch(1, simd.GemmWork(m, width, k), func(_ int, work []float32) {
		for j := 0; j < n; j += width {
			cols := span{j, min(n, j+width)}
			simd.Gemm(transA, transB, m, cols.hi-j, k, 1, a, lda, from(b, ldb, transB, 0, j), ldb, beta, c[j:], ldc, work)
			if finish != nil {
				finish(span{0, m}, cols)
			}
		}
	})
}

// A span is a range of rows or columns.
type span struct{ lo, hi int }

// product is a product that is computed on all cores.
type product struct {
	simd.Product
	beta       float32
	c          []float32
	ldc        int
	m, n       int
	rows, cols int    // of a task
	first      [2]int // row and column of the whole result
	finish     func(rows, cols span)
}

// run packs what is to be packed, then computes the blocks.
func (p *product) run(_ int, memory []float32) {
	if parts := p.Parts(); parts > 0 {
		parallel.For(parts, func(part int) { p.Pack(part, memory) })
	}
	across := ceilDiv(p.n, p.cols)
	parallel.For(ceilDiv(p.m, p.rows)*across, func(task int) {
		i, j := task/across*p.rows, task%across*p.cols
		m, n := min(p.rows, p.m-i), min(p.cols, p.n-j)
		p.Block(i, j, m, n, p.beta, p.c[i*p.ldc+j:], p.ldc, memory)
		if p.finish != nil {
			i, j := p.first[0]+i, p.first[1]+j
			p.finish(span{i, i + m}, span{j, j + n})
		}
	})
}

// gemmReduce sets c (m x n) to the transpose of a (k x m) times b (k x n), for
// a k that may be much longer than m and n: it is cut into parts whose results
// are added in order.
func gemmReduce(g *autograd.Grad, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32) {
	if m == 0 || n == 0 {
		return
	}
	rows, cols := gemmBlock(m, n, k)
	blocks := ceilDiv(m, rows) * ceilDiv(n, cols)
	parts := splits(k, m*n, tasks/blocks)
	if parts == 1 {
		gemm(true, false, m, n, k, a, lda, b, ldb, 0, c, n)
		return
	}
	rows, cols = min(192, m), min(512, n)
	across := ceilDiv(n, cols)
	each := ceilDiv(m, rows) * across
	length := ceilDiv(k, parts)
	partial := g.Scratch(parts * m * n)
	parallel.ForScratch(parts*each, simd.GemmWork(rows, cols, length), func(task int, work []float32) {
		part, block := task/each, task%each
		i, j := block/across*rows, block%across*cols
		lo, hi := part*length, min((part+1)*length, k)
		simd.Gemm(true, false, min(rows, m-i), min(cols, n-j), hi-lo,
			1, a[lo*lda+i:], lda, b[lo*ldb+j:], ldb, 0, partial[part*m*n+i*n+j:], n, work)
	})
	addParts(c, partial, parts)
}

// splits returns into how many parts a sum over k rows that gives size elements
// is cut: at most limit, so that a part has enough rows to be worth its own
// result, and so that all results together stay small.
func splits(k, size, limit int) int {
	const minRows, maxElements = 512, 1 << 24
	parts := max(1, min(limit, k/minRows, maxElements/max(1, size)))
	return max(1, ceilDiv(k, max(1, ceilDiv(k, parts)))) // no part is empty
}

// addParts sets dst to the sum of the parts, in order, that partial holds one
// after the other.
func addParts(dst, partial []float32, parts int) {
	n := len(dst)
	parallel.Range(n, grain, func(lo, hi int) {
		copy(dst[lo:hi], partial[lo:hi])
		for p := 1; p < parts; p++ {
			simd.Add(dst[lo:hi], dst[lo:hi], partial[p*n+lo:p*n+hi])
		}
	})
}

// productSaves returns what the gradient of a product reads: a factor, when the
// other one needs a gradient.
func productSaves(a, b *autograd.Tensor) []*autograd.Tensor {
	var saves []*autograd.Tensor
	if a.NeedsGrad() {
		saves = append(saves, b)
	}
	if b.NeedsGrad() {
		saves = append(saves, a)
	}
	return saves
}
