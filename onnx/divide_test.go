package onnx

import (
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/internal/onnxfile"
	"autodropout/layers"
	"autodropout/ops"
)

// function is a layer.
type function func(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor

func (f function) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor { return f(c, x) }

// TestDivide wants the stages of a residual network that was written here: blocks with the parameters that
// lie in them, and a dropout site behind each that acts in training and nowhere else.
func TestDivide(t *testing.T) {
	s := layers.NewScope(3)
	conv := func(name string, in, out, stride int) layers.Layer {
		return layers.NewConv2D(s.Sub(name), layers.Conv2DConfig{In: in, Out: out, Size: 3, Stride: stride, Pad: 1})
	}
	first, a, b, down := conv("first", 3, 4, 1), conv("a", 4, 4, 1), conv("b", 4, 4, 1), conv("down", 4, 6, 2)
	head := layers.NewLinear(s.Sub("head"), layers.LinearConfig{In: 6, Out: 5})
	model := layers.NewModel(s, function(func(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
		x = ops.ReLU(first.Forward(c, x))
		x = ops.ReLU(ops.Add(x, b.Forward(c, ops.ReLU(a.Forward(c, x)))))
		return head.Forward(c, ops.GlobalAvgPool(ops.ReLU(down.Forward(c, x))))
	}))
	path := t.TempDir() + "/model.onnx"
	if err := Of(model, 8, 8, 3).Save(path); err != nil {
		t.Fatal(err)
	}
	body, err := Body(layers.NewScope(0), path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := body.Divide(12, 8, 3)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, stage := range d.Stages {
		names := ""
		for _, b := range stage {
			names += b.Site + ":"
			for _, p := range b.Params {
				names += " " + p.Name
			}
			names += ";"
		}
		found = append(found, names)
	}
	if want := []string{"block.0: first.weight first.bias;block.1: a.weight a.bias b.weight b.bias;", "block.2: down.weight down.bias;"}; !slices.Equal(found, want) || d.Features != 6 {
		t.Errorf("%d features and the stages %q, want %q", d.Features, found, want)
	}
	sites := body.Sites()
	if len(sites) != 3 || sites[1] != (dropout.Site{Name: "block.1", Stages: 2, Block: 1, Blocks: 2}) || sites[2] != (dropout.Site{Name: "block.2", Stage: 1, Stages: 2, Blocks: 1}) {
		t.Errorf("the sites are %v", sites)
	}
	policy, err := dropout.NewSpatialDropout(0.5, sites)
	if err != nil {
		t.Fatal(err)
	}
	x := autograd.FromSlice(make([]float32, 2*12*8*3), 2, 12, 8, 3)
	for i := range x.Data() {
		x.Data()[i] = float32(i%7) - 3
	}
	run := func(mode layers.Mode, policy dropout.Policy) []float32 {
		tape := autograd.NewInference()
		y := body.Forward(&layers.Ctx{Tape: tape, Mode: mode, Policy: policy, Stream: dropout.Stream{Seed: 1}}, tape.Input(x.Data(), x.Shape()...))
		return slices.Clone(y.Data())
	}
	plain := run(layers.Prediction, nil)
	if !slices.Equal(run(layers.Prediction, policy), plain) {
		t.Error("a prediction drops")
	}
	if slices.Equal(run(layers.Training, policy), plain) {
		t.Error("nothing is dropped in training")
	}
	if _, err := body.Divide(1<<20, 1<<20, 3); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("pictures of 2^40 pixels: %v", err)
	}
	if err := body.Pictures(3); err != nil {
		t.Error(err)
	}
	if _, err := body.Divide(8, 8, 4); err == nil || !strings.Contains(err.Error(), "4 channels do not pass") {
		t.Errorf("four channels: %v", err)
	}
}

// TestChannelsLast: a network whose pictures have the channels last is not divided nor run on others, which its
// average over all pixels would hide. The sentence has the lengths as in the file.
func TestChannelsLast(t *testing.T) {
	for _, c := range []struct {
		height, width, channels int // as the file says
		want, run               string
	}{
		{16, 16, 3, "is (N, 16, 16, 3) in the file, where pictures of 3 channels are (N, 3, height, width): export it with the channels first (tf2onnx: --inputs-as-nchw x)", "has 16 channels"},
		{0, 0, 3, "is (N, ?, ?, 3) in the file", ""}, // what runs may be right
	} {
		dims := []onnxfile.Dim{{Name: "n"}, {Size: c.height}, {Size: c.width}, {Size: c.channels}}
		m := &onnxfile.Model{Opset: 17, Graph: onnxfile.Graph{
			Inputs:       []onnxfile.Value{{Name: "x", Type: onnxfile.Float32, Shape: dims}},
			Initializers: []onnxfile.Tensor{{Name: "w", Type: onnxfile.Float32, Shape: []int{2, 3, 1, 1}, Floats: make([]float32, 6)}},
			Nodes: []onnxfile.Node{
				{Op: "Transpose", Inputs: []string{"x"}, Outputs: []string{"first"}, Attributes: []onnxfile.Attribute{attrInts("perm", 0, 3, 1, 2)}},
				{Op: "Conv", Inputs: []string{"first", "w"}, Outputs: []string{"maps"}},
				{Op: "GlobalAveragePool", Inputs: []string{"maps"}, Outputs: []string{"means"}},
				{Op: "Flatten", Inputs: []string{"means"}, Outputs: []string{"y"}},
			},
			Outputs: []onnxfile.Value{{Name: "y", Type: onnxfile.Float32}},
		}}
		n, err := build(m, layers.NewScope(0))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Divide(16, 3, 3); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", dims, err, c.want)
		}
		_, err = n.Run(&layers.Ctx{Tape: autograd.NewInference()}, Array{Tensor: numbers(1, 16, 3, 3)})
		if (err != nil) != (c.run != "") || err != nil && !strings.Contains(err.Error(), c.run) {
			t.Errorf("%v: error %v of a pass, want %q", dims, err, c.run)
		}
	}
}
