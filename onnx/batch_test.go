package onnx

import (
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/internal/onnxfile"
	"autodropout/layers"
)

// TestFixedBatch wants of a file that was exported for a fixed number of examples what each example has alone,
// whatever the batch: its shapes have the number in them. Shapes of other values stay what they are.
func TestFixedBatch(t *testing.T) {
	for _, shape := range [][]int64{{2, 6}, {2, -1}, {2, 3, 2}} {
		m := &onnxfile.Model{Opset: 17, Graph: onnxfile.Graph{
			Inputs: []onnxfile.Value{{Name: "x", Type: onnxfile.Float32, Shape: []onnxfile.Dim{{Size: 2}, {Size: 2}, {Size: 3}}}},
			Initializers: []onnxfile.Tensor{
				{Name: "shape", Type: onnxfile.Int64, Shape: []int{len(shape)}, Ints: shape},
				{Name: "rows", Type: onnxfile.Int64, Shape: []int{3}, Ints: []int64{2, 3, 1}},
				{Name: "_w", Type: onnxfile.Float32, Shape: []int{6, 1}, Floats: []float32{1, 2, 3, 4, 5, 6}},
			},
			Nodes: []onnxfile.Node{
				{Op: "Reshape", Inputs: []string{"x", "shape"}, Outputs: []string{"y"}},
				{Op: "Identity", Inputs: []string{"_w"}, Outputs: []string{"w"}},
				{Op: "Reshape", Inputs: []string{"w", "rows"}, Outputs: []string{"other"}},
			},
			Outputs: []onnxfile.Value{{Name: "y", Type: onnxfile.Float32}, {Name: "other", Type: onnxfile.Float32}},
		}}
		n, err := build(m, layers.NewScope(0))
		if err != nil {
			t.Fatal(err)
		}
		for _, examples := range []int{1, 2, 5} {
			x := numbers(examples, 2, 3)
			y, err := n.Run(&layers.Ctx{Tape: autograd.NewInference()}, Array{Tensor: x})
			if err != nil {
				t.Errorf("%v, %d examples: %v", shape, examples, err)
				continue
			}
			if got := y[0].Tensor; got.Dim(0) != examples || got.Rank() != len(shape) || !slices.Equal(got.Data(), x.Data()) {
				t.Errorf("%v, %d examples: the output is of shape %v", shape, examples, got.Shape())
			}
			if got := y[1].Tensor.Shape(); !slices.Equal(got, []int{2, 3, 1}) {
				t.Errorf("%v, %d examples: another value is of shape %v", shape, examples, got)
			}
		}
	}
}

// TestFixedBatchOfPictures wants pictures to be resized in any batch, though the size in the file has the number of
// examples that it was exported for, and an error of a shape that cannot be had to say what that number was.
func TestFixedBatchOfPictures(t *testing.T) {
	m := &onnxfile.Model{Opset: 17, Graph: onnxfile.Graph{
		Inputs: []onnxfile.Value{{Name: "x", Type: onnxfile.Float32, Shape: []onnxfile.Dim{{Size: 2}, {Size: 1}, {Size: 1}, {Size: 2}}}},
		Initializers: []onnxfile.Tensor{
			{Name: "sizes", Type: onnxfile.Int64, Shape: []int{4}, Ints: []int64{2, 1, 1, 4}},
			{Name: "shape", Type: onnxfile.Int64, Shape: []int{2}, Ints: []int64{4, 2}},
		},
		Nodes: []onnxfile.Node{{Op: "Resize", Inputs: []string{"x", "", "", "sizes"}, Outputs: []string{"y"},
			Attributes: []onnxfile.Attribute{attrText("coordinate_transformation_mode", "asymmetric"), attrText("nearest_mode", "floor")}}},
		Outputs: []onnxfile.Value{{Name: "y", Type: onnxfile.Float32}},
	}}
	run := func(examples int) ([]Array, error) {
		n, err := build(m, layers.NewScope(0))
		if err != nil {
			t.Fatal(err)
		}
		return n.Run(&layers.Ctx{Tape: autograd.NewInference()}, Array{Tensor: numbers(examples, 1, 2, 1)})
	}
	for _, examples := range []int{1, 2, 5} {
		y, err := run(examples)
		if err != nil {
			t.Fatalf("%d examples: %v", examples, err)
		}
		x := numbers(examples, 1, 2, 1).Data()
		for i, v := range y[0].Tensor.Data() {
			if y[0].Tensor.Dim(0) != examples || v != x[i/2] {
				t.Fatalf("%d examples: %v becomes %v", examples, x, y[0].Tensor.Data())
			}
		}
	}
	m.Graph.Nodes = append(m.Graph.Nodes, onnxfile.Node{Op: "Reshape", Inputs: []string{"y", "shape"}, Outputs: []string{"z"}})
	m.Graph.Outputs[0].Name = "z"
	if _, err := run(2); err != nil {
		t.Errorf("2 examples: %v", err)
	}
	if _, err := run(5); err == nil || !strings.Contains(err.Error(), "the first axis of its input has 2, and here it has 5") {
		t.Errorf("5 examples: the error is %v", err)
	}
}

// TestFixedBatchCannotBeDivided: a network that takes only as many examples as its file says is an error before it is
// trained with more.
func TestFixedBatchCannotBeDivided(t *testing.T) {
	m := &onnxfile.Model{Opset: 17, Graph: onnxfile.Graph{
		Inputs: []onnxfile.Value{{Name: "x", Type: onnxfile.Float32, Shape: []onnxfile.Dim{{Size: 1}, {Size: 1}, {Size: 2}, {Size: 2}}}},
		Initializers: []onnxfile.Tensor{
			{Name: "weight", Type: onnxfile.Float32, Shape: []int{2, 1, 1, 1}, Floats: []float32{1, 2}},
			{Name: "shape", Type: onnxfile.Int64, Shape: []int{2}, Ints: []int64{2, 4}},
		},
		Nodes: []onnxfile.Node{
			{Op: "Conv", Inputs: []string{"x", "weight"}, Outputs: []string{"maps"}},
			{Op: "Reshape", Inputs: []string{"maps", "shape"}, Outputs: []string{"y"}},
		},
		Outputs: []onnxfile.Value{{Name: "y", Type: onnxfile.Float32}},
	}}
	divide := func() error {
		n, err := build(m, layers.NewScope(0))
		if err != nil {
			t.Fatal(err)
		}
		_, err = n.Divide(2, 2, 1)
		return err
	}
	if err := divide(); err == nil || !strings.Contains(err.Error(), "the first axis of its input has 1, and here it has 2") {
		t.Errorf("the error is %v", err)
	}
	m.Graph.Initializers[1].Ints = []int64{1, 8}
	if err := divide(); err != nil {
		t.Errorf("a shape of the examples: %v", err)
	}
}
