package onnx

import (
	"math"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/internal/onnxfile"
	"autodropout/layers"
)

// TestMasksAreConstants: a mask of attention has a name, as buffers do. To train it would make it NaN: decay of weights
// adds infinite numbers of both signs.
func TestMasksAreConstants(t *testing.T) {
	inf := float32(math.Inf(-1))
	m := &onnxfile.Model{Opset: 17, Graph: onnxfile.Graph{
		Inputs: []onnxfile.Value{{Name: "x", Type: onnxfile.Float32, Shape: []onnxfile.Dim{{Name: "n"}, {Size: 2}}}},
		Initializers: []onnxfile.Tensor{
			{Name: "mask", Type: onnxfile.Float32, Shape: []int{2, 2}, Floats: []float32{0, inf, 0, 0}},
			{Name: "bias", Type: onnxfile.Float32, Shape: []int{2}, Floats: []float32{1, 2}},
		},
		Nodes: []onnxfile.Node{
			{Op: "Add", Inputs: []string{"x", "mask"}, Outputs: []string{"scores"}},
			{Op: "Add", Inputs: []string{"scores", "bias"}, Outputs: []string{"y"}},
		},
		Outputs: []onnxfile.Value{{Name: "y", Type: onnxfile.Float32}},
	}}
	n, err := build(m, layers.NewScope(0))
	if err != nil {
		t.Fatal(err)
	}
	if all := n.Params().All(); len(all) != 1 || all[0].Name != "bias" {
		t.Errorf("there are %d parameters, the first of them %s", len(all), all[0].Name)
	}
	if y := layers.Predict(n, autograd.FromSlice(make([]float32, 4), 2, 2)); !slices.Equal(y.Data(), []float32{1, inf, 1, 2}) {
		t.Errorf("the output is %v", y.Data())
	}
}
