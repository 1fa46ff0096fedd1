package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"autodropout/autograd"
	"autodropout/gradcheck"
	"autodropout/ops"
	"autodropout/simd"
)

// attentionShape is one attention to try; t queries of width d and s keys in
// each of the heads, values of width e.
type attentionShape struct {
	n, heads, t, s, d, e int
	causal, relative     bool
	lengths              []int
	masked               bool
}

func (c attentionShape) inputs(rng *rand.Rand) tensors {
	in := tensors{normal(rng, c.n, c.t, c.heads*c.d), normal(rng, c.n, c.s, c.heads*c.d), normal(rng, c.n, c.s, c.heads*c.e)}
	if c.relative {
		in = append(in, normal(rng, c.s, c.heads*c.d), normal(rng, c.heads, c.d), normal(rng, c.heads, c.d))
	}
	return in
}

// keeps reports whether the mask of the tests keeps bit i.
func (c attentionShape) keeps(i int) bool { return !c.masked || (i*i+i/7)%5 != 0 }

const keptFactor = 1.25

func (c attentionShape) spec() ops.AttentionSpec {
	spec := ops.AttentionSpec{Heads: c.heads, Causal: c.causal, Lengths: c.lengths}
	if c.masked {
		spec.Mask = func(keep []uint32) float32 {
			clear(keep)
			for i := range 32 * len(keep) {
				if c.keeps(i) {
					keep[i/32] |= 1 << (i % 32)
				}
			}
			return keptFactor
		}
	}
	return spec
}

func (c attentionShape) fused() gradcheck.Func {
	if c.relative {
		return relativeCase(c.spec())
	}
	return attentionCase(c.spec())
}

// visible reports whether query i of example n sees key j.
func (c attentionShape) visible(n, i, j int) bool {
	return (!c.causal && !c.relative || j <= c.s-c.t+i) && (c.lengths == nil || j < c.lengths[n])
}

// composed is attention from elementary operations.
func (c attentionShape) composed(in tensors) *autograd.Tensor {
	var examples []*autograd.Tensor
	for n := range c.n {
		var outs []*autograd.Tensor
		for h := range c.heads {
			outs = append(outs, c.composedHead(in, n, h))
		}
		examples = append(examples, ops.Reshape(ops.Concat(1, outs...), 1, c.t, c.heads*c.e))
	}
	return ops.Concat(0, examples...)
}

func (c attentionShape) composedHead(in tensors, n, h int) *autograd.Tensor {
	head := func(x *autograd.Tensor, rows, width int) *autograd.Tensor {
		return ops.Reshape(ops.Slice(ops.Slice(x, 0, n, n+1), 2, h*width, (h+1)*width), rows, width)
	}
	q, k, v := head(in[0], c.t, c.d), head(in[1], c.s, c.d), head(in[2], c.s, c.e)
	var scores *autograd.Tensor
	if c.relative {
		bias := func(x *autograd.Tensor) *autograd.Tensor { return ops.Reshape(ops.Slice(x, 0, h, h+1), c.d) }
		r := ops.Slice(in[3], 1, h*c.d, (h+1)*c.d)
		scores = ops.Add(ops.MatMul(ops.AddBias(q, bias(in[4])), k, ops.MatMulSpec{TransB: true}),
			composedShift(ops.MatMul(ops.AddBias(q, bias(in[5])), r, ops.MatMulSpec{TransB: true})))
	} else {
		scores = ops.MatMul(q, k, ops.MatMulSpec{TransB: true})
	}
	hidden, kept := autograd.New(c.t, c.s), autograd.New(c.t, c.s)
	for i := range c.t {
		for j := range c.s {
			at := i*c.s + j
			if !c.visible(n, i, j) {
				hidden.Data()[at] = -1e9
			}
			if c.keeps((n*c.heads+h)*c.t*c.s + at) {
				kept.Data()[at] = 1
				if c.masked {
					kept.Data()[at] = keptFactor
				}
			}
		}
	}
	p := ops.Softmax(ops.Add(ops.Scale(scores, float32(1/math.Sqrt(float64(c.d)))), hidden))
	return ops.MatMul(ops.Mul(p, kept), v, ops.MatMulSpec{})
}

