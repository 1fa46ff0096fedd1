package ops

import (
	"fmt"

	"autodropout/autograd"
)

// RelativeAttention returns the attention of Transformer-XL (Dai et al., arXiv
// 1901.02860, section 3.3 and appendix B), in which the score of a query and a
// key also depends on how far apart they are. For query i and key j of a head,
//
//	score(i, j) = scale * ((q[i] + u)*k[j] + (q[i] + w)*r[distance])
//	distance    = (S-T+i) - j
//
// It is causal, whatever the spec says: the T queries are at the last T of the S
// positions, behind S-T of memory, and see keys at distances of 0 and more.
//
// Shapes are those of [Attention]. r (S, heads*D) has the projected encodings of the
// distances S-1 down to 0, in this order; u and w, the biases of content and position, are
// (heads, D). The relative shift is done by addressing and copies nothing.
func RelativeAttention(q, k, v, r, u, w *autograd.Tensor, spec AttentionSpec) *autograd.Tensor {
	spec.Causal = true
	a := newAttention("ops.RelativeAttention", q, k, v, spec)
	if r.Rank() != 2 || r.Dim(0) != a.s || r.Dim(1) != a.widthQK {
		panic(autograd.NewShapeError(a.name, fmt.Sprintf("r (S, heads*D) = (%d, %d)", a.s, a.widthQK), r, q, k))
	}
	for _, bias := range []*autograd.Tensor{u, w} {
		if bias.Rank() != 2 || bias.Dim(0) != a.heads || bias.Dim(1) != a.d {
			panic(autograd.NewShapeError(a.name, fmt.Sprintf("u and w (heads, D) = (%d, %d)", a.heads, a.d), u, w, q))
		}
	}
	a.r, a.u, a.w = r, u, w
	return a.run(q, k, v, r, u, w)
}
