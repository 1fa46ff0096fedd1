package onnx

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/internal/onnxfile"
	"autodropout/internal/seed"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/ops"
)

// disturb moves all parameters and statistics away from where they start, so that none is
// like another.
func disturb(ps *autograd.Params) {
	rng := seed.New(3, "disturb")
	for _, p := range ps.All() {
		for i := range p.Data() {
			p.Data()[i] += float32(0.1 * rng.NormFloat64())
		}
	}
	for _, b := range ps.Buffers() {
		for i := range b.Data {
			b.Data[i] += float32(0.5 * rng.Float64())
		}
	}
}

// roundTrip writes a network, reads it, and compares what both compute, and the arrays of
// the file with those of the network.
func roundTrip(t *testing.T, e *Export) *Network {
	t.Helper()
	disturb(e.Params)
	path := filepath.Join(t.TempDir(), "network.onnx")
	if err := e.Save(path); err != nil {
		t.Fatal(err)
	}
	m, err := onnxfile.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range layers.State(e.Params) {
		at := slices.IndexFunc(m.Graph.Initializers, func(t onnxfile.Tensor) bool { return t.Name == a.Name })
		if at < 0 && strings.Contains(e.Name, "coder") {
			continue // it belongs to the other half
		}
		if at < 0 || !slices.Equal(m.Graph.Initializers[at].Shape, a.Shape) || !slices.Equal(m.Graph.Initializers[at].Floats, a.Data) {
			t.Errorf("the file has no %s as the network has it", a.Name)
		}
	}
	n, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	tape := autograd.NewInference()
	tape.KeepAll = true
	var inputs []Array
	for i := range e.Inputs {
		inputs = append(inputs, e.Inputs[i].random(tape, 5))
	}
	c := &layers.Ctx{Tape: tape, Mode: layers.Prediction}
	want := e.Forward(c, inputs)
	tape.KeepAll = false
	got, err := n.Run(c, inputs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, y := range want {
		if d := difference(got[i].Data(), y.Data()); !slices.Equal(got[i].Tensor.Shape(), y.Shape()) || !(d <= 1e-5) {
			t.Errorf("output %s differs by %g, shapes %v and %v", e.Outputs[i], d, got[i].Tensor.Shape(), y.Shape())
		}
	}
	return n
}

func TestModelsThereAndBack(t *testing.T) {
	wrn, _ := models.NewWRN(models.WRNConfig{Depth: 10, Width: 1, Classes: 5})
	resnet18, _ := models.NewResNet(models.ResNetConfig{Depth: 18, Channels: 8, Classes: 5})
	resnet50, _ := models.NewResNet(models.ResNetConfig{Depth: 50, Channels: 8, Classes: 5})
	efficient, _ := models.NewEfficientNet(models.EfficientNetConfig{Width: 0.25, Classes: 5})
	fast, err := models.NewFastNet(models.FastNetConfig{Widths: [3]int{8, 8, 8}, Residual: true, Classes: 5, Views: layers.FlipShiftViews()})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []layers.Model{wrn, resnet18, resnet50, efficient, fast} {
		t.Run(m.(interface{ String() string }).String(), func(t *testing.T) {
			n := roundTrip(t, Of(m, 32, 32, 3))
			if a, b := layers.State(m.Params()), layers.State(n.Params()); len(a) != len(b) && m != fast { // which has vectors in six places
				t.Errorf("the network has %d arrays, that of the file %d", len(a), len(b))
			}
		})
	}
}

func TestSequencesThereAndBack(t *testing.T) {
	for name, cutoffs := range map[string][]int{"plain": nil, "adaptive": {10, 20}} {
		for _, memory := range []int{0, 4, 7} {
			t.Run(fmt.Sprintf("Transformer-XL %s %d", name, memory), func(t *testing.T) {
				m, err := models.NewTransformerXL(models.TransformerXLConfig{Vocab: 30, Layers: 2, Width: 8, Heads: 2, HeadWidth: 4, Inner: 12, PositionProjection: memory != 4, Cutoffs: cutoffs})
				if err != nil {
					t.Fatal(err)
				}
				roundTrip(t, Language(m, 5, memory))
			})
		}
	}
	for _, change := range []models.TransformerConfig{{}, {PreNorm: true}, {SharedOutput: true, SharedVocab: true}} {
		t.Run(fmt.Sprintf("translation %v %v", change.PreNorm, change.SharedVocab), func(t *testing.T) {
			change.SourceVocab, change.TargetVocab, change.Layers, change.Width, change.Heads, change.Inner, change.End = 13, 13, 2, 8, 2, 12, 1
			m, err := models.NewTransformer(change)
			if err != nil {
				t.Fatal(err)
			}
			encoder, decoder := Translation(m, 6, 5)
			roundTrip(t, encoder)
			roundTrip(t, decoder)
		})
	}
}

// layerCase is a layer, and what it takes.
type layerCase struct {
	shape []int
	build func(s *layers.Scope) layers.Layer
}

// normSiLU is a normalisation and SiLU.
type normSiLU struct{ *layers.BatchNorm }

func (n normSiLU) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	return n.ForwardSiLU(c, x, nil)
}

