package layers

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/internal/golden"
	"autodropout/ops"
)

// forward lets a function stand for a layer.
type forward func(c *Ctx, x *autograd.Tensor) *autograd.Tensor

func (f forward) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor { return f(c, x) }

// TestLayersAgainstPyTorch compares outputs, all gradients and the buffers
// after a pass with those of the modules in testdata/golden.py.
func TestLayersAgainstPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/layers.safetensors")
	for _, c := range []struct {
		name  string
		eval  bool
		build func(s *Scope) Layer
	}{
		{"linear", false, func(s *Scope) Layer { return NewLinear(s, LinearConfig{In: 5, Out: 3}) }},
		{"conv2d", false, func(s *Scope) Layer {
			return NewConv2D(s, Conv2DConfig{In: 4, Out: 6, Size: 3, Stride: 2, Pad: 1, Groups: 2})
		}},
		{"conv1x1", false, func(s *Scope) Layer { return NewConv2D(s, Conv2DConfig{In: 3, Out: 5, Size: 1, NoBias: true}) }},
		{"batchnorm", false, func(s *Scope) Layer { return NewBatchNorm(s, BatchNormConfig{Channels: 6}) }},
		{"batchnormeval", true, func(s *Scope) Layer { return NewBatchNorm(s, BatchNormConfig{Channels: 6}) }},
		{"batchnormnoscale", false, func(s *Scope) Layer {
			return NewBatchNorm(s, BatchNormConfig{Channels: 6, Momentum: 0.4, Eps: 1e-12, NoScale: true})
		}},
		{"whitening", false, func(s *Scope) Layer { return NewWhitening(s, WhiteningConfig{In: 3, Size: 2}) }},
		{"flips", true, func(s *Scope) Layer { return Views{convScores(s), FlipViews()} }},
		{"flipsandshifts", true, func(s *Scope) Layer { return Views{convScores(s), FlipShiftViews()} }},
		{"conv2doblong", false, func(s *Scope) Layer {
			return NewConv2D(s, Conv2DConfig{In: 4, Out: 6, Size: 3, Width: 5, Stride: 2, Pad: 1, Across: &ops.ConvAxis{Pad: 2}})
		}},
		{"conv1d", false, func(s *Scope) Layer {
			return NewConv1D(s, Conv1DConfig{In: 4, Out: 6, Size: 3, Stride: 2, Pad: 2, Groups: 2})
		}},
		{"convtranspose2d", false, func(s *Scope) Layer {
			conv := Conv2DConfig{In: 4, Out: 6, Size: 3, Width: 2, Stride: 2, Pad: 1, Groups: 2}
			return NewConvTranspose2D(s, ConvTranspose2DConfig{Conv2DConfig: conv, ExtraRows: 1})
		}},
		{"groupnorm", false, func(s *Scope) Layer { return NewGroupNorm(s, GroupNormConfig{Groups: 2, Channels: 6}) }},
		{"instancenorm", false, func(s *Scope) Layer { return NewInstanceNorm(s, InstanceNormConfig{Channels: 6}) }},
		{"instancenormaffine", false, func(s *Scope) Layer {
			return NewInstanceNorm(s, InstanceNormConfig{Channels: 6, Affine: true, Eps: 1e-3})
		}},
		{"rmsnorm", false, func(s *Scope) Layer { return NewRMSNorm(s, RMSNormConfig{Dim: 7}) }},
		{"layernorm", false, func(s *Scope) Layer { return NewLayerNorm(s, LayerNormConfig{Dim: 7}) }},
		{"embedding", false, func(s *Scope) Layer {
			e := NewEmbedding(s, EmbeddingConfig{Count: 9, Dim: 4})
			return forward(func(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
				return e.Forward(c, file.Ints("embedding.in"), x.Shape()...)
			})
		}},
		{"attention", false, func(s *Scope) Layer {
			return NewAttention(s, AttentionConfig{Dim: 8, Heads: 2, Causal: true})
		}},
		{"transformer", false, func(s *Scope) Layer {
			return NewTransformerBlock(s, TransformerBlockConfig{Dim: 8, Heads: 2, Hidden: 12, Causal: true})
		}},
	} {
		t.Run(c.name, func(t *testing.T) { checkGolden(t, file, c.name, c.eval, c.build) })
	}
	for name, build := range recurrentCases() {
		t.Run(name, func(t *testing.T) { checkGolden(t, file, name, false, build) })
	}
}

// convScores is a small classifier.
func convScores(s *Scope) Layer {
	return Sequential{NewConv2D(s, Conv2DConfig{In: 3, Out: 4, Size: 3}), Func(ops.ReLU), Func(ops.GlobalAvgPool)}
}

func TestWhiteningAgainstPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/layers.safetensors")
	s := NewScope(1)
	l := NewWhitening(s, WhiteningConfig{In: 3, Size: 2})
	images := file.Tensor("whiteningfit.images")
	if err := l.Fit(images, 5e-4); err != nil {
		t.Fatal(err)
	}
	for _, a := range State(s.Params()) {
		if a.Name == "weight" {
			file.Compare("whiteningfit.weight", a.Data, 1e-5)
		}
	}
	// What comes out is uncorrelated, and has a variance of 1 where there was much.
	y := l.Forward(&Ctx{Tape: autograd.NewInference()}, images)
	var dot, squares float64
	for at := 0; at < y.Len(); at += l.Out() {
		a, b := float64(y.Data()[at]), float64(y.Data()[at+1])
		dot, squares = dot+a*b, squares+a*a
	}
	pixels := float64(y.Len() / l.Out())
	if dot/pixels > 1e-3 || squares/pixels < 0.99 || squares/pixels > 1.01 {
		t.Errorf("the first output has the mean square %v, and with the second the mean product %v", squares/pixels, dot/pixels)
	}
}

func TestDiracAgainstPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/layers.safetensors")
	for name, config := range map[string]Conv2DConfig{
		"dirac.wide": {In: 3, Out: 5, Size: 3, NoBias: true}, "dirac.narrow": {In: 4, Out: 2, Size: 3, NoBias: true},
	} {
		config.Weight = Dirac(config, func(_ *rand.Rand, w []float32) {
			for i := range w {
				w[i] = 0.25
			}
		})
		s := NewScope(1)
		NewConv2D(s, config)
		file.Compare(name, State(s.Params())[0].Data, 1e-9)
	}
}

// recurrentCases are those of both recurrent layers: one layer, two, both directions,
// no biases, and sequences of several lengths, of which the states at the end count too.
func recurrentCases() map[string]func(s *Scope) Layer {
	cases := map[string]func(s *Scope) Layer{}
	for name, build := range map[string]func(s *Scope, config RecurrentConfig) *recurrent{
		"lstm": func(s *Scope, config RecurrentConfig) *recurrent { return &NewLSTM(s, config).recurrent },
		"gru":  func(s *Scope, config RecurrentConfig) *recurrent { return &NewGRU(s, config).recurrent },
	} {
		for suffix, config := range map[string]RecurrentConfig{
			"": {}, "stack": {Layers: 2}, "both": {Layers: 2, Bidirectional: true}, "nobias": {NoBias: true},
		} {
			config.In, config.Hidden = 4, 3
			cases[name+suffix] = func(s *Scope) Layer { return build(s, config) }
		}
		cases[name+"packed"] = func(s *Scope) Layer {
			l := build(s, RecurrentConfig{In: 4, Hidden: 3, Layers: 2, Bidirectional: true})
			return forward(func(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
				y, end := l.Run(c, x, nil, []int{5, 2, 3})
				all := []*autograd.Tensor{ops.Reshape(y, -1), ops.Reshape(end.Hidden, -1)}
				if end.Cell != nil {
					all = append(all, ops.Reshape(end.Cell, -1))
				}
				return ops.Concat(0, all...)
			})
		}
	}
	return cases
}

func checkGolden(t *testing.T, file *golden.File, name string, eval bool, build func(s *Scope) Layer) {
	const tolerance = 1e-5
	s := NewScope(1)
	l := build(s)
	ps := s.Params()
	if err := LoadState(ps, arrays(file, name+".state.")); err != nil {
		t.Fatal(err)
	}
	// The input is a parameter of the test's own, in the same set, to get its
	// gradient.
	in := file.Tensor(name + ".in")
	x := ps.Add("in", in.Shape()...)
	copy(x.Data(), in.Data())

	tape := autograd.NewTape(ps)
	y := l.Forward(&Ctx{Tape: tape, Mode: modes[!eval]}, tape.Use(x))
	file.Compare(name+".out", y.Data(), tolerance)
	weights := file.Tensor(name + ".weights")
	grads := tape.Backward(ops.Sum(ops.Mul(y, tape.Input(weights.Data(), weights.Shape()...))))
	defer func() { t.Logf("the largest relative difference to PyTorch is %.1e", file.Largest()) }()
	copy(ps.Flat(), grads) // so that State gives them the layout of files
	tape.Commit()
	for _, a := range State(ps) {
		switch grad, after := name+".grad."+a.Name, name+".after."+a.Name; {
		case file.Has(grad):
			file.Compare(grad, a.Data, tolerance)
		case file.Has(after):
			file.Compare(after, a.Data, tolerance)
		case name != "embedding": // ids have no gradient
			t.Errorf("nothing to compare %s with", a.Name)
		}
	}
}

// arrays returns the tensors whose names begin with prefix, without it.
func arrays(file *golden.File, prefix string) []Array {
	var state []Array
	for _, name := range file.Names() {
		if short, ok := strings.CutPrefix(name, prefix); ok {
			x := file.Tensor(name)
			state = append(state, Array{short, slices.Clone(x.Shape()), x.Data()})
		}
	}
	return state
}
