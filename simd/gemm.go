package simd

import (
	"fmt"

	"autodropout/internal/race"
)

// Gemm computes C = alpha*op(A)*op(B) + beta*C, as the BLAS routine sgemm does
// for row-major matrices. op(A) is m x k, op(B) is k x n and C is m x n; op
// transposes its matrix if transA or transB says so. lda, ldb and ldc are the
// distances between the starts of rows as stored, in elements.
//
// With beta = 0, C is written but not read; with alpha = 0 or k = 0, A and B
// are not read. C must not overlap A or B. work is scratch memory of at least
// [GemmWork](m, n, k) elements, which should start on a 64-byte boundary.
//
// An element of C is the sum over k in ascending order, cut into blocks whose length
// depends on k and the tier only. Therefore it does not depend on m, n, the transposition
// or the place of the element in C, and a caller may cut C into blocks as it likes.
//
// Gemm panics if a dimension is negative or a slice too short.
func Gemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int, work []float32) {
	checkMatrix("C", m, n, c, ldc)
	if m == 0 || n == 0 {
		return
	}
	race.WriteRows(c, m, n, ldc)
	if k == 0 || alpha == 0 {
		scaleRows(m, n, beta, c, ldc)
		return
	}
	A, B := operands(transA, transB, m, n, k, a, lda, b, ldb)
	if need := GemmWork(m, n, k); len(work) < need {
		panic(fmt.Sprintf("simd: Gemm: work has %d elements, want %d", len(work), need))
	}
	gemmBlocks(m, n, k, alpha, A, B, beta, c, ldc, work)
}

// operands returns op(A) and op(B), which are not empty.
func operands(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int) (A, B matrix) {
	A, B = matrix{a, lda, 1}, matrix{b, ldb, 1}
	if transA {
		checkMatrix("A", k, m, a, lda)
		race.ReadRows(a, k, m, lda)
		A = A.transposed()
	} else {
		checkMatrix("A", m, k, a, lda)
		race.ReadRows(a, m, k, lda)
	}
	if transB {
		checkMatrix("B", n, k, b, ldb)
		race.ReadRows(b, n, k, ldb)
		B = B.transposed()
	} else {
		checkMatrix("B", k, n, b, ldb)
		race.ReadRows(b, k, n, ldb)
	}
	return A, B
}

// GemmWork returns how many float32s of scratch memory [Gemm] needs for these
// dimensions on the active tier.
func GemmWork(m, n, k int) int {
	s := gemmSizes()
	mb, nb, kb := min(m, s.mc), min(n, s.nc), min(k, s.kc)
	return packedSize(mb, kb, s.mr) + packedSize(nb, kb, s.nr)
}

// GemmTile returns the size of the block of C that Gemm computes at a time. Blocks
// of whole tiles are the fastest to compute.
func GemmTile() (rows, cols int) {
	s := gemmSizes()
	return s.mr, s.nr
}

// GemmPanel returns how many columns of B Gemm works on at a time. Where B is
// used often, it is best to store it in blocks of that many columns.
func GemmPanel() int { return gemmSizes().nr }

// GemmDepth returns the length of the blocks into which Gemm cuts a sum over k,
// all but the last. A product that adds one of them after the other, with beta =
// 1, has the bits of a single call.
func GemmDepth(k int) int { return equalParts(k, gemmSizes().kc, 1) }

func checkMatrix(name string, rows, cols int, x []float32, ld int) {
	if rows < 0 || cols < 0 {
		panic(fmt.Sprintf("simd: Gemm: %s is %d x %d", name, rows, cols))
	}
	if rows == 0 || cols == 0 {
		return
	}
	if ld < cols {
		panic(fmt.Sprintf("simd: Gemm: rows of %s are %d elements long and start every %d", name, cols, ld))
	}
	if need := (rows-1)*ld + cols; len(x) < need {
		panic(fmt.Sprintf("simd: Gemm: %s has %d elements, want %d", name, len(x), need))
	}
}

func scaleRows(m, n int, beta float32, c []float32, ldc int) {
	for i := range m {
		row := c[i*ldc:][:n]
		if beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= beta
		}
	}
}

// FMALoop runs a loop of independent multiply-adds on registers and returns the
// number of floating-point operations done. Its speed is the ceiling for every
// kernel of the active tier on one core. 10,000 iterations take some tens of
// microseconds; a goroutine cannot be interrupted during the call.
func FMALoop(iterations int) (flops int) {
	return fmaLoop(iterations)
}
