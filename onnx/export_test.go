package onnx

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
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
		if at < 0 || !slices.Equal(m.Graph.Initializers[at].Shape, a.Shape) || !slices.Equal(m.Graph.Initializers[at].Floats, a.Data) {
			t.Errorf("the file has no %s as the network has it", a.Name)
		}
	}
	n, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	tape := autograd.NewInference()
	var inputs []Array
	for i := range e.Inputs {
		inputs = append(inputs, e.Inputs[i].random(tape, 5))
	}
	c := &layers.Ctx{Tape: tape, Mode: layers.Prediction}
	want := e.Forward(c, inputs)
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
	for _, m := range []layers.Model{wrn, resnet18, resnet50, efficient} {
		t.Run(m.(interface{ String() string }).String(), func(t *testing.T) {
			n := roundTrip(t, Of(m, 32, 32, 3))
			if a, b := layers.State(m.Params()), layers.State(n.Params()); len(a) != len(b) {
				t.Errorf("the network has %d arrays, that of the file %d", len(a), len(b))
			}
		})
	}
}

var _ = bytes.Equal
var _ = os.Remove
var _ = ops.ReLU
