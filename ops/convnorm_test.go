package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/gradcheck"
	"autodropout/internal/golden"
	"autodropout/ops"
)

// convNormGeometries are the ways in which convolutions are computed: pointwise, dense, gathered,
// Winograd's and depthwise, with rows of one piece and of several.
var convNormGeometries = []struct {
	x, w []int
	spec ops.ConvSpec
}{
	{[]int{2, 5, 7, 24}, []int{1, 1, 24, 16}, ops.ConvSpec{}},
	{[]int{3, 9, 9, 70}, []int{1, 1, 70, 1100}, ops.ConvSpec{}},
	{[]int{2, 9, 8, 5}, []int{1, 1, 5, 33}, ops.ConvSpec{Stride: 2}},
	{[]int{2, 9, 8, 3}, []int{7, 7, 3, 19}, ops.ConvSpec{Stride: 2, Pad: 3}},
	{[]int{2, 9, 8, 32}, []int{3, 3, 32, 40}, ops.ConvSpec{Pad: 1}},
	{[]int{2, 9, 8, 24}, []int{5, 5, 1, 24}, ops.ConvSpec{Pad: 2, Groups: 24}},
	{[]int{0, 9, 8, 24}, []int{1, 1, 24, 8}, ops.ConvSpec{}},
	{[]int{40, 9, 8, 160}, []int{3, 3, 160, 168}, ops.ConvSpec{Stride: 2, Pad: 1}},
	{[]int{1, 41, 38, 32}, []int{3, 3, 32, 40}, ops.ConvSpec{Pad: 1}},
	{[]int{1, 9, 8, 200}, []int{3, 3, 200, 208}, ops.ConvSpec{Pad: 1}},
	{[]int{1, 41, 38, 192}, []int{3, 3, 192, 176}, ops.ConvSpec{Pad: 1}},
	{[]int{2, 9, 8, 12}, []int{3, 3, 6, 10}, ops.ConvSpec{Pad: 1, Groups: 2}},
}

// TestConvBatchNormIsComposition wants the bits of the operations one by one, on any number of cores.
func TestConvBatchNormIsComposition(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, g := range convNormGeometries {
		rng := rand.New(rand.NewPCG(3, 4))
		c := g.w[3]
		x, w, gamma, beta := normal(rng, g.x...), normal(rng, g.w...), normal(rng, c), normal(rng, c)
		large := x.Len() > 1<<16 // it is about the parts into which much work is cut
		if large && testing.Short() {
			continue
		}
		running := newStats(c)
		for i := range running.Mean {
			running.Mean[i], running.Var[i] = float32(rng.NormFloat64()), 0.1+rng.Float32()
		}
		f := freeze(w, gamma, beta)
		conv := ops.Conv2D(x, w, g.spec)
		residual := normal(rng, conv.Shape()...)
		ends := []ops.ConvEnd{{residual, ops.WithReLU}, {}, {Activation: ops.WithReLU}, {Activation: ops.WithSiLU}, {Residual: residual}, {residual, ops.WithSiLU}, {Activation: ops.WithGELU}, {residual, ops.WithGELU}}
		if large {
			ends = ends[:1]
		}
		for _, end := range ends {
			want := ops.BatchNorm(conv, gamma, beta, running, ops.BatchNormSpec{Eps: 1e-3})
			if end.Residual != nil {
				want = ops.Add(want, residual)
			}
			switch end.Activation {
			case ops.WithReLU:
				want = ops.ReLU(want)
			case ops.WithSiLU:
				want = ops.SiLU(want)
			case ops.WithGELU:
				want = ops.GELU(want)
			}
			for _, cores := range []int{1, 2, 7} {
				runtime.GOMAXPROCS(cores)
				for frozen, got := range []*autograd.Tensor{
					ops.ConvBatchNorm(x, w, gamma, beta, running, g.spec, ops.BatchNormSpec{Eps: 1e-3}, end),
					f.convBatchNorm(x, running, g.spec, end), // makes the forms of the parameters
					f.convBatchNorm(x, running, g.spec, end), // finds them
				} {
					if !slices.Equal(got.Shape(), want.Shape()) || !slices.Equal(got.Data(), want.Data()) {
						t.Errorf("%v, %v, activation %d, residual %v, %d cores, %d times frozen: other bits than the operations one by one", g.x, g.w, end.Activation, end.Residual != nil, cores, frozen)
					}
				}
			}
		}
	}
}

