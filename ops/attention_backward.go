package ops

import "autodropout/simd"

// headGradients are the gradients of a head, laid out as the head's own slices;
// nil for those that are not wanted.
type headGradients struct {
	q, k, v, r, u, w []float32
}

// gradients returns a head's part of the gradients of all.
func (h *attentionHead) gradients(all [6][]float32) headGradients {
	from := func(i, at int) []float32 {
		if all[i] == nil {
			return nil
		}
		return all[i][at:]
	}
	return headGradients{
		q: from(0, h.n*h.t*h.widthQK+h.h*h.d),
		k: from(1, h.n*h.s*h.widthQK+h.h*h.d),
		v: from(2, h.n*h.s*h.widthVO+h.h*h.e),
		r: from(3, h.n*h.s*h.widthQK+h.h*h.d),
		u: from(4, h.n*h.widthQK+h.h*h.d),
		w: from(5, h.n*h.widthQK+h.h*h.d),
	}
}

// backward adds up the gradients of the head from dy, that of its output.
//
// With P the probabilities, A = P with the mask and its factor applied, Y = A*V,
// the gradient of the scores is P .* (dA - rowsum(P .* dA)), where the row sum is
// that of dY .* Y.
func (h *attentionHead) backward(dy []float32, grad headGradients) {
	grad.clear(h)
	h.transposeKeys()
	vT := h.transpose(h.v, h.e, h.widthVO)
	p, ds := h.takeTile(), h.takeTile()
	biased := [2][]float32{h.take(h.biasedSize()), h.take(h.biasedSize())}
	dq := [2][]float32{h.take(h.biasedSize()), h.take(h.biasedSize())}
	rows := h.blockRows()
	// The last block reaches all keys: its sums need not be there before.
	sums := float32(0)
	for first := (h.t - 1) / rows * rows; first >= 0; first -= rows {
		b := h.block(first, biased)
		dy := dy[first*h.widthVO:]
		h.scores(p, b)
		simd.Gemm(false, false, b.rows, b.keys, h.e, h.factor, dy, h.widthVO, vT, h.transposedRow(), 0, ds.from(0), ds.row, h.work)
		h.softmaxBackward(p, ds, b, dy)
		if grad.v != nil {
			simd.Gemm(true, false, b.keys, h.e, b.rows, h.factor, p.from(0), p.row, dy, h.widthVO, sums, grad.v, h.widthVO, h.work)
		}
		if grad.k != nil {
			simd.Gemm(true, false, b.keys, h.d, b.rows, h.scale, ds.from(0), ds.row, b.withU, b.rowU, sums, grad.k, h.widthQK, h.work)
		}
		if grad.r != nil {
			simd.Gemm(true, false, b.keys, h.d, b.rows, h.scale, ds.shifted(b.rows), ds.row+1, b.withW, h.d, sums, grad.r[h.farthest(b)*h.widthQK:], h.widthQK, h.work)
		}
		h.queryBackward(ds, b, dq, grad)
		sums = 1
	}
}

// clear zeroes the gradients that are added up from zero, and those of keys that
// no query sees.
func (g headGradients) clear(h *attentionHead) {
	for _, bias := range [][]float32{g.u, g.w} {
		if bias != nil {
			clear(bias[:h.d])
		}
	}
	if h.r != nil {
		return
	}
	for j := h.visible(h.n, h.t-1); j < h.s; j++ {
		if g.k != nil {
			clear(g.k[j*h.widthQK:][:h.d])
		}
		if g.v != nil {
			clear(g.v[j*h.widthVO:][:h.e])
		}
	}
}

// softmaxBackward turns the scores p of a block into the probabilities that are
// kept, and ds from the gradient of these into that of the scores.
func (h *attentionHead) softmaxBackward(p, ds tile, b block, dy []float32) {
	for i := range b.rows {
		q := b.first + i
		n := h.visible(h.n, q)
		rowP, rowDs := p.from(i)[:b.keys], ds.from(i)[:b.keys]
		if h.r != nil {
			// The shift finds no key here.
			front := queryBlock + i*ds.row
			clear(ds.data[front-(b.rows-1-i) : front])
		}
		sum := simd.Dot(dy[i*h.widthVO:][:h.e], h.y[q*h.widthVO:][:h.e])
		simd.SoftmaxWeightsBackward(rowP[:n], rowDs[:n], h.rows[2*q], h.rows[2*q+1], sum, h.keep, h.firstBit+q*h.s)
		clear(rowP[n:])
		clear(rowDs[n:])
	}
}

// queryBackward sets the gradient of a block of queries, and adds to those of
// the biases.
func (h *attentionHead) queryBackward(ds tile, b block, dq [2][]float32, grad headGradients) {
	out, row := grad.q, h.widthQK
	if h.r == nil {
		if out != nil {
			simd.Gemm(false, false, b.rows, h.d, b.keys, h.scale, ds.from(0), ds.row, h.k, h.widthQK, 0, out[b.first*row:], row, h.work)
		}
		return
	}
	if out == nil && grad.u == nil && grad.w == nil {
		return
	}
	simd.Gemm(false, false, b.rows, h.d, b.keys, h.scale, ds.from(0), ds.row, h.k, h.widthQK, 0, dq[0], h.d, h.work)
	simd.Gemm(false, false, b.rows, h.d, b.keys, h.scale, ds.shifted(b.rows), ds.row+1, h.r[h.farthest(b)*h.widthQK:], h.widthQK, 0, dq[1], h.d, h.work)
	for i, bias := range [][]float32{grad.u, grad.w} {
		if bias != nil {
			simd.SumRows(bias[:h.d], dq[i][:b.rows*h.d], b.rows)
		}
	}
	if out != nil {
		for i := range b.rows {
			at := i * h.d
			simd.Add(out[(b.first+i)*row:][:h.d], dq[0][at:at+h.d], dq[1][at:at+h.d])
		}
	}
}