// normGELU is a normalisation and GELU.
type normGELU struct{ *layers.BatchNorm }

func (n normGELU) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	return n.ForwardGELU(c, x, nil)
}

func layerCases() map[string]layerCase {
	image, sequence := []int{8, 6, 4}, []int{5, 4}
	return map[string]layerCase{
		"conv with bias": {image, func(s *layers.Scope) layers.Layer {
			return layers.NewConv2D(s, layers.Conv2DConfig{In: 4, Out: 6, Size: 3, Width: 5, Stride: 2, Pad: 1, Across: &ops.ConvAxis{Stride: 1, Pad: 4, Dilation: 2}})
		}},
		"grouped conv": {image, func(s *layers.Scope) layers.Layer {
			return layers.NewConv2D(s, layers.Conv2DConfig{In: 4, Out: 6, Size: 3, Groups: 2, NoBias: true})
		}},
		"depthwise conv": {image, func(s *layers.Scope) layers.Layer {
			return layers.NewConv2D(s, layers.Conv2DConfig{In: 4, Out: 4, Size: 3, Groups: 4, Pad: 1})
		}},
		"transposed conv": {image, func(s *layers.Scope) layers.Layer {
			return layers.NewConvTranspose2D(s, layers.ConvTranspose2DConfig{Conv2DConfig: layers.Conv2DConfig{In: 4, Out: 6, Size: 3, Width: 2, Stride: 2, Pad: 1, Groups: 2}, ExtraRows: 1})
		}},
		"conv of sequences": {sequence, func(s *layers.Scope) layers.Layer {
			return layers.NewConv1D(s, layers.Conv1DConfig{In: 4, Out: 6, Size: 3, Pad: 2, Groups: 2})
		}},
		"batch norm": {image, func(s *layers.Scope) layers.Layer {
			return layers.NewBatchNorm(s, layers.BatchNormConfig{Channels: 4, Eps: 1e-3})
		}},
		"batch norm and SiLU": {image, func(s *layers.Scope) layers.Layer {
			return normSiLU{layers.NewBatchNorm(s, layers.BatchNormConfig{Channels: 4})}
		}},
		"batch norm and GELU": {image, func(s *layers.Scope) layers.Layer {
			return normGELU{layers.NewBatchNorm(s, layers.BatchNormConfig{Channels: 4})}
		}},
		"batch norm of rows": {[]int{4}, func(s *layers.Scope) layers.Layer { return layers.NewBatchNorm(s, layers.BatchNormConfig{Channels: 4}) }},
		"layer norm":         {sequence, func(s *layers.Scope) layers.Layer { return layers.NewLayerNorm(s, layers.LayerNormConfig{Dim: 4}) }},
		"layer norm of images": {image, func(s *layers.Scope) layers.Layer {
			return layers.Sequential{layers.NewConv2D(s.Sub("c"), layers.Conv2DConfig{In: 4, Out: 4, Size: 1}), layers.NewLayerNorm(s, layers.LayerNormConfig{Dim: 4})}
		}},
		"rms norm": {sequence, func(s *layers.Scope) layers.Layer { return layers.NewRMSNorm(s, layers.RMSNormConfig{Dim: 4}) }},
		"group norm": {image, func(s *layers.Scope) layers.Layer {
			return layers.NewGroupNorm(s, layers.GroupNormConfig{Groups: 2, Channels: 4})
		}},
		"group norm of rows": {[]int{4}, func(s *layers.Scope) layers.Layer {
			return layers.NewGroupNorm(s, layers.GroupNormConfig{Groups: 2, Channels: 4})
		}},
		"instance norm": {image, func(s *layers.Scope) layers.Layer {
			return layers.NewInstanceNorm(s, layers.InstanceNormConfig{Channels: 4})
		}},
		"instance norm affine": {image, func(s *layers.Scope) layers.Layer {
			return layers.NewInstanceNorm(s, layers.InstanceNormConfig{Channels: 4, Affine: true})
		}},
		"linear of sequences": {sequence, func(s *layers.Scope) layers.Layer { return layers.NewLinear(s, layers.LinearConfig{In: 4, Out: 3}) }},
		"linear of images": {image, func(s *layers.Scope) layers.Layer {
			return layers.NewLinear(s, layers.LinearConfig{In: 4, Out: 3, NoBias: true})
		}},
		"lstm": {sequence, func(s *layers.Scope) layers.Layer {
			return layers.NewLSTM(s, layers.RecurrentConfig{In: 4, Hidden: 3, Layers: 2, Bidirectional: true, Dropout: 0.5})
		}},
		"lstm without bias": {sequence, func(s *layers.Scope) layers.Layer {
			return layers.NewLSTM(s, layers.RecurrentConfig{In: 4, Hidden: 3, NoBias: true})
		}},
		"gru": {sequence, func(s *layers.Scope) layers.Layer {
			return layers.NewGRU(s, layers.RecurrentConfig{In: 4, Hidden: 3, Layers: 2, Bidirectional: true})
		}},
		"attention": {sequence, func(s *layers.Scope) layers.Layer {
			return layers.NewAttention(s, layers.AttentionConfig{Dim: 4, Heads: 2, Causal: true})
		}},
		"transformer": {sequence, func(s *layers.Scope) layers.Layer {
			return layers.NewTransformerBlock(s, layers.TransformerBlockConfig{Dim: 4, Heads: 2})
		}},
		"upsample nearest":  {image, func(*layers.Scope) layers.Layer { return layers.Upsample{Scale: 2} }},
		"upsample bilinear": {image, func(*layers.Scope) layers.Layer { return layers.Upsample{Height: 11, Width: 5, Bilinear: true} }},
		"upsample corners": {image, func(*layers.Scope) layers.Layer {
			return layers.Upsample{Height: 11, Width: 5, Bilinear: true, AlignCorners: true}
		}},
		"adaptive mean":   {image, func(*layers.Scope) layers.Layer { return layers.AdaptiveAvgPool2D{Height: 2, Width: 3} }},
		"adaptive max":    {image, func(*layers.Scope) layers.Layer { return layers.AdaptiveMaxPool2D{Height: 4, Width: 1} }},
		"adaptive to one": {image, func(*layers.Scope) layers.Layer { return layers.AdaptiveMaxPool2D{Height: 1, Width: 1} }},
		"dropout":         {image, func(s *layers.Scope) layers.Layer { return layers.NewDropout("d", 0.5) }},
	}
}