// frozen are parameters of a convolution and its normalisation that do not change.
type frozen struct {
	*autograd.Frozen
	w, gamma, beta *autograd.Param
}

func freeze(ts ...*autograd.Tensor) frozen {
	ps := &autograd.Params{}
	for i, x := range ts {
		copy(ps.Add(fmt.Sprint(i), x.Shape()...).Data(), x.Data())
	}
	f := frozen{Frozen: autograd.NewFrozen(ps)}
	f.w, f.gamma, f.beta = ps.All()[0], ps.All()[1], ps.All()[2]
	return f
}

func (f frozen) convBatchNorm(x *autograd.Tensor, running ops.BatchNormStats, spec ops.ConvSpec, end ops.ConvEnd) *autograd.Tensor {
	tape := f.NewInference()
	return ops.ConvBatchNorm(x, tape.Use(f.w), tape.Use(f.gamma), tape.Use(f.beta), running, spec, ops.BatchNormSpec{Eps: 1e-3}, end)
}

// TestFormsOfOneScale has normalisations with one gamma that differ in all else.
func TestFormsOfOneScale(t *testing.T) {
	const c = 8
	rng := rand.New(rand.NewPCG(7, 8))
	x, w, gamma, beta := normal(rng, 2, 5, 6, c), normal(rng, 1, 1, c, c), normal(rng, c), normal(rng, c)
	f := freeze(w, gamma, beta)
	running := []ops.BatchNormStats{newStats(c), newStats(c), newStats(c)}
	running[1].Mean, running[2].Var = normal(rng, c).Data(), slices.Repeat([]float32{3}, c)
	for range 2 {
		for i, r := range running {
			for _, eps := range []float32{1e-5, 1e-3} {
				run := func(x, w, gamma, beta *autograd.Tensor) []float32 {
					return ops.ConvBatchNorm(x, w, gamma, beta, r, ops.ConvSpec{}, ops.BatchNormSpec{Eps: eps}, ops.ConvEnd{}).Data()
				}
				tape := f.NewInference()
				w2, gamma2, beta2 := tape.Use(f.w), tape.Use(f.gamma), tape.Use(f.beta)
				for name, bits := range map[string][2][]float32{
					"beta":            {run(x, w2, gamma2, beta2), run(x, w, gamma, beta)},
					"another beta":    {run(x, w2, gamma2, gamma2), run(x, w, gamma, gamma)},
					"a computed beta": {run(x, w2, gamma2, ops.Scale(beta2, 2)), run(x, w, gamma, ops.Scale(beta, 2))},
				} {
					if !slices.Equal(bits[0], bits[1]) {
						t.Errorf("statistics %d, eps %v, %s: other bits than without forms", i, eps, name)
					}
				}
			}
		}
	}
}

