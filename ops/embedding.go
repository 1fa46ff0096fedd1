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
	if len(shape) == 0 {
		shape = []int{len(ids)}
	}
	places := 1
	for _, d := range shape {
		places *= d
	}
	if w.Rank() != 2 || places != len(ids) {
		panic(autograd.NewShapeError("ops.Embedding", fmt.Sprintf("w (V, D) and as many ids as shape %v has places; there are %d", shape, len(ids)), w))
	}
	vocabulary, d := w.Dim(0), w.Dim(1)
	checkRange("ops.Embedding", w, ids, vocabulary)
	return autograd.Do(autograd.Op{
		Name:   "ops.Embedding",
		Inputs: []*autograd.Tensor{w},
		Shape:  append(append([]int(nil), shape...), d),
		Forward: func(y *autograd.Tensor) {
			dst, src := y.Data(), w.Data()
			parallel.Range(len(ids), max(1, grain/max(1, d)), func(lo, hi int) {
				for i := lo; i < hi; i++ {
					copy(dst[i*d:(i+1)*d], src[ids[i]*d:])
				}
			})
		},
		Backward: func(g *autograd.Grad) {
			dw, dy := g.New(0).Data(), g.Dy().Data()
			// A task owns a range of the vocabulary and looks through all ids, so
			// that equal ids are added in their order.
			parallel.Range(vocabulary, max(1, ceilDiv(vocabulary, tasks)), func(lo, hi int) {
				clear(dw[lo*d : hi*d])
				for i, id := range ids {
					if lo <= id && id < hi {
						row := dw[id*d : (id+1)*d]
						simd.Add(row, row, dy[i*d:])
					}
				}
			})
		},
	})
}
