package layers

import (
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
