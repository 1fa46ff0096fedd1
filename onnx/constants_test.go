package onnx

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/internal/golden"
	"autodropout/internal/onnxfile"
	"autodropout/layers"
	"autodropout/ops"
)

// inNodes makes Constant nodes of all initializers that an operation reads as a weight, and returns how many.
func inNodes(g *onnxfile.Graph) int {
	weights := map[string]bool{}
	for _, n := range g.Nodes {
		for i, name := range n.Inputs {
			switch n.Op {
			case "Conv", "Gemm", "MatMul", "LayerNormalization", "BatchNormalization", "LSTM", "GRU":
				weights[name] = weights[name] || i > 0 && i < 5
			}
		}
	}
	var nodes []onnxfile.Node
	g.Initializers = slices.DeleteFunc(g.Initializers, func(t onnxfile.Tensor) bool {
		if !weights[t.Name] || !t.Type.Real() {
			return false
		}
		name := t.Name
		t.Name = ""
		nodes = append(nodes, onnxfile.Node{Op: "Constant", Outputs: []string{name}, Attributes: []onnxfile.Attribute{{Name: "value", Kind: onnxfile.TensorKind, Tensor: &t}}})
		return true
	})
	g.Nodes = append(nodes, g.Nodes...)
	return len(nodes)
}

// TestWeightsInNodes moves weights into Constant nodes, and wants outputs, parameters and gradients as before.
func TestWeightsInNodes(t *testing.T) {
	file := golden.Load(t, "testdata/golden.safetensors")
	for _, name := range []string{"images-script", "images-dynamo", "words-script", "words-dynamo", "sequences-script", "sequences-dynamo"} {
		t.Run(name, func(t *testing.T) {
			path, moved := filepath.Join("testdata", name+".onnx"), filepath.Join(t.TempDir(), "moved.onnx")
			m, err := onnxfile.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if n := inNodes(&m.Graph); n < 4 {
				t.Fatalf("%d weights are moved", n)
			}
			if err := onnxfile.WriteFile(moved, m); err != nil {
				t.Fatal(err)
			}
			kind, _, _ := strings.Cut(name, "-")
			x := file.Tensor(kind + ".x")
			pass := func(path string) (y, gradient []float32, params []string) {
				n, err := Open(path)
				if err != nil {
					t.Fatal(err)
				}
				params = paramNames(n)
				tape := autograd.NewTape(n.Params())
				in := Array{Tensor: tape.Input(x.Data(), x.Shape()...)}
				if kind == "words" {
					in = Array{IDs: file.Ints(kind + ".x"), Shape: x.Shape()}
				}
				out, err := n.Run(&layers.Ctx{Tape: tape}, in)
				if err != nil {
					t.Fatal(err)
				}
				y = slices.Clone(out[0].Data())
				return y, tape.Backward(ops.Mean(ops.Mul(out[0].Tensor, out[0].Tensor))), params
			}
			y, gradient, params := pass(path)
			y2, gradient2, params2 := pass(moved)
			if !slices.Equal(params2, params) {
				t.Errorf("the parameters are %v, want %v", params2, params)
			}
			if !slices.Equal(y2, y) {
				t.Errorf("the outputs are %v, want %v", y2, y)
			}
			if !slices.Equal(gradient2, gradient) {
				t.Errorf("the gradients are %v, want %v", gradient2, gradient)
			}
		})
	}
}

// TestNodesOfWeightsAndOthers: a normalisation whose arrays are all in nodes is read. A weight that is read elsewhere
// too stays there, one under another name is found, and constants that are no weights stay what they are.
func TestNodesOfWeightsAndOthers(t *testing.T) {
	constant := func(name string, shape []int, v ...float32) onnxfile.Node {
		return onnxfile.Node{Op: "Constant", Outputs: []string{name}, Attributes: []onnxfile.Attribute{{
			Name: "value", Kind: onnxfile.TensorKind, Tensor: &onnxfile.Tensor{Type: onnxfile.Float32, Shape: shape, Floats: v},
		}}}
	}
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := onnxfile.WriteFile(path, &onnxfile.Model{Opset: 17, Graph: onnxfile.Graph{
		Inputs: []onnxfile.Value{{Name: "x", Type: onnxfile.Float32, Shape: []onnxfile.Dim{{Name: "n"}, {Size: 2}}}},
		Nodes: []onnxfile.Node{
			constant("norm.weight", []int{2}, 1, 2), constant("norm.bias", []int{2}, 3, 4), constant("norm.running_mean", []int{2}, 5, 6), constant("norm.running_var", []int{2}, 1, 1),
			constant("matrix", []int{2, 2}, 1, 2, 3, 4), constant("/bias", []int{2}, 7, 8), constant("shift", []int{2}, 9, 10),
			{Op: "Constant", Outputs: []string{"factor"}, Attributes: []onnxfile.Attribute{attrFloat("value_float", 2)}},
			{Op: "Identity", Inputs: []string{"matrix"}, Outputs: []string{"w"}},
			{Name: "norm", Op: "BatchNormalization", Inputs: []string{"x", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"}, Outputs: []string{"a"}, Attributes: []onnxfile.Attribute{attrFloat("epsilon", 0)}},
			{Op: "Gemm", Inputs: []string{"a", "w", "/bias"}, Outputs: []string{"b"}},
			{Op: "Add", Inputs: []string{"b", "/bias"}, Outputs: []string{"c"}},
			{Op: "Add", Inputs: []string{"c", "shift"}, Outputs: []string{"d"}},
			{Op: "Mul", Inputs: []string{"d", "factor"}, Outputs: []string{"y"}},
		},
		Outputs: []onnxfile.Value{{Name: "y", Type: onnxfile.Float32}},
	}}); err != nil {
		t.Fatal(err)
	}
	n, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	names := paramNames(n)
	if want := []string{"norm.weight", "norm.bias", "matrix", "/bias"}; !slices.Equal(names, want) {
		t.Errorf("the parameters are %v, want %v", names, want)
	}
	// Normalised: (6 7)-(5 6) = (1 1), times (1 2) + (3 4) = (4 6). Then (4+18 8+24) + 2(7 8) + (9 10), twice.
	y := layers.Predict(n, autograd.FromSlice([]float32{6, 7}, 1, 2)).Data()
	if want := []float32{90, 116}; !(difference(y, want) <= 1e-5) {
		t.Errorf("the output is %v, want %v", y, want)
	}
}
