package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// softmaxSizes are lengths of rows with every remainder, and of several blocks.
func softmaxSizes() []int {
	sizes := []int{140, 300, softmaxBlock - 1, softmaxBlock, 2*softmaxBlock + 21}
	for n := range 70 {
		sizes = append(sizes, n)
	}
	return sizes
}

// attentionRow is what the kernels of attention see of a row, between canaries.
type attentionRow struct {
	x, dp []float32 // each with gap canaries on both sides
	n     int
	keep  []uint32
	from  int
}

func newAttentionRow(n, from int, masked, special bool) attentionRow {
	rng := rand.New(rand.NewPCG(uint64(n), uint64(from)))
	r := attentionRow{x: make([]float32, n+2*gap), dp: make([]float32, n+2*gap), n: n, from: from}
	for i := range r.x {
		r.x[i], r.dp[i] = 5*float32(rng.NormFloat64()), float32(rng.NormFloat64())
		if special && rng.IntN(8) == 0 {
			r.x[i], r.dp[i] = specials[rng.IntN(len(specials))], float32(math.NaN())
		}
	}
	if masked {
		r.keep = make([]uint32, maskWords(from+n))
		for i := range r.keep {
			r.keep[i] = rng.Uint32()
		}
	}
	return r
}

// run computes weights and then, from the same scores, gradients.
func (r attentionRow) run(tier Tier) (weights, p, dp []float32, largest, sum float32) {
	before := Active()
	defer setTier(before)
	setTier(tier)
	weights, p, dp = append(weights, r.x...), append(p, r.x...), append(dp, r.dp...)
	inner := func(x []float32) []float32 { return x[gap:][:r.n:r.n] }
	largest, sum = SoftmaxWeights(inner(weights), r.keep, r.from)
	SoftmaxWeightsBackward(inner(p), inner(dp), largest, 1/sum, 0.3, r.keep, r.from)
	return weights, p, dp, largest, sum
}

// Every tier gives what the portable code gives, except for fused products and
// numbers below the smallest normal one, and touches nothing else.
func TestSoftmaxWeightsMatchGeneric(t *testing.T) {
	for _, n := range softmaxSizes() {
		for _, from := range []int{0, 1, 31, 32, 77} {
			for _, masked := range []bool{false, true} {
				for _, special := range []bool{false, true} {
					r := newAttentionRow(n, from, masked, special)
					wantWeights, wantP, wantDp, wantLargest, wantSum := r.run(Generic)
					for _, tier := range supportedTiers() {
						weights, p, dp, largest, sum := r.run(tier)
						if !sameBits(largest+0, wantLargest+0) || !nearly(sum, wantSum) {
							t.Fatalf("%d elements on %s: largest %g, sum %g; want %g, %g", n, tier, largest, sum, wantLargest, wantSum)
						}
						for _, got := range []struct {
							name      string
							got, want []float32
						}{{"weights", weights, wantWeights}, {"probabilities", p, wantP}, {"gradient", dp, wantDp}} {
							for i := range got.want {
								if outside := i < gap || i >= gap+n; outside && !sameBits(got.got[i], got.want[i]) || !nearly(got.got[i], got.want[i]) {
									t.Fatalf("%d elements from bit %d, masked %t, special values %t, on %s: %s %d is %g, want %g",
										n, from, masked, special, tier, got.name, i-gap, got.got[i], got.want[i])
								}
							}
						}
					}
				}
			}
		}
	}
}

func nearly(x, y float32) bool {
	return sameBits(x, y) || math.Abs(float64(x)-float64(y)) <= 1e-6*math.Abs(float64(y))+2e-38
}

// The portable code does what the documentation says, to within rounding.
func TestSoftmaxWeightsMatchDefinition(t *testing.T) {
	for _, n := range softmaxSizes() {
		r := newAttentionRow(n, 7, n%2 == 1, false)
		weights, p, dp, largest, sum := r.run(Generic)
		wantLargest, wantSum := math.Inf(-1), 0.0
		for _, v := range r.x[gap:][:n] {
			wantLargest = max(wantLargest, float64(v))
		}
		for _, v := range r.x[gap:][:n] {
			wantSum += math.Exp(float64(v) - wantLargest)
		}
		near := func(what string, got float32, want float64) {
			t.Helper()
			if !(math.Abs(float64(got)-want) <= 2e-6*(1e-3+math.Abs(want))) && float64(got) != want {
				t.Fatalf("%d elements: %s is %g, want %g", n, what, got, want)
			}
		}
		near("largest", largest, wantLargest)
		near("sum", sum, wantSum)
		for i := range n {
			e := math.Exp(float64(r.x[gap+i]) - wantLargest)
			kept := 1.0
			if r.keep != nil && r.keep[(7+i)/32]>>((7+i)%32)&1 == 0 {
				kept = 0
			}
			near("weight", weights[gap+i], kept*e)
			near("probability", p[gap+i], kept*e/wantSum)
			near("gradient", dp[gap+i], e/wantSum*(kept*float64(r.dp[gap+i])-float64(float32(0.3))))
		}
	}
}

func TestSoftmaxDoesNotAllocate(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		x, keep := make([]float32, 100), make([]uint32, 5)
		if n := testing.AllocsPerRun(10, func() {
			SoftmaxRow(x, x)
			SoftmaxWeights(x, keep, 3)
			SoftmaxWeightsBackward(x, x, 1, 1, 1, keep, 3)
		}); n != 0 {
			t.Errorf("the kernels of the softmax allocate %g times", n)
		}
	})
}

// BenchmarkSoftmaxWeights is for rows of attention.
func BenchmarkSoftmaxWeights(b *testing.B) {
	x, dp, keep := make([]float32, 140), make([]float32, 140), make([]uint32, 6)
	b.Run("forward", func(b *testing.B) {
		for b.Loop() {
			SoftmaxWeights(x, nil, 0)
		}
	})
	b.Run("forwardMask", func(b *testing.B) {
		for b.Loop() {
			SoftmaxWeights(x, keep, 11)
		}
	})
	b.Run("backward", func(b *testing.B) {
		for b.Loop() {
			SoftmaxWeightsBackward(x, dp, 0, 1, 0, nil, 0)
		}
	})
	b.Run("backwardMask", func(b *testing.B) {
		for b.Loop() {
			SoftmaxWeightsBackward(x, dp, 0, 1, 0, keep, 11)
		}
	})
}
