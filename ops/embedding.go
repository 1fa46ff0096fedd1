package ops

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// Embedding looks up rows of w (V, D): the result (shape..., D) holds row
// ids[i] at place i. Without a shape it is (len(ids), D).
func Embedding(w *autograd.Tensor, ids []int, shape ...int) *autograd.Tensor {
	return embedding("ops.Embedding", w, nil, ids, shape)
}

// EmbeddingDropout is Embedding of w after [Dropout] with the mask, of which it
// only computes the rows that are looked up.
func EmbeddingDropout(w *autograd.Tensor, mask Mask, ids []int, shape ...int) *autograd.Tensor {
	return embedding("ops.EmbeddingDropout", w, mask, ids, shape)
}

func embedding(name string, w *autograd.Tensor, mask Mask, ids, shape []int) *autograd.Tensor {
	if len(shape) == 0 {
		shape = []int{len(ids)}
	}
	places := 1
	for _, d := range shape {
		places *= d
	}
	if w.Rank() != 2 || places != len(ids) {
		panic(autograd.NewShapeError(name, fmt.Sprintf("w (V, D) and as many ids as shape %v has places; there are %d", shape, len(ids)), w))
	}
	vocabulary, d := w.Dim(0), w.Dim(1)
	checkRange(name, w, ids, vocabulary)
	var kept keptRows
	return autograd.Do(autograd.Op{
		Name:   name,
		Inputs: []*autograd.Tensor{w},
		Spec:   IDs(ids),
		Shape:  append(append([]int(nil), shape...), d),
		Forward: func(y *autograd.Output) {
			if mask != nil {
				kept = keptRows{keep: y.KeepBits(w.Len()), width: d}
				kept.factor = mask(kept.keep)
			}
			dst, src := y.Data(), w.Data()
			parallel.Range(len(ids), max(1, grain/max(1, d)), func(lo, hi int) {
				for i := lo; i < hi; i++ {
					kept.apply(dst[i*d:(i+1)*d], src[ids[i]*d:], ids[i])
				}
			})
		},
		Backward: func(g *autograd.Grad) {
			dw, beta := addInPlace(g, 0)
			dy := g.Dy().Data()
			// A task owns a range of the vocabulary and looks through all ids, so
			// that equal ids are added in their order.
			parallel.EachRange(vocabulary, max(1, ceilDiv(vocabulary, tasks)), d, &kept, func(kept *keptRows, lo, hi int, masked []float32) {
				if beta == 0 {
					clear(dw[lo*d : hi*d])
				}
				for i, id := range ids {
					if lo <= id && id < hi {
						row := dw[id*d : (id+1)*d]
						kept.apply(masked, dy[i*d:], id)
						simd.Add(row, row, masked)
					}
				}
			})
		},
	})
}

// keptRows is the mask of a table; the zero value keeps everything.
type keptRows struct {
	keep   []uint32
	width  int // of a row
	factor float32
}

// apply sets dst to src with the mask of a row.
func (k keptRows) apply(dst, src []float32, row int) {
	if k.keep == nil {
		copy(dst, src)
		return
	}
	var bits [16]uint32
	const most = 32 * len(bits)
	for lo := 0; lo < len(dst); lo += most {
		n := min(most, len(dst)-lo)
		k.bits(bits[:ceilDiv(n, 32)], row*k.width+lo)
		simd.MaskScale(dst[lo:lo+n], src[lo:lo+n], bits[:], k.factor)
	}
}

// bits copies the bits from the first on.
func (k keptRows) bits(dst []uint32, first int) {
	words, shift := k.keep[first/32:], first%32
	for i := range dst {
		dst[i] = words[i] >> shift
		if shift > 0 && i+1 < len(words) {
			dst[i] |= words[i+1] << (32 - shift)
		}
	}
}
