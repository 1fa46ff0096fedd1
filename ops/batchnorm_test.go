package ops_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

func newStats(c int) ops.BatchNormStats {
	s := ops.BatchNormStats{Mean: make([]float32, c), Var: make([]float32, c)}
	for j := range c {
		s.Mean[j], s.Var[j] = 0.1*float32(j), 1+float32(j)
	}
	return s
}

// sparse is a mask of pseudo-random bits.
func sparse(keep []uint32) float32 {
	rng := rand.New(rand.NewPCG(5, uint64(len(keep))))
	for i := range keep {
		keep[i] = rng.Uint32() | rng.Uint32()
	}
	return 1.3
}

func itself(x *autograd.Tensor) *autograd.Tensor { return x }

// TestBatchNormReLUIsComposition wants of the fused operation the bits of those
// it fuses.
func TestBatchNormReLUIsComposition(t *testing.T) {
	testComposition(t, ops.BatchNormReLU, func(h *autograd.Tensor, mask ops.Mask) *autograd.Tensor {
		if h = ops.ReLU(h); mask != nil {
			h = ops.Dropout(h, mask)
		}
		return h
	})
}

// TestBatchNormSiLUIsComposition is the same with SiLU and GELU, which follow the mask.
func TestBatchNormSiLUIsComposition(t *testing.T) {
	behindMask := func(activation func(h *autograd.Tensor) *autograd.Tensor) func(h *autograd.Tensor, mask ops.Mask) *autograd.Tensor {
		return func(h *autograd.Tensor, mask ops.Mask) *autograd.Tensor {
			if mask != nil {
				h = ops.Dropout(h, mask)
			}
			return activation(h)
		}
	}
	testComposition(t, ops.BatchNormSiLU, behindMask(ops.SiLU))
	testComposition(t, ops.BatchNormGELU, behindMask(ops.GELU))
}

// testComposition compares a normalisation with the composition of another with then. x is used
// twice, so that the gradient is added to another, which is shared with a third
// tensor or is not.
func testComposition(t *testing.T, norm func(x, gamma, beta *autograd.Tensor, running ops.BatchNormStats, spec ops.BatchNormSpec, mask ops.Mask) *autograd.Tensor,
	then func(h *autograd.Tensor, mask ops.Mask) *autograd.Tensor) {
	t.Helper()
	for _, c := range []int{1, 3, 16, 33, 64, 1030} {
		for _, test := range []struct {
			train bool
			mask  func([]uint32) float32
			other func(x *autograd.Tensor) *autograd.Tensor
		}{{true, nil, itself}, {false, nil, ops.Neg}, {true, sparse, ops.Neg}, {true, sparse, itself}, {false, sparse, itself}} {
			train := test.train
			rng := rand.New(rand.NewPCG(7, uint64(c)))
			inputs := tensors{normal(rng, 5, 7, 9, c), normal(rng, c), normal(rng, c)}
			spec := ops.BatchNormSpec{Train: train}
			fused, composed := newStats(c), newStats(c)
			run := func(f func(in tensors) *autograd.Tensor) (y, grads []float32) {
				ps := params(inputs)
				tape := autograd.NewTape(ps)
				y, grads = step(tape, ps, f)
				tape.Commit()
				return y, grads
			}
			y, grads := run(func(in tensors) *autograd.Tensor {
				x, early := ops.Neg(in[0]), ops.Neg(in[0])
				h := norm(x, in[1], in[2], fused, spec, test.mask)
				return ops.Add(early, ops.Add(test.other(x), h))
			})
			wantY, wantGrads := run(func(in tensors) *autograd.Tensor {
				x, early := ops.Neg(in[0]), ops.Neg(in[0])
				alone := ops.Reshape(x, x.Shape()...) // so that the engine adds its gradient
				h := then(ops.BatchNorm(alone, in[1], in[2], composed, spec), test.mask)
				return ops.Add(early, ops.Add(test.other(x), h))
			})
			if !slices.Equal(y, wantY) {
				t.Errorf("%d channels, train %v: outputs differ", c, train)
			}
			if !slices.Equal(fused.Mean, composed.Mean) || !slices.Equal(fused.Var, composed.Var) {
				t.Errorf("%d channels, train %v: running statistics differ", c, train)
			}
			if !slices.Equal(grads, wantGrads) {
				t.Errorf("%d channels, train %v: gradients differ", c, train)
			}
		}
	}
}

