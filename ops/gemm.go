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

// gemmBlock returns the block of an m x n result that one task computes. Large
// blocks pack their operands less often, small ones make more tasks.
func gemmBlock(m, n int) (rows, cols int) {
	rows, cols = 192, 512
	for cols > 128 && ceilDiv(m, rows)*ceilDiv(n, cols) < tasks {
		rows, cols = max(rows/2, 96), cols/2
	}
	return ceilDiv(m, max(1, ceilDiv(m, rows))), min(cols, n)
}

// gemm is simd.Gemm with alpha 1 on all cores.
func gemm(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if m == 0 || n == 0 {
		return
	}
	rows, cols := gemmBlock(m, n)
	across := ceilDiv(n, cols)
	parallel.ForScratch(ceilDiv(m, rows)*across, simd.GemmWork(rows, cols, k), func(task int, work []float32) {
		i, j := task/across*rows, task%across*cols
		aOffset, bOffset := i*lda, j
		if transA {
			aOffset = i
		}
		if transB {
			bOffset = j * ldb
		}
		simd.Gemm(transA, transB, min(rows, m-i), min(cols, n-j), k,
			1, a[aOffset:], lda, b[bOffset:], ldb, beta, c[i*ldc+j:], ldc, work)
	})
}

// gemmReduce sets c (m x n) to the transpose of a (k x m) times b (k x n), for
// a k that may be much longer than m and n: it is cut into parts whose results
// are added in order.
func gemmReduce(g *autograd.Grad, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32) {
	rows, cols := gemmBlock(m, n)
	blocks := ceilDiv(m, max(1, rows)) * ceilDiv(n, max(1, cols))
	parts := splits(k, m*n, ceilDiv(tasks, max(1, blocks)))
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