// composedShift moves row i of x (T, S) left by T-1-i elements, by a change of
// shape with a column more (Dai et al. 2019, appendix B).
func composedShift(x *autograd.Tensor) *autograd.Tensor {
	t, s := x.Dim(0), x.Dim(1)
	padded := ops.Concat(1, autograd.New(t, 1), x)
	return ops.Reshape(ops.Slice(ops.Reshape(padded, s+1, t), 0, 1, s+1), t, s)
}

// Shapes with one, two and three blocks of queries, ragged ones too.
var attentionShapes = []attentionShape{
	{n: 2, heads: 3, t: 7, s: 7, d: 5, e: 4},
	{n: 1, heads: 2, t: 1, s: 33, d: 8, e: 8, causal: true},
	{n: 2, heads: 2, t: 100, s: 131, d: 6, e: 3, causal: true, masked: true},
	{n: 3, heads: 2, t: 50, s: 41, d: 9, e: 17, lengths: []int{1, 20, 41}, masked: true},
	{n: 2, heads: 1, t: 60, s: 60, d: 16, e: 16, causal: true, lengths: []int{60, 30}},
	{n: 1, heads: 1, t: 1, s: 1, d: 3, e: 2, relative: true},
	{n: 2, heads: 3, t: 9, s: 14, d: 5, e: 4, relative: true},
	{n: 2, heads: 2, t: 100, s: 131, d: 6, e: 3, relative: true, masked: true},
	{n: 3, heads: 2, t: 98, s: 98, d: 38, e: 38, relative: true},
	{n: 2, heads: 2, t: 60, s: 75, d: 7, e: 5, relative: true, lengths: []int{8, 70}, masked: true},
}

// TestAttentionMatchesComposed compares with the same from elementary
// operations: the output, and the gradients of all inputs and of each alone.
func TestAttentionMatchesComposed(t *testing.T) {
	for _, c := range attentionShapes {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			inputs := c.inputs(rand.New(rand.NewPCG(8, 1)))
			ps := params(inputs)
			y, grads := step(autograd.NewTape(ps), ps, c.fused())
			wantY, wantGrads := step(autograd.NewTape(ps), ps, c.composed)
			compare(t, "y", y, widen(wantY))
			compare(t, "gradients", grads, widen(wantGrads))
			for i := range inputs {
				alone := func(f gradcheck.Func) []float32 {
					one := params(inputs[i : i+1])
					_, grads := step(autograd.NewTape(one), one, func(in tensors) *autograd.Tensor {
						all := append(tensors(nil), inputs...)
						all[i] = in[0]
						return f(all)
					})
					return grads
				}
				compare(t, fmt.Sprintf("gradient of input %d alone", i), alone(c.fused()), widen(alone(c.composed)))
			}
		})
	}
}

// TestAttentionMatchesLoops compares outputs with loops over queries and keys,
// which look up the distance of each pair.
func TestAttentionMatchesLoops(t *testing.T) {
	for _, c := range attentionShapes {
		in := c.inputs(rand.New(rand.NewPCG(8, 2)))
		var want []float64
		for n := range c.n {
			for i := range c.t {
				for h := range c.heads {
					want = append(want, c.loops(in, n, i, h)...)
				}
			}
		}
		compare(t, fmt.Sprintf("%+v", c), c.fused()(in).Data(), want)
	}
}

// loops returns the output of one query.
func (c attentionShape) loops(in tensors, n, i, h int) []float64 {
	at := func(x *autograd.Tensor, row, channel int) float64 {
		return float64(x.Data()[row*x.Dim(-1)+channel])
	}
	weights := make([]float64, c.s)
	total := 0.0
	for j := range weights {
		if !c.visible(n, i, j) {
			continue
		}
		score := 0.0
		for d := range c.d {
			q, k := at(in[0], n*c.t+i, h*c.d+d), at(in[1], n*c.s+j, h*c.d+d)
			if !c.relative {
				score += q * k
				continue
			}
			distance := c.s - c.t + i - j
			score += (q+at(in[4], h, d))*k + (q+at(in[5], h, d))*at(in[3], c.s-1-distance, h*c.d+d)
		}
		weights[j] = math.Exp(score / math.Sqrt(float64(c.d)))
		total += weights[j]
	}
	out := make([]float64, c.e)
	for j, weight := range weights {
		if !c.keeps(((n*c.heads+h)*c.t+i)*c.s + j) {
			continue
		}
		if c.masked {
			weight *= keptFactor
		}
		for e := range out {
			out[e] += weight / total * at(in[2], n*c.s+j, h*c.e+e)
		}
	}
	return out
}

