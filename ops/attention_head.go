package ops

import (
	"autodropout/simd"
)

// queryBlock is the largest number of queries worked on together: enough for
// efficient products, and few enough that their scores stay in cache and that
// little is computed beyond what causality lets them see.
const queryBlock = 30

// blockRows returns the number of queries in a block, all about equally long.
func (a *attention) blockRows() int { return ceilDiv(a.t, ceilDiv(a.t, queryBlock)) }

// A tile has a row for each query of a block with an element for each key. There
// is room for queryBlock elements in front of every row.
type tile struct {
	data []float32
	row  int // elements from a row to the next
}

func (x tile) from(i int) []float32 { return x.data[queryBlock+i*x.row:] }

// shifted returns where relative scores of the given number of queries are
// added: its row i, x.row+1 elements from the last, begins rows-1-i elements
// before that of the tile. That is the relative shift: column c belongs to key
// c-(rows-1-i), or to none if that is negative.
func (x tile) shifted(rows int) []float32 { return x.data[queryBlock-(rows-1):] }

// tileRow returns the distance of a tile's rows.
func (a *attention) tileRow() int { return ceilDiv(a.s+queryBlock, 16) * 16 }

func (a *attention) tileSize() int { return queryBlock * (a.tileRow() + 1) }

// biasedSize is the size of a block of queries with a bias added.
func (a *attention) biasedSize() int {
	if a.r == nil {
		return 0
	}
	return ceilDiv(queryBlock*a.d, 16) * 16
}

// transposedRow returns the distance of the rows of a transposed matrix, with an
// element for each key.
func (a *attention) transposedRow() int { return ceilDiv(a.s, 16) * 16 }

// transposedSize is the size of the keys and positions of a head, transposed.
func (a *attention) transposedSize() int {
	if a.r == nil {
		return a.d * a.transposedRow()
	}
	return 2 * a.d * a.transposedRow()
}

func (a *attention) forwardScratch() int {
	return a.transposedSize() + a.tileSize() + 2*a.biasedSize() + max(simd.GemmWork(queryBlock, a.s, a.d), simd.GemmWork(queryBlock, a.e, a.s))
}

func (a *attention) backwardScratch() int {
	b := queryBlock
	return a.transposedSize() + a.e*a.transposedRow() + 2*a.tileSize() + 4*a.biasedSize() +
		max(simd.GemmWork(b, a.s, a.d), simd.GemmWork(b, a.s, a.e), simd.GemmWork(a.s, a.e, b), simd.GemmWork(a.s, a.d, b), simd.GemmWork(b, a.d, a.s))
}

// attentionHead is one head of one example. Its slices begin with its first
// element; rows are as far apart as in the tensors.
type attentionHead struct {
	*attention
	n, h             int
	q, k, v, r, u, w []float32
	y, rows          []float32
	firstBit         int       // in keep
	kT, rT           []float32 // k and r transposed
	work             []float32
}

// head returns the head that is the subject of a task, with memory to work in.
func (a *attention) head(task int, scratch []float32) attentionHead {
	n, h := task/a.heads, task%a.heads
	head := attentionHead{
		attention: a, n: n, h: h,
		q:        a.q.Data()[n*a.t*a.widthQK+h*a.d:],
		k:        a.k.Data()[n*a.s*a.widthQK+h*a.d:],
		v:        a.v.Data()[n*a.s*a.widthVO+h*a.e:],
		y:        a.y[n*a.t*a.widthVO+h*a.e:],
		rows:     a.rows[task*a.t*2:],
		firstBit: task * a.t * a.s,
		work:     scratch,
	}
	if a.r != nil {
		head.r = a.r.Data()[h*a.d:]
		head.u = a.u.Data()[h*a.d:][:a.d]
		head.w = a.w.Data()[h*a.d:][:a.d]
	}
	return head
}

// take returns n elements of the working memory.
func (h *attentionHead) take(n int) []float32 {
	part := h.work[:n]
	h.work = h.work[n:]
	return part
}

func (h *attentionHead) takeTile() tile { return tile{h.take(h.tileSize()), h.tileRow()} }

// A block is some consecutive queries, ready for products.
type block struct {
	first, rows int
	keys        int       // that the last of them reaches
	withU       []float32 // the queries, plus u if attention is relative
	rowU        int       // the distance of its rows
	withW       []float32 // the queries plus w, d apart; nil if not relative
}

// block returns the queries from first on. Relative attention stores them, with
// the biases, in biased.
func (h *attentionHead) block(first int, biased [2][]float32) block {
	b := block{first: first, rows: min(h.blockRows(), h.t-first)}
	b.keys = h.reach(first + b.rows - 1)
	q := h.q[first*h.widthQK:]
	if h.r == nil {
		b.withU, b.rowU = q, h.widthQK
		b.keys = h.visible(h.n, first+b.rows-1)
		return b
	}
	b.withU, b.rowU, b.withW = biased[0], h.d, biased[1]
	for i := range b.rows {
		row := q[i*h.widthQK:][:h.d]
		simd.Add(b.withU[i*h.d:][:h.d], row, h.u)
		simd.Add(b.withW[i*h.d:][:h.d], row, h.w)
	}
	return b
}

// farthest returns the row of r for the block's last query and the first key.
func (h *attentionHead) farthest(b block) int { return h.t - b.first - b.rows }

// transpose copies the first s rows of x, width elements of each, to working
// memory: to columns. What is used for block after block is better stored so.
func (h *attentionHead) transpose(x []float32, width, stride int) []float32 {
	dst := h.take(width * h.transposedRow())
	simd.Transpose(dst, h.transposedRow(), x, stride, h.s, width)
	return dst
}

// transposeKeys sets kT and, for relative attention, rT.
func (h *attentionHead) transposeKeys() {
	h.kT = h.transpose(h.k, h.d, h.widthQK)
	if h.r != nil {
		h.rT = h.transpose(h.r, h.d, h.widthQK)
	}
}

// scores fills x with the scores of a block.
func (h *attentionHead) scores(x tile, b block) {
	simd.Gemm(false, false, b.rows, b.keys, h.d, h.scale, b.withU, b.rowU, h.kT, h.transposedRow(), 0, x.from(0), x.row, h.work)
	if h.r != nil {
		simd.Gemm(false, false, b.rows, b.keys, h.d, h.scale, b.withW, h.d, h.rT[h.farthest(b):], h.transposedRow(), 1, x.shifted(b.rows), x.row+1, h.work)
	}
}

func (h *attentionHead) forward() {
	h.transposeKeys()
	x := h.takeTile()
	biased := [2][]float32{h.take(h.biasedSize()), h.take(h.biasedSize())}
	for first := 0; first < h.t; first += h.blockRows() {
		b := h.block(first, biased)
		h.scores(x, b)
		for i := range b.rows {
			q := first + i
			row, n := x.from(i)[:b.keys], h.visible(h.n, q)
			largest, sum := simd.SoftmaxWeights(row[:n], h.keep, h.firstBit+q*h.s)
			clear(row[n:])
			h.rows[2*q], h.rows[2*q+1] = largest, 1/sum
		}
		y := h.y[first*h.widthVO:]
		simd.Gemm(false, false, b.rows, h.e, b.keys, h.factor, x.from(0), x.row, h.v, h.widthVO, 0, y, h.widthVO, h.work)
		for i := range b.rows {
			row := y[i*h.widthVO:][:h.e]
			simd.Scale(row, row, h.rows[2*(first+i)+1])
		}
	}
}
