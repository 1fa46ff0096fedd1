package simd

import (
	"fmt"

	"autodropout/internal/race"
)

// Taps is a matrix whose columns lie in several places, such as what the pixels
// of a row see through a convolution's kernel. Its columns are runs of Run
// columns each: element (i, j) of the run that begins at offset o is
// Data[o+i*Row+j*Col]. Rows and runs may overlap.
type Taps struct {
	Data     []float32
	Offsets  []int // of the runs
	Run      int
	Row, Col int
}

// columns returns how many columns the matrix has.
func (a *Taps) columns() int { return len(a.Offsets) * a.Run }

// check panics unless count matrices with m rows of elements that are size numbers
// long, each of which begins next numbers after the one before, lie within the data.
func (a *Taps) check(op string, count, next, m, size int) {
	if a.Run < 1 || a.Row < 0 || a.Col < 0 || next < 0 {
		panic(fmt.Sprintf("simd: %s: runs of %d columns, %d elements apart, in rows %d elements apart, of matrices %d elements apart", op, a.Run, a.Col, a.Row, next))
	}
	room := len(a.Data) - (m-1)*a.Row - (a.Run-1)*a.Col - size - (count-1)*next
	for _, o := range a.Offsets {
		if o < 0 || o > room {
			panic(fmt.Sprintf("simd: %s: a run begins at element %d, want 0 <= element <= %d", op, o, room))
		}
	}
}

// checkTaps checks the arguments that GemmTapsRows and DepthwiseTaps share, with
// elements of A that are size numbers long.
func checkTaps(op string, count, m, n, size int, a *Taps, aNext int, b []float32, ldb int, c []float32, ldc, cNext int) {
	a.check(op, count, aNext, m, size)
	k := a.columns()
	if ldb < n && k > 1 || ldc < n && m > 1 || len(b) < (k-1)*ldb+n || cNext < 0 || len(c) < (count-1)*cNext+(m-1)*ldc+n {
		panic(fmt.Sprintf("simd: %s: B and C, with %d and %d rows of %d elements, have %d elements in rows of %d and %d in rows of %d",
			op, k, m, n, len(b), ldb, len(c), ldc))
	}
}

// GemmTaps computes C = A*B, or C += A*B if accumulate is set, where A is m x k
// with k = len(a.Offsets)*a.Run, B is k x n in rows that start ldb elements apart
// and C is m x n in rows ldc apart: a convolution without the copies of its
// inputs that [Gemm] would need. n is at most [GemmPanel](). C must not overlap A
// or B.
//
// It is best if the B of the next call lies directly after this B: it is then already on
// its way into the cache.
//
// An element of C does not depend on m, n or its place. Without accumulate, C is
// not read. With k = 0, A and B are not.
func GemmTaps(m, n int, a *Taps, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	GemmTapsRows(1, m, n, a, 0, b, ldb, c, ldc, 0, accumulate)
}

// GemmTapsRows is [GemmTaps] for count products with the same B, such as rows of outputs:
// the data of each A begins aNext elements after that of the one before, and each C cNext
// elements. No C may overlap another.
func GemmTapsRows(count, m, n int, a *Taps, aNext int, b []float32, ldb int, c []float32, ldc, cNext int, accumulate bool) {
	if count <= 0 || m <= 0 || n <= 0 {
		return
	}
	if n > GemmPanel() {
		panic(fmt.Sprintf("simd: GemmTaps: %d columns are more than GemmPanel() = %d", n, GemmPanel()))
	}
	if len(a.Offsets) == 0 {
		for i := range count {
			keepOrClear(m, n, c[i*cNext:], ldc, accumulate)
		}
		return
	}
	checkTaps("GemmTaps", count, m, n, 1, a, aNext, b, ldb, c, ldc, cNext)
	gemmTaps(count, m, n, a, aNext, b, ldb, c, ldc, cNext, accumulate)
}

// DepthwiseTaps computes, for each of n channels on its own, the product of [GemmTaps] of
// an m x k matrix A with a vector B. Each element there is n elements here, one for each
// channel, side by side: A has them at every place, B is k x n in rows ldb apart, and C is
// m x n in rows ldc apart. C must not overlap A or B.
//
// An element of C is the sum over k in ascending order.
func DepthwiseTaps(m, n int, a *Taps, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	if m <= 0 || n <= 0 {
		return
	}
	if len(a.Offsets) == 0 {
		keepOrClear(m, n, c, ldc, accumulate)
		return
	}
	checkTaps("DepthwiseTaps", 1, m, n, n, a, 0, b, ldb, c, ldc, 0)
	depthwiseTaps(m, n, a, b, ldb, c, ldc, accumulate)
}

// keepOrClear makes C the result of a sum without elements.
func keepOrClear(m, n int, c []float32, ldc int, keep bool) {
	if keep {
		return
	}
	for i := range m {
		clear(c[i*ldc:][:n])
	}
}

// tapsTiles cuts m rows into as few tiles of at most limit rows as possible:
// tall ones of height rows, and then short ones of one row less.
func tapsTiles(m, limit int) (height, tall, short int) {
	tiles := (m + limit - 1) / limit
	height = (m + tiles - 1) / tiles
	short = height*tiles - m
	return height, tiles - short, short
}

// race records the reads of m rows of elements that are size numbers long, as
// few long ones where they touch. The matrix begins at an element of the data.
func (a *Taps) race(at, m, size int) {
	for _, o := range a.Offsets {
		switch data := a.Data[at+o:]; {
		case a.Col <= size:
			race.ReadRows(data, m, (a.Run-1)*a.Col+size, a.Row)
		case a.Row <= size:
			race.ReadRows(data, a.Run, (m-1)*a.Row+size, a.Col)
		default:
			race.ReadGroups(data, a.Run, a.Col, m, size, a.Row)
		}
	}
}