// Large scores must not overflow, nor must -Inf for a single key.
func TestAttentionOfLargeScores(t *testing.T) {
	q, k := autograd.FromSlice([]float32{1000}, 1, 1, 1), autograd.FromSlice([]float32{1000, 999, float32(math.Inf(-1))}, 1, 3, 1)
	v := autograd.FromSlice([]float32{3, 5, 7}, 1, 3, 1)
	if y := ops.Attention(q, k, v, ops.AttentionSpec{}).Item(); y != 3 {
		t.Errorf("got %g, want the value of the key with the largest score, 3", y)
	}
}

func widen(x []float32) []float64 {
	wide := make([]float64, len(x))
	for i, v := range x {
		wide[i] = float64(v)
	}
	return wide
}

// BenchmarkAttention measures the attention of a Transformer-XL on Penn
// Treebank and WikiText-2 and of a translator. GFLOPS counts the products of
// queries with the keys they see, and of these with values, once; both
// gradients of a product count as much again each.
func BenchmarkAttention(b *testing.B) {
	for _, c := range []struct {
		name string
		attentionShape
	}{
		{"ptb", attentionShape{n: 10, heads: 10, t: 140, s: 140, d: 38, e: 38, relative: true}},
		{"wt2", attentionShape{n: 8, heads: 10, t: 150, s: 300, d: 40, e: 40, relative: true}},
		{"iwslt", attentionShape{n: 64, heads: 4, t: 28, s: 28, d: 128, e: 128}},
		{"iwsltCausal", attentionShape{n: 64, heads: 4, t: 28, s: 28, d: 128, e: 128, causal: true}},
		{"ptbPlain", attentionShape{n: 10, heads: 10, t: 140, s: 140, d: 38, e: 38, causal: true}},
	} {
		for _, masked := range []bool{false, true} {
			c.masked = masked
			inputs := c.inputs(rand.New(rand.NewPCG(8, 3)))
			ps := params(inputs)
			f := c.benchmarked()
			b.Run(fmt.Sprintf("shape=%s/masked=%t/pass=forward", c.name, masked), func(b *testing.B) {
				tape := autograd.NewInference()
				for b.Loop() {
					tape.Reset()
					in := make(tensors, len(inputs))
					for i, x := range inputs {
						in[i] = tape.Input(x.Data(), x.Shape()...)
					}
					f(in)
				}
				reportFlops(b, c.flops())
			})
			b.Run(fmt.Sprintf("shape=%s/masked=%t/pass=both", c.name, masked), func(b *testing.B) {
				tape := autograd.NewTape(ps)
				for b.Loop() {
					tape.Reset()
					in := make(tensors, len(inputs))
					for i, p := range ps.All() {
						in[i] = tape.Use(p)
					}
					tape.Backward(ops.Sum(f(in)))
				}
				reportFlops(b, 3*c.flops())
			})
		}
	}
}

// reportFlops reports the speed of a benchmark of so many flops an iteration,
// also in percent of the multiply-adds that one core can do.
func reportFlops(b *testing.B, flops float64) {
	speed := flops * float64(b.N) / b.Elapsed().Seconds()
	ceiling := 0.0
	for range 100 {
		start := time.Now()
		ceiling = max(ceiling, float64(simd.FMALoop(10_000))/time.Since(start).Seconds())
	}
	b.ReportMetric(speed/1e9, "GFLOPS")
	b.ReportMetric(100*speed/ceiling, "%ceiling")
}

// benchmarked is fused, with a mask that costs next to nothing.
func (c attentionShape) benchmarked() gradcheck.Func {
	if !c.masked {
		return c.fused()
	}
	spec := c.spec()
	spec.Mask = func(keep []uint32) float32 {
		for i := range keep {
			keep[i] = 0xb7fdebf7
		}
		return keptFactor
	}
	if c.relative {
		return relativeCase(spec)
	}
	return attentionCase(spec)
}

func (c attentionShape) flops() float64 {
	pairs := 0
	for i := range c.t {
		for j := range c.s {
			if c.visible(0, i, j) {
				pairs++
			}
		}
	}
	width := c.d + c.e
	if c.relative {
		width += c.d
	}
	return 2 * float64(c.n*c.heads*pairs*width)
}