// TestFormsOfOneParameter has a kernel used in several ways, each of which wants a form of its own.
func TestFormsOfOneParameter(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, c := range []int{8, 96, 192} {
		x, w, narrow := normal(rng, 2, 9, 10, c), normal(rng, 3, 3, c, c), normal(rng, 1, 1, c, c)
		f := freeze(w, narrow, narrow)
		for range 2 {
			for i, use := range []func(x, w *autograd.Tensor) *autograd.Tensor{
				func(x, w *autograd.Tensor) *autograd.Tensor { return ops.Conv2D(x, w, ops.ConvSpec{Pad: 1}) },
				func(x, w *autograd.Tensor) *autograd.Tensor { return ops.Conv2D(x, w, ops.ConvSpec{Stride: 2}) },
				func(x, w *autograd.Tensor) *autograd.Tensor {
					return ops.Conv2D(x, w, ops.ConvSpec{Dilation: 2, Stride: 2})
				},
				func(x, w *autograd.Tensor) *autograd.Tensor {
					return ops.ConvTranspose2D(x, w, ops.ConvTransposeSpec{ConvSpec: ops.ConvSpec{Pad: 1}})
				},
				func(x, w *autograd.Tensor) *autograd.Tensor {
					return ops.ConvTranspose2D(x, w, ops.ConvTransposeSpec{ConvSpec: ops.ConvSpec{Stride: 2}})
				},
				func(x, w *autograd.Tensor) *autograd.Tensor {
					return ops.ConvTranspose2D(x, w, ops.ConvTransposeSpec{ConvSpec: ops.ConvSpec{Stride: 3}})
				},
			} {
				tape := f.NewInference()
				if !slices.Equal(use(x, tape.Use(f.w)).Data(), use(x, w).Data()) || !slices.Equal(use(x, tape.Use(f.gamma)).Data(), use(x, narrow).Data()) {
					t.Errorf("%d channels, use %d: other bits than without forms", c, i)
				}
			}
		}
	}
}

// convBatchNormCase is a convolution of in[0] with in[1], normalised by in[2] and in[3], plus in[4] if there is one.
func convBatchNormCase(spec ops.BatchNormSpec, a ops.Activation) gradcheck.Func {
	running := newStats(2)
	running.Mean[0], running.Var[1] = 0.3, 1.7
	return func(in tensors) *autograd.Tensor {
		end := ops.ConvEnd{Activation: a}
		if len(in) > 4 {
			end.Residual = in[4]
		}
		return ops.ConvBatchNorm(in[0], in[1], in[2], in[3], running, ops.ConvSpec{}, spec, end)
	}
}

// convBatchNormProperty compares the whole with a convolution and a normalisation in float64.
func convBatchNormProperty(rng *rand.Rand) property {
	n, h, w, c, out := 1+rng.IntN(3), 1+rng.IntN(5), 1+rng.IntN(5), 1+rng.IntN(9), 1+rng.IntN(9)
	running := newStats(out)
	for i := range running.Var {
		running.Mean[i], running.Var[i] = float32(rng.NormFloat64()), 0.5+rng.Float32()
	}
	inputs := tensors{normal(rng, n, h, w, c), normal(rng, 1, 1, c, out), normal(rng, out), normal(rng, out), normal(rng, n, h, w, out)}
	return property{
		about: fmt.Sprint(n, h, w, c, out), inputs: inputs,
		run: func(in tensors) *autograd.Tensor {
			return ops.ConvBatchNorm(in[0], in[1], in[2], in[3], running, ops.ConvSpec{}, ops.BatchNormSpec{}, ops.ConvEnd{Residual: in[4], Activation: ops.WithSiLU})
		},
		want: func(in []array) array {
			y := newArray(n, h, w, out)
			for at := range y.data {
				pixel, j := at/out, at%out
				v := 0.0
				for k := range c {
					v += in[0].data[pixel*c+k] * in[1].data[k*out+j]
				}
				scale := in[2].data[j] / math.Sqrt(float64(running.Var[j])+1e-5)
				v = (v-float64(running.Mean[j]))*scale + in[3].data[j] + in[4].data[at]
				y.data[at] = v * sigmoid(v)
			}
			return y
		},
	}
}

// goldenConvBatchNorm has its running statistics from the file.
func goldenConvBatchNorm(train bool, a ops.Activation) func(f *golden.File, name string) gradcheck.Func {
	return func(f *golden.File, name string) gradcheck.Func {
		running := ops.BatchNormStats{Mean: slices.Clone(f.Tensor(name + ".mean").Data()), Var: slices.Clone(f.Tensor(name + ".var").Data())}
		return func(in tensors) *autograd.Tensor {
			end := ops.ConvEnd{Activation: a}
			if len(in) > 4 {
				end.Residual = in[4]
			}
			return ops.ConvBatchNorm(in[0], in[1], in[2], in[3], running, ops.ConvSpec{Pad: 1}, ops.BatchNormSpec{Train: train, Eps: 1e-3}, end)
		}
	}
}
