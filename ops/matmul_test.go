package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

// TestMatMulLarge compares products that are cut into blocks and parts with
// float64 sums, on one worker and on several.
func TestMatMulLarge(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, workers := range []int{1, 3} {
		runtime.GOMAXPROCS(workers)
		t.Run(fmt.Sprint(workers, " workers"), testMatMulLarge)
	}
}

func testMatMulLarge(t *testing.T) {
	for _, c := range []struct {
		m, n, k        int
		transA, transB bool
	}{
		{1, 1, 1, false, false},
		{700, 33, 20, false, false},
		{20, 33, 1700, true, false},
		{193, 513, 7, false, true},
		{2, 1300, 0, false, false},
		{100, 140, 300, true, true},
		{3000, 17, 9, false, false}, // the gradient of b is cut into parts
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(4, 4))
			shapeA, shapeB := []int{c.m, c.k}, []int{c.k, c.n}
			rowA, colA, rowB, colB := c.k, 1, c.n, 1
			if c.transA {
				shapeA, rowA, colA = []int{c.k, c.m}, 1, c.m
			}
			if c.transB {
				shapeB, rowB, colB = []int{c.n, c.k}, 1, c.k
			}
			ps := params(tensors{normal(rng, shapeA...), normal(rng, shapeB...)})
			tape := autograd.NewTape(ps)
			a, b := ps.All()[0].Data(), ps.All()[1].Data()
			y := ops.MatMul(tape.Use(ps.All()[0]), tape.Use(ps.All()[1]), ops.MatMulSpec{TransA: c.transA, TransB: c.transB})
			dy := normal(rng, c.m, c.n)
			grads := tape.Backward(ops.Sum(ops.Mul(y, dy)))

			want, wantGrads := make([]float64, c.m*c.n), make([]float64, ps.Len())
			for i := range c.m {
				for j := range c.n {
					d := float64(dy.Data()[i*c.n+j])
					for p := range c.k {
						u, v := i*rowA+p*colA, p*rowB+j*colB
						want[i*c.n+j] += float64(a[u]) * float64(b[v])
						wantGrads[u] += d * float64(b[v])
						wantGrads[len(a)+v] += d * float64(a[u])
					}
				}
			}
			compare(t, "y", y.Data(), want)
			compare(t, "gradients", grads, wantGrads)
		})
	}
}

// TestLinearBias compares the bias added to blocks with one added afterwards, on
// one worker and on several, with parameters that may change and frozen ones.
func TestLinearBias(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, c := range []struct{ rows, in, out int }{{1, 3, 2}, {33, 0, 5}, {2, 0, 1300}, {2, 5, 0}, {0, 5, 3}, {210, 301, 530}, {1030, 64, 20}} {
		tape := autograd.NewInference()
		input := func(shape ...int) *autograd.Tensor {
			x := normal(rng, shape...)
			return tape.Input(x.Data(), shape...)
		}
		x, w, b := input(c.rows, c.in), input(c.out, c.in), input(c.out)
		want := ops.AddBias(ops.MatMul(x, w, ops.MatMulSpec{TransB: true}), b).Data()
		ps := params(tensors{w, b})
		frozen := autograd.NewFrozen(ps)
		for _, workers := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(workers)
			kept := frozen.NewInference()
			for _, got := range []*autograd.Tensor{ops.Linear(x, w, b), ops.Linear(kept.Input(x.Data(), c.rows, c.in), kept.Use(ps.All()[0]), kept.Use(ps.All()[1]))} {
				for i, y := range got.Data() {
					if math.Float32bits(y) != math.Float32bits(want[i]) {
						t.Fatalf("%v, %d workers: element %d is %g, want %g", c, workers, i, y, want[i])
					}
				}
			}
		}
	}
}

// TestPackedInParts compares bits of products whose packed matrices are too large
// to be in memory at once, on one worker and on several.
func TestPackedInParts(t *testing.T) {
	skipLarge(t)
	rng := rand.New(rand.NewPCG(4, 6))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, c := range []struct{ rows, in, out int }{{200, 401, 6007}, {260, 9001, 230}} {
		ps := params(tensors{normal(rng, c.rows, c.in), normal(rng, c.out, c.in), normal(rng, c.out)})
		var wantY, want []float32
		for _, workers := range []int{1, 2} {
			runtime.GOMAXPROCS(workers)
			y, grads := step(autograd.NewTape(ps), ps, func(in tensors) *autograd.Tensor { return ops.Linear(in[0], in[1], in[2]) })
			if want == nil {
				wantY, want = y, grads
			} else if !slices.Equal(y, wantY) || !slices.Equal(grads, want) {
				t.Errorf("%v: %d workers give other bits than one", c, workers)
			}
		}
	}
}

// skipLarge ends a test whose size only decides how work is cut. That is the same on
// every processor, and emulators take minutes for it.
func skipLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out how large work is cut")
	}
}

// BenchmarkLinear measures the products of a Transformer-XL on Penn Treebank
// (10 x 70 words), forward and with both gradients.
func BenchmarkLinear(b *testing.B) {
	for _, c := range []struct{ rows, in, out int }{{700, 380, 900}, {700, 380, 10000}} {
		b.Run(fmt.Sprintf("%dx%dx%d", c.rows, c.in, c.out), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(4, 4))
			ps := params(tensors{normal(rng, c.rows, c.in), normal(rng, c.out, c.in), normal(rng, c.out)})
			tape := autograd.NewTape(ps)
			for b.Loop() {
				tape.Reset()
				y := ops.Linear(tape.Use(ps.All()[0]), tape.Use(ps.All()[1]), tape.Use(ps.All()[2]))
				tape.Backward(ops.Sum(y))
			}
			flops := 6 * float64(c.rows*c.in*c.out)
			b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
		})
	}
}

// TestProductsAddGradients wants of products that add to the gradient of another
// use, which is shared with a third tensor or is not, the bits of the engine's sum.
func TestProductsAddGradients(t *testing.T) {
	weights := map[string][]int{"Linear/noBias": {8, 8}, "Conv2D/pointwise": {1, 1, 8, 8}}
	for op, shape := range weights {
		for _, other := range []func(x *autograd.Tensor) *autograd.Tensor{itself, ops.Neg} {
			rng := rand.New(rand.NewPCG(9, 1))
			inputs := tensors{normal(rng, 5, 7, 9, 8), normal(rng, shape...)}
			grads := func(alone func(x *autograd.Tensor) *autograd.Tensor) []float32 {
				ps := params(inputs)
				_, grads := step(autograd.NewTape(ps), ps, func(in tensors) *autograd.Tensor {
					x := ops.Neg(in[0])
					return ops.Add(goldenCases[op](tensors{alone(x), in[1]}), other(x))
				})
				return grads
			}
			want := grads(func(x *autograd.Tensor) *autograd.Tensor { return ops.Reshape(x, x.Shape()...) })
			if !slices.Equal(grads(itself), want) {
				t.Errorf("%s: gradients differ", op)
			}
		}
	}
}
