package ops

import (
	"math"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// AttentionSpec is how queries and keys are compared.
type AttentionSpec struct {
	Causal bool    // the last query sees all keys, each earlier one a key less
	Scale  float32 // of the scores; 0 means 1/sqrt(D)
}

// Attention returns softmax(scale * q*k') * v for each example and head (Vaswani
// et al. 2017, equation 1). q is (N, heads, T, D), k (N, heads, S, D) and v
// (N, heads, S, E); the result is (N, heads, T, E).
func Attention(q, k, v *autograd.Tensor, spec AttentionSpec) *autograd.Tensor {
	a := newAttention(q, k, v, spec)
	return autograd.Do(autograd.Op{
		Name:     "ops.Attention",
		Inputs:   []*autograd.Tensor{q, k, v},
		Shape:    []int{q.Dim(0), q.Dim(1), a.t, a.e},
		Saves:    []*autograd.Tensor{q, k, v},
		Forward:  a.forward,
		Backward: a.backward,
	})
}

// attention is one attention, and what its forward pass keeps.
type attention struct {
	q, k, v    *autograd.Tensor
	heads      int // of all examples
	t, s, d, e int // queries, keys, their width, width of the values
	causal     bool
	scale      float32
	probs      []float32 // (heads, T, S)
}

func newAttention(q, k, v *autograd.Tensor, spec AttentionSpec) *attention {
	const want = "q (N, heads, T, D), k (N, heads, S, D) and v (N, heads, S, E)"
	if q.Rank() != 4 || k.Rank() != 4 || v.Rank() != 4 {
		panic(autograd.NewShapeError("ops.Attention", want, q, k, v))
	}
	for i, other := range []*autograd.Tensor{k, v} {
		if other.Dim(0) != q.Dim(0) || other.Dim(1) != q.Dim(1) || other.Dim(2) != k.Dim(2) || (i == 0 && other.Dim(3) != q.Dim(3)) {
			panic(autograd.NewShapeError("ops.Attention", want, q, k, v))
		}
	}
	if spec.Causal && q.Dim(2) > k.Dim(2) {
		panic(autograd.NewShapeError("ops.Attention", "at least as many keys as queries for causal attention", q, k, v))
	}
	a := &attention{
		q: q, k: k, v: v,
		heads: q.Dim(0) * q.Dim(1), t: q.Dim(2), s: k.Dim(2), d: q.Dim(3), e: v.Dim(3),
		causal: spec.Causal, scale: spec.Scale,
	}
	if a.scale == 0 {
		a.scale = float32(1 / math.Sqrt(float64(a.d)))
	}
	return a
}

// visible returns how many keys query i sees.
func (a *attention) visible(i int) int {
	if a.causal {
		return a.s - a.t + i + 1
	}
	return a.s
}

func (a *attention) forward(y *autograd.Tensor) {
	t, s, d, e := a.t, a.s, a.d, a.e
	a.probs = y.Keep(a.heads * t * s)
	out, q, k, v := y.Data(), a.q.Data(), a.k.Data(), a.v.Data()
	parallel.ForScratch(a.heads, max(simd.GemmWork(t, s, d), simd.GemmWork(t, e, s)), func(h int, work []float32) {
		probs := a.probs[h*t*s : (h+1)*t*s]
		simd.Gemm(false, true, t, s, d, a.scale, q[h*t*d:], d, k[h*s*d:], d, 0, probs, s, work)
		for i := range t {
			row, n := probs[i*s:(i+1)*s], a.visible(i)
			simd.SoftmaxRow(row[:n], row[:n])
			clear(row[n:])
		}
		simd.Gemm(false, false, t, e, s, 1, probs, s, v[h*s*e:], e, 0, out[h*t*e:], e, work)
	})
}

func (a *attention) backward(g *autograd.Grad) {
	t, s, d, e := a.t, a.s, a.d, a.e
	var grads [3][]float32
	for i := range grads {
		if g.Needs(i) {
			grads[i] = g.New(i).Data()
		}
	}
	dq, dk, dv := grads[0], grads[1], grads[2]
	dy, q, k, v := g.Dy().Data(), a.q.Data(), a.k.Data(), a.v.Data()
	work := max(simd.GemmWork(t, s, e), simd.GemmWork(s, e, t), simd.GemmWork(t, d, s), simd.GemmWork(s, d, t))
	parallel.ForScratch(a.heads, t*s+work, func(h int, scratch []float32) {
		scores, work := scratch[:t*s], scratch[t*s:]
		probs := a.probs[h*t*s : (h+1)*t*s]
		if dv != nil {
			simd.Gemm(true, false, s, e, t, 1, probs, s, dy[h*t*e:], e, 0, dv[h*s*e:], e, work)
		}
		if dq == nil && dk == nil {
			return
		}
		simd.Gemm(false, true, t, s, e, 1, dy[h*t*e:], e, v[h*s*e:], e, 0, scores, s, work)
		for i := range t {
			row, n := scores[i*s:(i+1)*s], a.visible(i)
			softmaxGrad(row[:n], row[:n], probs[i*s:])
			clear(row[n:])
		}
		if dq != nil {
			simd.Gemm(false, false, t, d, s, a.scale, scores, s, k[h*s*d:], d, 0, dq[h*t*d:], d, work)
		}
		if dk != nil {
			simd.Gemm(true, false, s, d, t, a.scale, scores, s, q[h*t*d:], d, 0, dk[h*s*d:], d, work)
		}
	})
}