func TestLayersThereAndBack(t *testing.T) {
	for name, c := range layerCases() {
		t.Run(name, func(t *testing.T) {
			s := layers.NewScope(1)
			roundTrip(t, Of(layers.NewModel(s, c.build(s.Sub("part"))), c.shape...))
		})
	}
}

// operationCases are the operations that have a counterpart, but for those in the tests of
// layers and models.
func operationCases() map[string]func(x *autograd.Tensor) *autograd.Tensor {
	return map[string]func(x *autograd.Tensor) *autograd.Tensor{
		"ops.ReLU": ops.ReLU, "ops.Sigmoid": ops.Sigmoid, "ops.Tanh": ops.Tanh, "ops.Exp": ops.Exp, "ops.Abs": ops.Abs, "ops.Neg": ops.Neg, "ops.SiLU": ops.SiLU, "ops.GELU": ops.GELU,
		"ops.Log": func(x *autograd.Tensor) *autograd.Tensor { return ops.Log(ops.AddScalar(ops.Abs(x), 1)) }, "ops.Sqrt": func(x *autograd.Tensor) *autograd.Tensor { return ops.Sqrt(ops.Abs(x)) },
		"ops.Clamp": func(x *autograd.Tensor) *autograd.Tensor { return ops.Clamp(x, -0.5, 0.25) }, "ops.Scale": func(x *autograd.Tensor) *autograd.Tensor { return ops.Scale(x, 3) },
		"ops.AddScalar": func(x *autograd.Tensor) *autograd.Tensor { return ops.AddScalar(x, 3) }, "ops.Pow": func(x *autograd.Tensor) *autograd.Tensor { return ops.Pow(x, 3) },
		"ops.Add": func(x *autograd.Tensor) *autograd.Tensor { return ops.Add(x, numbers(x.Dim(-1))) }, "ops.Sub": func(x *autograd.Tensor) *autograd.Tensor { return ops.Sub(numbers(), x) },
		"ops.Mul": func(x *autograd.Tensor) *autograd.Tensor { return ops.Mul(x, ops.Sigmoid(x)) }, "ops.Div": func(x *autograd.Tensor) *autograd.Tensor { return ops.Div(x, ops.Exp(x)) },
		"ops.Maximum": func(x *autograd.Tensor) *autograd.Tensor { return ops.Maximum(x, numbers(x.Shape()[1:]...)) }, "ops.Minimum": func(x *autograd.Tensor) *autograd.Tensor { return ops.Minimum(x, numbers(x.Dim(-1))) },
		"ops.Where": func(x *autograd.Tensor) *autograd.Tensor {
			return ops.Where(ops.ReLU(x), ops.Exp(x), numbers(x.Dim(-1)))
		},
		"ops.AddBias": func(x *autograd.Tensor) *autograd.Tensor { return ops.Add(ops.AddBias(x, numbers(x.Dim(-1))), x) },
		"ops.ScaleChannels": func(x *autograd.Tensor) *autograd.Tensor {
			return ops.ScaleChannels(x, ops.Sigmoid(ops.Max(x, axesBetween(x)...)))
		},
		"ops.Reshape": func(x *autograd.Tensor) *autograd.Tensor { return ops.Reshape(x, x.Dim(0), -1) }, "ops.Transpose": func(x *autograd.Tensor) *autograd.Tensor { return ops.Transpose(x) },
		"ops.Concat": func(x *autograd.Tensor) *autograd.Tensor { return ops.Concat(-1, x, ops.ReLU(x)) }, "ops.Slice": func(x *autograd.Tensor) *autograd.Tensor { return ops.Slice(x, -1, 1, 3) },
		"ops.Pad": func(x *autograd.Tensor) *autograd.Tensor { return ops.Pad(x, 0.5, [2]int{}, [2]int{1, 2}) },
		"ops.Sum": func(x *autograd.Tensor) *autograd.Tensor { return ops.Sum(x, 1) }, "ops.Mean": func(x *autograd.Tensor) *autograd.Tensor { return ops.Mean(x, 1, -1) }, "ops.Max": func(x *autograd.Tensor) *autograd.Tensor { return ops.Max(x, -1) },
		"ops.Select":  func(x *autograd.Tensor) *autograd.Tensor { return ops.Select(x, 1, []int{2, 0, 0}) },
		"ops.Softmax": ops.Softmax, "ops.LogSoftmax": ops.LogSoftmax,
		"ops.MatMul": func(x *autograd.Tensor) *autograd.Tensor { return ops.MatMul(x, x, ops.MatMulSpec{TransA: true}) },
		"onnx.Erf":   erf,
	}
}