// TestBatchNormAddReLUIsComposition wants of the fused operation the bits of those
// it fuses, with and without gradients of the residual.
func TestBatchNormAddReLUIsComposition(t *testing.T) {
	for _, c := range []int{1, 3, 16, 33, 64, 1030} {
		for _, train := range []bool{true, false} {
			for _, constant := range []bool{true, false} {
				rng := rand.New(rand.NewPCG(8, uint64(c)))
				inputs := tensors{normal(rng, 5, 7, 9, c), normal(rng, c), normal(rng, c), normal(rng, 5, 7, 9, c)}
				run := func(norm batchNormFunc) (y, grads []float32) {
					ps := params(inputs)
					return step(autograd.NewTape(ps), ps, func(in tensors) *autograd.Tensor {
						if constant {
							in[3] = inputs[3]
						}
						return norm(in, newStats(c), ops.BatchNormSpec{Train: train})
					})
				}
				y, grads := run(batchNormAddReLU)
				wantY, wantGrads := run(func(in tensors, running ops.BatchNormStats, spec ops.BatchNormSpec) *autograd.Tensor {
					return ops.ReLU(ops.Add(batchNorm(in, running, spec), in[3]))
				})
				if !slices.Equal(y, wantY) || !slices.Equal(grads, wantGrads) {
					t.Errorf("%d channels, train %v, constant residual %v: outputs or gradients differ", c, train, constant)
				}
			}
		}
	}
}

// TestBatchNormLargeMean wants accurate statistics where the mean is 10,000
// times the deviation.
func TestBatchNormLargeMean(t *testing.T) {
	const c, mean = 5, 1e4
	rng := rand.New(rand.NewPCG(8, 8))
	x := normal(rng, 4000, c)
	for i := range x.Data() {
		x.Data()[i] += mean
	}
	ones, zeros := autograd.FromSlice([]float32{1, 1, 1, 1, 1}, c), autograd.New(c)
	running := newStats(c)
	y := ops.BatchNorm(x, ones, zeros, running, ops.BatchNormSpec{Train: true, Momentum: 1})
	for j := range c {
		sum, squares := 0.0, 0.0
		for i := j; i < x.Len(); i += c {
			sum += float64(x.Data()[i]) - mean
			squares += (float64(x.Data()[i]) - mean) * (float64(x.Data()[i]) - mean)
		}
		wantMean, wantVar := mean+sum/4000, (squares-sum*sum/4000)/3999
		if math.Abs(float64(running.Mean[j])-wantMean) > 1e-3 || math.Abs(float64(running.Var[j])/wantVar-1) > 1e-5 {
			t.Errorf("channel %d: mean %v variance %v, want %v and %v", j, running.Mean[j], running.Var[j], wantMean, wantVar)
		}
		want := (float64(x.Data()[j]) - wantMean) / math.Sqrt(wantVar*3999/4000+1e-5)
		if math.Abs(float64(y.Data()[j])-want) > 2e-3 {
			t.Errorf("channel %d: output %v, want %v", j, y.Data()[j], want)
		}
	}
}

