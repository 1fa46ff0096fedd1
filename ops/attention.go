package ops

import (
	"fmt"
	"math"

	"autodropout/autograd"
	"autodropout/internal/parallel"
)

// AttentionSpec is how queries and keys are compared.
type AttentionSpec struct {
	Heads  int     // that the channels are divided among; 0 means 1
	Causal bool    // the last query sees all keys, each earlier one a key less
	Scale  float32 // of the scores; 0 means 1/sqrt(D)

	// Lengths has the number of keys of each example that are not padding, 1 to S: its
	// queries do not see the padding. nil means all S. It is read during the call only.
	Lengths []int

	// Mask is the dropout mask of the probabilities (N, heads, T, S). nil keeps all of them
	// unchanged.
	Mask Mask
}

// Attention returns softmax(scale * q*k') * v for each example and head (Vaswani
// et al., arXiv 1706.03762, equation 1). q is (N, T, heads*D), k (N, S, heads*D)
// and v (N, S, heads*E), with the channels of a head side by side; the result is
// (N, T, heads*E).
//
// The T*S probabilities of a head are never in memory together, neither now nor
// for the gradient, which computes them again (Dao et al., arXiv 2205.14135).
func Attention(q, k, v *autograd.Tensor, spec AttentionSpec) *autograd.Tensor {
	return newAttention("ops.Attention", q, k, v, spec).run(q, k, v)
}

// attention is one attention, and what its forward pass keeps.
type attention struct {
	name             string
	spec             AttentionSpec
	q, k, v          *autograd.Tensor
	r, u, w          *autograd.Tensor // of relative attention, otherwise nil
	n, heads         int
	t, s, d, e       int // queries, keys, their width, width of the values in a head
	widthQK, widthVO int // of all heads
	causal           bool
	scale            float32
	lengths          []int
	mask             Mask

	y      []float32
	rows   []float32 // (N, heads, T, 2): largest score, 1/sum of e**(score-largest)
	keep   []uint32  // (N, heads, T, S), nil without a mask
	factor float32
}

func newAttention(name string, q, k, v *autograd.Tensor, spec AttentionSpec) *attention {
	const want = "q (N, T, heads*D), k (N, S, heads*D) and v (N, S, heads*E), none empty,"
	heads := max(1, spec.Heads)
	if q.Rank() != 3 || k.Rank() != 3 || v.Rank() != 3 ||
		k.Dim(0) != q.Dim(0) || k.Dim(2) != q.Dim(2) || v.Dim(0) != q.Dim(0) || v.Dim(1) != k.Dim(1) ||
		q.Dim(2)%heads != 0 || v.Dim(2)%heads != 0 || spec.Heads < 0 || q.Len() == 0 || k.Len() == 0 || v.Len() == 0 {
		panic(autograd.NewShapeError(name, fmt.Sprintf("%s with %d heads", want, spec.Heads), q, k, v))
	}
	a := &attention{
		name: name, spec: spec, q: q, k: k, v: v,
		n: q.Dim(0), heads: heads, t: q.Dim(1), s: k.Dim(1), d: q.Dim(2) / heads, e: v.Dim(2) / heads,
		widthQK: q.Dim(2), widthVO: v.Dim(2),
		causal: spec.Causal, scale: spec.Scale, mask: spec.Mask, factor: 1,
	}
	if a.causal && a.t > a.s {
		panic(autograd.NewShapeError(name, "at least as many keys as queries for causal attention", q, k, v))
	}
	if a.scale == 0 {
		a.scale = float32(1 / math.Sqrt(float64(a.d)))
	}
	if spec.Lengths != nil {
		a.lengths = append(a.lengths, spec.Lengths...)
		a.checkLengths()
	}
	return a
}

func (a *attention) checkLengths() {
	ok := len(a.lengths) == a.n
	for _, length := range a.lengths {
		ok = ok && length >= 1 && length <= a.s
	}
	if !ok {
		panic(autograd.NewShapeError(a.name, fmt.Sprintf("one length of 1 to S keys for each example, not %v", a.lengths), a.q, a.k, a.v))
	}
}

// run records the attention of the inputs: q, k, v and, if it is relative, r, u
// and w.
func (a *attention) run(inputs ...*autograd.Tensor) *autograd.Tensor {
	return autograd.Do(autograd.Op{
		Name:        a.name,
		Inputs:      inputs,
		Spec:        &a.spec,
		Shape:       []int{a.n, a.t, a.widthVO},
		Saves:       inputs,
		SavesOutput: true,
		Forward: func(y *autograd.Output) {
			a.y = y.Data()
			a.rows = y.Keep(a.n * a.heads * a.t * 2)
			if a.mask != nil {
				a.keep = y.KeepBits(a.n * a.heads * a.t * a.s)
				a.factor = a.mask(a.keep)
			}
			parallel.ForScratch(a.n*a.heads, a.forwardScratch(), func(task int, scratch []float32) {
				h := a.head(task, scratch)
				h.forward()
			})
		},
		Backward: a.backward,
	})
}

func (a *attention) backward(g *autograd.Grad) {
	var grads [6][]float32 // in the order of the inputs
	for i := range 3 {
		if g.Needs(i) {
			grads[i] = g.New(i).Data()
		}
	}
	// Examples share r, u and w: each has sums of its own, added in order.
	var shared [3][]float32
	if a.r != nil {
		for i := range shared {
			if g.Needs(3 + i) {
				shared[i] = g.New(3 + i).Data()
				grads[3+i] = g.Scratch(a.n * len(shared[i]))
			}
		}
	}
	dy := g.Dy().Data()
	parallel.ForScratch(a.n*a.heads, a.backwardScratch(), func(task int, scratch []float32) {
		h := a.head(task, scratch)
		h.backward(dy[h.n*a.t*a.widthVO+h.h*a.e:], h.gradients(grads))
	})
	for i, sum := range shared {
		if sum != nil {
			addParts(sum, grads[3+i], a.n)
		}
	}
}

// visible returns how many keys query i of example n sees.
func (a *attention) visible(n, i int) int {
	keys := a.reach(i)
	if a.lengths != nil {
		keys = min(keys, a.lengths[n])
	}
	return keys
}

// reach returns how many keys query i sees where none is padding.
func (a *attention) reach(i int) int {
	if a.causal {
		return a.s - a.t + i + 1
	}
	return a.s
}