// TestOperationsThereAndBack writes every operation alone, on images that a convolution has
// left with their channels first, and on sequences.
func TestOperationsThereAndBack(t *testing.T) {
	cases := operationCases()
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			s := layers.NewScope(1)
			conv := layers.NewConv2D(s, layers.Conv2DConfig{In: 4, Out: 4, Size: 1})
			roundTrip(t, Of(layers.NewModel(s, layers.Sequential{conv, layers.Func(f)}), 3, 5, 4))
			roundTrip(t, Of(layers.NewModel(layers.NewScope(1), layers.Func(f)), 5, 4))
		})
	}
	images := map[string]func(x *autograd.Tensor) *autograd.Tensor{
		"ops.MaxPool2D": func(x *autograd.Tensor) *autograd.Tensor {
			return ops.MaxPool2D(x, ops.PoolSpec{Size: 3, Stride: 2, Pad: 1})
		},
		"ops.AvgPool2D": func(x *autograd.Tensor) *autograd.Tensor {
			return ops.AvgPool2D(x, ops.PoolSpec{Size: 3, Stride: 2, Pad: 1})
		},
		"ops.GlobalAvgPool": ops.GlobalAvgPool,
	}
	for name, f := range images {
		t.Run(name, func(t *testing.T) { roundTrip(t, Of(layers.NewModel(layers.NewScope(1), layers.Func(f)), 7, 6, 4)) })
	}
	elsewhere := []string{ // in the tests of layers and models
		"ops.Conv2D", "ops.ConvTranspose2D", "ops.ConvBatchNorm", "ops.Conv2DMaxPool", "ops.BatchNorm", "ops.BatchNormReLU", "ops.BatchNormSiLU", "ops.BatchNormGELU", "ops.LayerNorm", "ops.RMSNorm", "ops.GroupNorm", "ops.Linear", "ops.Embedding", "ops.EmbeddingDropout",
		"ops.Attention", "ops.RelativeAttention", "ops.LSTM", "ops.GRU", "ops.AdaptiveAvgPool2D", "ops.AdaptiveMaxPool2D", "ops.Upsample", "ops.BatchNormAddReLU",
	}
	for name := range writers {
		if cases[name] == nil && images[name] == nil && !slices.Contains(elsewhere, name) {
			t.Errorf("%s is in no test", name)
		}
	}
}

// numbers returns a constant.
func numbers(shape ...int) *autograd.Tensor {
	x := autograd.New(shape...)
	for i := range x.Data() {
		x.Data()[i] = float32(i%7) / 5
	}
	return x
}

// axesBetween are those between the first and the last.
func axesBetween(x *autograd.Tensor) []int {
	var list []int
	for i := 1; i < x.Rank()-1; i++ {
		list = append(list, i)
	}
	return list
}