// TestBatchNormRunningStatistics follows the running statistics: committed with
// the step, dropped with an abandoned one, moved at once without a tape, left
// alone in prediction.
func TestBatchNormRunningStatistics(t *testing.T) {
	x := autograd.FromSlice([]float32{1, 2, 3, 6}, 4, 1)
	one, zero := autograd.FromSlice([]float32{1}, 1), autograd.New(1)
	running := ops.BatchNormStats{Mean: []float32{0}, Var: []float32{1}}
	check := func(when string, mean, variance float32) {
		t.Helper()
		if running.Mean[0] != mean || math.Abs(float64(running.Var[0]-variance)) > 1e-6 {
			t.Errorf("%s: mean %v variance %v, want %v and %v", when, running.Mean[0], running.Var[0], mean, variance)
		}
	}
	train := ops.BatchNormSpec{Train: true, Momentum: 0.5}
	tape := autograd.NewTape(&autograd.Params{})
	on := func(spec ops.BatchNormSpec) {
		ops.BatchNorm(tape.Input(x.Data(), 4, 1), one, zero, running, spec)
	}
	on(train)
	check("before Commit", 0, 1)
	tape.Reset()
	tape.Commit()
	check("after an abandoned step", 0, 1)
	on(train)
	tape.Commit()
	// mean 3, unbiased variance 14/3
	check("after Commit", 1.5, 0.5+7.0/3)
	tape.Reset()
	on(ops.BatchNormSpec{})
	tape.Commit()
	check("after prediction", 1.5, 0.5+7.0/3)
	ops.BatchNorm(x, one, zero, running, train)
	check("without a tape", 2.25, (0.5+7.0/3)/2+7.0/3)

	running = newStats(1)
	ps := params(tensors{x})
	tape = autograd.NewTape(ps)
	for _, hold := range []bool{false, true} {
		tape.Reset()
		tape.HoldEffects = hold
		tape.Backward(ops.Sum(ops.BatchNorm(tape.Use(ps.All()[0]), one, zero, running, train)))
		check("after Backward, and one more that holds effects", 1.5, 0.5+7.0/3)
	}
}

// TestBatchNormOfNone leaves running statistics alone: a batch of none has none.
func TestBatchNormOfNone(t *testing.T) {
	running := newStats(2)
	two := autograd.New(2)
	if y := ops.BatchNorm(autograd.New(0, 3, 2), two, two, running, ops.BatchNormSpec{Train: true}); y.Len() != 0 {
		t.Errorf("got %v", y)
	}
	if want := newStats(2); !slices.Equal(running.Mean, want.Mean) || !slices.Equal(running.Var, want.Var) {
		t.Errorf("the statistics are %v, want %v", running, want)
	}
}

func BenchmarkBatchNorm(b *testing.B) {
	for _, c := range []struct {
		name  string
		shape []int
	}{{"64x32x32x32", []int{64, 32, 32, 32}}, {"64x8x8x128", []int{64, 8, 8, 128}}} {
		for _, fused := range []bool{false, true} {
			name := c.name + "/composed"
			if fused {
				name = c.name + "/fused"
			}
			b.Run(name, func(b *testing.B) {
				rng := rand.New(rand.NewPCG(9, 9))
				channels := c.shape[3]
				ps := params(tensors{normal(rng, c.shape...), normal(rng, channels), normal(rng, channels)})
				tape := autograd.NewTape(ps)
				running := newStats(channels)
				spec := ops.BatchNormSpec{Train: true}
				b.SetBytes(int64(4 * ps.All()[0].Len()))
				for b.Loop() {
					tape.Reset()
					x, gamma, beta := tape.Use(ps.All()[0]), tape.Use(ps.All()[1]), tape.Use(ps.All()[2])
					if fused {
						tape.Backward(ops.Sum(ops.BatchNormReLU(x, gamma, beta, running, spec, nil)))
					} else {
						tape.Backward(ops.Sum(ops.ReLU(ops.BatchNorm(x, gamma, beta, running, spec))))
					}
				}
			})
		}
	}
}

// An empty batch has no gradient; it is zero, not a number that is none.
func TestBatchNormOfNothing(t *testing.T) {
	ps := &autograd.Params{}
	gamma, beta := ps.Add("gamma", 3), ps.Add("beta", 3)
	tape := autograd.NewTape(ps)
	y := ops.BatchNorm(tape.Input(nil, 0, 3), tape.Use(gamma), tape.Use(beta), newStats(3), ops.BatchNormSpec{Train: true})
	if grads := tape.Backward(ops.Sum(y)); !slices.Equal(grads, make([]float32, 6)) {
		t.Errorf("the gradient is %v", grads)
	}
}
