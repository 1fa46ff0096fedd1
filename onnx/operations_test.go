package onnx

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/internal/onnxfile"
	"autodropout/layers"
	"autodropout/ops"
)

// TestOperationsOfFiles: what operations that no other test reads make of some numbers, by
// the text of the standard.
func TestOperationsOfFiles(t *testing.T) {
	ints := func(name string, v ...int) onnxfile.Attribute { return attrInts(name, v...) }
	real := func(shape []int, v ...float32) *onnxfile.Tensor {
		return &onnxfile.Tensor{Type: onnxfile.Float32, Shape: shape, Floats: v}
	}
	whole := func(shape []int, v ...int64) *onnxfile.Tensor {
		return &onnxfile.Tensor{Type: onnxfile.Int64, Shape: shape, Ints: v}
	}
	x := real([]int{2, 2}, -1, 0, 0.5, 2)
	row := real([]int{1, 1, 1, 5}, 1, 2, 3, 4, 6)
	square := real([]int{1, 1, 3, 3}, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	for i, c := range []struct {
		op     string
		opset  int64
		inputs []*onnxfile.Tensor
		attrs  []onnxfile.Attribute
		shape  []int
		want   []float32
	}{
		{"Conv", 17, []*onnxfile.Tensor{row, real([]int{1, 1, 1, 2}, 1, 10)}, []onnxfile.Attribute{ints("pads", 0, 1, 0, 0)}, []int{1, 1, 1, 5}, []float32{10, 21, 32, 43, 64}},
		{"MaxPool", 17, []*onnxfile.Tensor{real([]int{1, 1, 2, 4}, 1, 5, 3, 2, 4, 0, 7, 6)}, []onnxfile.Attribute{ints("kernel_shape", 2, 2), ints("strides", 2, 2), ints("pads", 0, 1, 0, 0)}, []int{1, 1, 1, 2}, []float32{4, 7}},
		{"MaxPool", 17, []*onnxfile.Tensor{real([]int{1, 1, 3, 3}, 1, 2, 3, 4, 5, 6, 7, 8, 9)}, []onnxfile.Attribute{ints("kernel_shape", 2, 2), ints("strides", 2, 2), attrInt("ceil_mode", 1)}, []int{1, 1, 2, 2}, []float32{5, 6, 8, 9}},
		{"AveragePool", 17, []*onnxfile.Tensor{real([]int{1, 1, 2, 2}, 1, 2, 3, 6)}, []onnxfile.Attribute{ints("kernel_shape", 2, 2), ints("pads", 1, 1, 1, 1)}, []int{1, 1, 3, 3}, []float32{1, 1.5, 2, 2, 3, 4, 3, 4.5, 6}},
		{"AveragePool", 17, []*onnxfile.Tensor{real([]int{1, 1, 2, 2}, 4, 8, 12, 24)}, []onnxfile.Attribute{ints("kernel_shape", 2, 2), ints("pads", 1, 1, 1, 1), attrInt("count_include_pad", 1)}, []int{1, 1, 3, 3}, []float32{1, 3, 2, 4, 12, 8, 3, 9, 6}},
		{"AveragePool", 19, []*onnxfile.Tensor{square}, []onnxfile.Attribute{ints("kernel_shape", 2, 2), ints("strides", 2, 2), attrInt("ceil_mode", 1)}, []int{1, 1, 2, 2}, []float32{3, 4.5, 7.5, 9}},
		{"AveragePool", 19, []*onnxfile.Tensor{square}, []onnxfile.Attribute{ints("kernel_shape", 3, 3), ints("strides", 3, 3), ints("pads", 1, 1, 1, 1), attrInt("ceil_mode", 1)}, []int{1, 1, 2, 2}, []float32{3, 4.5, 7.5, 9}},
		{"AveragePool", 19, []*onnxfile.Tensor{square}, []onnxfile.Attribute{ints("kernel_shape", 3, 3), ints("strides", 3, 3), ints("pads", 1, 1, 1, 1), attrInt("ceil_mode", 1), attrInt("count_include_pad", 1)}, []int{1, 1, 2, 2}, []float32{12. / 9, 1.5, 2.5, 2.25}},
		{"Conv", 19, []*onnxfile.Tensor{row, real([]int{1, 1, 1, 2}, 1, 10)}, []onnxfile.Attribute{attrText("auto_pad", "SAME_UPPER")}, []int{1, 1, 1, 5}, []float32{21, 32, 43, 64, 6}},
		{"Conv", 19, []*onnxfile.Tensor{row, real([]int{1, 1, 1, 3}, 1, 10, 100)}, []onnxfile.Attribute{attrText("auto_pad", "SAME_UPPER"), ints("strides", 1, 2)}, []int{1, 1, 1, 3}, []float32{210, 432, 64}},
		{"MaxPool", 19, []*onnxfile.Tensor{square}, []onnxfile.Attribute{ints("kernel_shape", 2, 2), attrText("auto_pad", "SAME_UPPER")}, []int{1, 1, 3, 3}, []float32{5, 6, 6, 8, 9, 9, 8, 9, 9}},
		{"AveragePool", 19, []*onnxfile.Tensor{square}, []onnxfile.Attribute{ints("kernel_shape", 2, 2), ints("strides", 2, 2), attrText("auto_pad", "SAME_UPPER")}, []int{1, 1, 2, 2}, []float32{3, 4.5, 7.5, 9}},
		{"AveragePool", 19, []*onnxfile.Tensor{square}, []onnxfile.Attribute{ints("kernel_shape", 2, 2), ints("strides", 2, 2), attrText("auto_pad", "SAME_UPPER"), attrInt("count_include_pad", 1)}, []int{1, 1, 2, 2}, []float32{3, 2.25, 3.75, 2.25}},
		{"Conv", 19, []*onnxfile.Tensor{row, real([]int{1, 1, 1, 2}, 1, 10)}, []onnxfile.Attribute{attrText("auto_pad", "SAME_LOWER")}, []int{1, 1, 1, 5}, []float32{10, 21, 32, 43, 64}},
		{"Conv", 19, []*onnxfile.Tensor{row, real([]int{1, 1, 1, 3}, 1, 10, 100)}, []onnxfile.Attribute{attrText("auto_pad", "SAME_LOWER"), ints("strides", 1, 2)}, []int{1, 1, 1, 3}, []float32{210, 432, 64}},
		{"MaxPool", 19, []*onnxfile.Tensor{square}, []onnxfile.Attribute{ints("kernel_shape", 2, 2), attrText("auto_pad", "SAME_LOWER")}, []int{1, 1, 3, 3}, []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{"AveragePool", 19, []*onnxfile.Tensor{square}, []onnxfile.Attribute{ints("kernel_shape", 2, 2), ints("strides", 2, 2), attrText("auto_pad", "SAME_LOWER")}, []int{1, 1, 2, 2}, []float32{1, 2.5, 5.5, 7}},
		{"AveragePool", 19, []*onnxfile.Tensor{square}, []onnxfile.Attribute{ints("kernel_shape", 2, 2), ints("strides", 2, 2), attrText("auto_pad", "SAME_LOWER"), attrInt("count_include_pad", 1)}, []int{1, 1, 2, 2}, []float32{0.25, 1.25, 2.75, 7}},
		{"AveragePool", 19, []*onnxfile.Tensor{square}, []onnxfile.Attribute{ints("kernel_shape", 4, 4), ints("strides", 2, 2), attrInt("ceil_mode", 1)}, []int{1, 1, 1, 1}, []float32{5}},
		{"MaxPool", 19, []*onnxfile.Tensor{square}, []onnxfile.Attribute{ints("kernel_shape", 4, 4), ints("strides", 3, 3), attrInt("ceil_mode", 1)}, []int{1, 1, 1, 1}, []float32{9}},
		{"GlobalMaxPool", 17, []*onnxfile.Tensor{row}, nil, []int{1, 1, 1, 1}, []float32{6}},
		{"Resize", 17, []*onnxfile.Tensor{real([]int{1, 1, 1, 2}, 1, 2), nil, real([]int{4}, 1, 1, 2, 2)}, []onnxfile.Attribute{attrText("coordinate_transformation_mode", "asymmetric"), attrText("nearest_mode", "floor")}, []int{1, 1, 2, 4}, []float32{1, 1, 2, 2, 1, 1, 2, 2}},
		{"Resize", 10, []*onnxfile.Tensor{real([]int{1, 1, 1, 2}, 1, 2), real([]int{4}, 1, 1, 1.5, 1.5)}, nil, []int{1, 1, 1, 3}, []float32{1, 1, 2}},
		{"Resize", 10, []*onnxfile.Tensor{square, real([]int{4}, 1, 1, 0.5, 0.5)}, nil, []int{1, 1, 1, 1}, []float32{1}},
		{"Resize", 17, []*onnxfile.Tensor{row, nil, real([]int{4}, 1, 1, 1.4, 1.4)}, []onnxfile.Attribute{attrText("coordinate_transformation_mode", "asymmetric"), attrText("nearest_mode", "floor")}, []int{1, 1, 1, 7}, []float32{1, 1, 2, 3, 3, 4, 6}},
		{"Resize", 10, []*onnxfile.Tensor{real([]int{1, 1, 1, 3}, 1, 2, 3), real([]int{4}, 1, 1, 5./3, 5./3)}, nil, []int{1, 1, 1, 5}, []float32{1, 1, 2, 2, 3}},
		{"Upsample", 9, []*onnxfile.Tensor{real([]int{1, 1, 1, 2}, 1, 2), real([]int{4}, 1, 1, 2, 2)}, nil, []int{1, 1, 2, 4}, []float32{1, 1, 2, 2, 1, 1, 2, 2}},
		{"Upsample", 7, []*onnxfile.Tensor{real([]int{1, 1, 1, 2}, 1, 2)}, []onnxfile.Attribute{{Name: "scales", Kind: onnxfile.Floats, Floats: []float32{1, 1, 2, 2}}}, []int{1, 1, 2, 4}, []float32{1, 1, 2, 2, 1, 1, 2, 2}},
		{"Sum", 8, []*onnxfile.Tensor{x, real([]int{2}, 1, 2), real(nil, 10)}, nil, []int{2, 2}, []float32{10, 12, 11.5, 14}},
		{"Gemm", 17, []*onnxfile.Tensor{x, real([]int{2, 2}, 1, 2, 3, 4), real([]int{2}, 1, -1)}, []onnxfile.Attribute{attrFloat("alpha", 2), attrFloat("beta", 10), attrInt("transA", 1)}, []int{2, 2}, []float32{11, -10, 22, 6}},
		{"LeakyRelu", 17, []*onnxfile.Tensor{x}, []onnxfile.Attribute{attrFloat("alpha", 0.25)}, []int{2, 2}, []float32{-0.25, 0, 0.5, 2}},
		{"PRelu", 17, []*onnxfile.Tensor{x, real([]int{2}, 0.5, 3)}, nil, []int{2, 2}, []float32{-0.5, 0, 0.5, 2}},
		{"Elu", 17, []*onnxfile.Tensor{x}, []onnxfile.Attribute{attrFloat("alpha", 2)}, []int{2, 2}, []float32{2 * (float32(math.Exp(-1)) - 1), 0, 0.5, 2}},
		{"HardSigmoid", 17, []*onnxfile.Tensor{x}, nil, []int{2, 2}, []float32{0.3, 0.5, 0.6, 0.9}},
		{"HardSwish", 17, []*onnxfile.Tensor{x}, nil, []int{2, 2}, []float32{-1. / 3, 0, 0.5 * 3.5 / 6, 2 * 5. / 6}},
		{"Softplus", 17, []*onnxfile.Tensor{x}, nil, []int{2, 2}, []float32{0.31326169, 0.69314718, 0.97407698, 2.126928}},
		{"Mish", 18, []*onnxfile.Tensor{x}, nil, []int{2, 2}, []float32{-0.30340147, 0, 0.37524524, 1.9439590}},
		{"Reciprocal", 17, []*onnxfile.Tensor{real([]int{2}, 2, -4)}, nil, []int{2}, []float32{0.5, -0.25}},
		{"Clip", 10, []*onnxfile.Tensor{x}, []onnxfile.Attribute{attrFloat("min", -0.5), attrFloat("max", 1)}, []int{2, 2}, []float32{-0.5, 0, 0.5, 1}},
		{"Softmax", 11, []*onnxfile.Tensor{real([]int{1, 2, 2}, 0, 0, 0, 0)}, nil, []int{1, 2, 2}, []float32{0.25, 0.25, 0.25, 0.25}},
		{"Softmax", 13, []*onnxfile.Tensor{real([]int{1, 2, 2}, 0, 0, 0, 0)}, []onnxfile.Attribute{attrInt("axis", 1)}, []int{1, 2, 2}, []float32{0.5, 0.5, 0.5, 0.5}},
		{"Pow", 17, []*onnxfile.Tensor{x, real(nil, 3)}, nil, []int{2, 2}, []float32{-1, 0, 0.125, 8}},
		{"Gather", 17, []*onnxfile.Tensor{x, whole([]int{3}, 1, -2, 1)}, []onnxfile.Attribute{attrInt("axis", 1)}, []int{2, 3}, []float32{0, -1, 0, 2, 0.5, 2}},
		{"Gather", 17, []*onnxfile.Tensor{x, whole(nil, -1)}, nil, []int{2}, []float32{0.5, 2}},
		{"Slice", 17, []*onnxfile.Tensor{row, whole([]int{1}, -3), whole([]int{1}, math.MaxInt64), whole([]int{1}, 3)}, nil, []int{1, 1, 1, 3}, []float32{3, 4, 6}},
		{"Slice", 9, []*onnxfile.Tensor{row}, []onnxfile.Attribute{ints("starts", 1), ints("ends", 3), ints("axes", 3)}, []int{1, 1, 1, 2}, []float32{2, 3}},
		{"Slice", 17, []*onnxfile.Tensor{row, whole([]int{1}, 1), whole([]int{1}, math.MaxInt64), whole([]int{1}, -1), whole([]int{1}, 2)}, nil, []int{1, 1, 1, 2}, []float32{2, 4}},
		{"Slice", 17, []*onnxfile.Tensor{row, whole([]int{1}, -1), whole([]int{1}, math.MinInt64), whole([]int{1}, 3), whole([]int{1}, -1)}, nil, []int{1, 1, 1, 5}, []float32{6, 4, 3, 2, 1}},
		{"Slice", 17, []*onnxfile.Tensor{row, whole([]int{1}, 9), whole([]int{1}, 0), whole([]int{1}, 3), whole([]int{1}, -2)}, nil, []int{1, 1, 1, 2}, []float32{6, 3}},
		{"Slice", 17, []*onnxfile.Tensor{row, whole([]int{1}, 0), whole([]int{1}, 5), whole([]int{1}, 3), whole([]int{1}, math.MaxInt64)}, nil, []int{1, 1, 1, 1}, []float32{1}},
		{"Slice", 17, []*onnxfile.Tensor{row, whole([]int{1}, 3), whole([]int{1}, 1), whole([]int{1}, 3)}, nil, []int{1, 1, 1, 0}, nil},
		{"Slice", 17, []*onnxfile.Tensor{whole([]int{2, 2}, 1, 2, 3, 4), whole([]int{1}, -1), whole([]int{1}, -9), whole([]int{1}, 0), whole([]int{1}, -1)}, nil, []int{2, 2}, []float32{3, 4, 1, 2}},
		{"Slice", 17, []*onnxfile.Tensor{square, whole([]int{2}, 2, 0), whole([]int{2}, -9, 3), whole([]int{2}, 2, 3), whole([]int{2}, -2, 2)}, nil, []int{1, 1, 2, 2}, []float32{7, 9, 1, 3}},
		{"Transpose", 17, []*onnxfile.Tensor{whole([]int{2, 3}, 1, 2, 3, 4, 5, 6)}, nil, []int{3, 2}, []float32{1, 4, 2, 5, 3, 6}},
		{"Split", 17, []*onnxfile.Tensor{x}, []onnxfile.Attribute{attrInt("axis", 1)}, []int{2, 2}, []float32{-1, 0, 0.5, 2}},
		{"Squeeze", 11, []*onnxfile.Tensor{row}, []onnxfile.Attribute{ints("axes", 0, -2)}, []int{1, 5}, []float32{1, 2, 3, 4, 6}},
		{"Unsqueeze", 11, []*onnxfile.Tensor{real([]int{2}, 1, 2)}, []onnxfile.Attribute{ints("axes", 0, 2)}, []int{1, 2, 1}, []float32{1, 2}},
		{"Expand", 17, []*onnxfile.Tensor{real([]int{2, 1}, 1, 2), whole([]int{3}, 1, 1, 2)}, nil, []int{1, 2, 2}, []float32{1, 1, 2, 2}},
		{"Pad", 17, []*onnxfile.Tensor{x, whole([]int{4}, 1, 0, -1, 1), real(nil, 9)}, nil, []int{2, 3}, []float32{9, 9, 9, -1, 0, 9}},
		{"ReduceSum", 17, []*onnxfile.Tensor{x}, nil, []int{1, 1}, []float32{1.5}},
		{"ReduceMax", 17, []*onnxfile.Tensor{x}, []onnxfile.Attribute{ints("axes", -1), attrInt("keepdims", 0)}, []int{2}, []float32{0, 2}},
		{"Concat", 17, []*onnxfile.Tensor{row, row}, []onnxfile.Attribute{attrInt("axis", -1)}, []int{1, 1, 1, 10}, []float32{1, 2, 3, 4, 6, 1, 2, 3, 4, 6}},
		{"Where", 17, []*onnxfile.Tensor{whole([]int{2}, 1, 0), x, real(nil, 7)}, nil, []int{2, 2}, []float32{-1, 7, 0.5, 7}},
		{"Max", 17, []*onnxfile.Tensor{x, real(nil, 0.25), real([]int{2}, -3, 1)}, nil, []int{2, 2}, []float32{0.25, 1, 0.5, 2}},
		{"Mod", 17, []*onnxfile.Tensor{whole([]int{3}, 5, -5, 5), whole([]int{3}, 3, 3, -3)}, nil, []int{3}, []float32{2, 1, -1}},
		{"Mod", 17, []*onnxfile.Tensor{whole([]int{3}, 5, -5, 5), whole([]int{3}, 3, 3, -3)}, []onnxfile.Attribute{attrInt("fmod", 1)}, []int{3}, []float32{2, -2, 2}},
		{"Div", 17, []*onnxfile.Tensor{whole([]int{2}, 7, -7), whole(nil, 2)}, nil, []int{2}, []float32{3, -3}},
		{"Less", 17, []*onnxfile.Tensor{whole([]int{3}, 1, 2, 3), whole(nil, 2)}, nil, []int{3}, []float32{1, 0, 0}},
		{"GreaterOrEqual", 17, []*onnxfile.Tensor{x, real(nil, 0)}, nil, []int{2, 2}, []float32{0, 1, 1, 1}},
		{"Range", 17, []*onnxfile.Tensor{whole(nil, 7), whole(nil, 1), whole(nil, -2)}, nil, []int{3}, []float32{7, 5, 3}},
		{"ConstantOfShape", 17, []*onnxfile.Tensor{whole([]int{2}, 1, 2)}, nil, []int{1, 2}, []float32{0, 0}},
		{"Shape", 17, []*onnxfile.Tensor{row}, []onnxfile.Attribute{attrInt("start", -2)}, []int{2}, []float32{1, 5}},
		{"Cast", 17, []*onnxfile.Tensor{x}, []onnxfile.Attribute{attrInt("to", 7)}, []int{2, 2}, []float32{-1, 0, 0, 2}},
		{"Not", 17, []*onnxfile.Tensor{whole([]int{2}, 1, 0)}, nil, []int{2}, []float32{0, 1}},
	} {
		t.Run(fmt.Sprint(i, c.op), func(t *testing.T) {
			node := onnxfile.Node{Op: c.op, Outputs: []string{"y"}, Attributes: c.attrs}
			if c.op == "Split" {
				node.Outputs = []string{"a", "b"}
			}
			m := &onnxfile.Model{Opset: c.opset}
			for k, in := range c.inputs {
				if in == nil {
					node.Inputs = append(node.Inputs, "")
					continue
				}
				a := *in
				a.Name = fmt.Sprint("_", k)
				node.Inputs = append(node.Inputs, a.Name)
				m.Graph.Initializers = append(m.Graph.Initializers, a)
			}
			m.Graph.Nodes = []onnxfile.Node{node}
			if c.op == "Split" {
				m.Graph.Nodes = append(m.Graph.Nodes, onnxfile.Node{Op: "Concat", Inputs: []string{"a", "b"}, Outputs: []string{"y"}, Attributes: []onnxfile.Attribute{attrInt("axis", 1)}})
			}
			m.Graph.Outputs = []onnxfile.Value{{Name: "y"}}
			n, err := build(m, layers.NewScope(0))
			if err != nil {
				t.Fatal(err)
			}
			r := &run{network: n, ctx: &layers.Ctx{Tape: autograd.NewInference()}, values: make([]datum, n.slots)}
			if err := r.part(len(n.chain) - 1); err != nil {
				t.Fatal(err)
			}
			d := r.datum(&n.outputs[0])
			shape := slices.Clone(d.shape())
			y := datum{real: d.asReal(), last: d.last}
			if got := y.firstTensor().Data(); !slices.Equal(shape, c.shape) || len(got) != len(c.want) || !(difference(got, c.want) <= 1e-5) {
				t.Errorf("it makes %v of the shape %v, want %v of %v", got, shape, c.want, c.shape)
			}
		})
	}
}

// TestGradientsAt0 compares those of smooth operations with the standard's formulas: the parts that they are made of
// have kinks there.
func TestGradientsAt0(t *testing.T) {
	for op, want := range map[string]float32{"Softplus": 0.5, "Elu": 1, "Mish": 0.6, "HardSwish": 0.5} {
		m := &onnxfile.Model{Opset: 22, Graph: onnxfile.Graph{
			Inputs:       []onnxfile.Value{{Name: "x", Type: onnxfile.Float32}},
			Initializers: []onnxfile.Tensor{{Name: "weight", Type: onnxfile.Float32, Shape: []int{2}, Floats: []float32{0, 0}}},
			Nodes: []onnxfile.Node{
				{Op: "Mul", Inputs: []string{"x", "weight"}, Outputs: []string{"zeros"}},
				{Op: op, Inputs: []string{"zeros"}, Outputs: []string{"y"}},
			},
			Outputs: []onnxfile.Value{{Name: "y", Type: onnxfile.Float32}},
		}}
		n, err := build(m, layers.NewScope(0))
		if err != nil {
			t.Fatal(err)
		}
		tape := autograd.NewTape(n.Params())
		x := autograd.FromSlice([]float32{1, -3}, 1, 2)
		got := tape.Backward(ops.Sum(n.Forward(&layers.Ctx{Tape: tape, Mode: layers.Training}, x)))
		if difference(got, []float32{want, -3 * want}) > 1e-5 {
			t.Errorf("%s has the gradients %v, want %v times 1 and -3", op, got, want)
		}
	}
}

// TestOutputsThatNobodyReads may be there: the places of the largest pixels, mean and deviation.
func TestOutputsThatNobodyReads(t *testing.T) {
	m := &onnxfile.Model{Opset: 17, Graph: onnxfile.Graph{
		Inputs:       []onnxfile.Value{{Name: "x", Type: onnxfile.Float32, Shape: []onnxfile.Dim{{Name: "n"}, {Size: 1}, {Size: 1}, {Size: 4}}}},
		Initializers: []onnxfile.Tensor{{Name: "scale", Type: onnxfile.Float32, Shape: []int{2}, Floats: []float32{1, 1}}},
		Nodes: []onnxfile.Node{
			{Op: "MaxPool", Inputs: []string{"x"}, Outputs: []string{"pooled", "places"}, Attributes: []onnxfile.Attribute{attrInts("kernel_shape", 1, 2), attrInts("strides", 1, 2)}},
			{Op: "LayerNormalization", Inputs: []string{"pooled", "scale"}, Outputs: []string{"y", "mean", "deviation"}},
		},
		Outputs: []onnxfile.Value{{Name: "y", Type: onnxfile.Float32}},
	}}
	n, err := build(m, layers.NewScope(0))
	if err != nil {
		t.Fatal(err)
	}
	if y := layers.Predict(n, autograd.FromSlice([]float32{1, 5, 9, 7}, 1, 1, 4, 1)); difference(y.Data(), []float32{-1, 1}) > 1e-4 {
		t.Errorf("the output is %v", y.Data())
	}
	m.Graph.Outputs[0].Name = "deviation"
	n, err = build(m, layers.NewScope(0))
	if err == nil {
		err = n.Check()
	}
	if err == nil || !strings.Contains(err.Error(), "output number 2 is not computed here") {
		t.Errorf("the deviation is read: %v", err)
	}
}

// TestMeanOfVolumes: axes 2 and 3 of five are not those of pictures.
func TestMeanOfVolumes(t *testing.T) {
	vector := func(name string, v float32) onnxfile.Tensor {
		return onnxfile.Tensor{Name: name, Type: onnxfile.Float32, Shape: []int{2}, Floats: []float32{v, v}}
	}
	m := &onnxfile.Model{Opset: 17, Graph: onnxfile.Graph{
		Inputs:       []onnxfile.Value{{Name: "x", Type: onnxfile.Float32}},
		Initializers: []onnxfile.Tensor{vector("gamma", 1), vector("beta", 0), vector("mean", 0), vector("var", 1)},
		Nodes: []onnxfile.Node{
			{Op: "BatchNormalization", Inputs: []string{"x", "gamma", "beta", "mean", "var"}, Outputs: []string{"normal"}, Attributes: []onnxfile.Attribute{attrFloat("epsilon", 1e-12)}},
			{Op: "ReduceMean", Inputs: []string{"normal"}, Outputs: []string{"y"}, Attributes: []onnxfile.Attribute{attrInts("axes", 2, 3), attrInt("keepdims", 0)}},
		},
		Outputs: []onnxfile.Value{{Name: "y", Type: onnxfile.Float32}},
	}}
	n, err := build(m, layers.NewScope(0))
	if err != nil {
		t.Fatal(err)
	}
	x := autograd.FromSlice([]float32{0, 1, 2, 3, 4, 5, 6, 7}, 1, 2, 1, 2, 2)
	y, err := n.Run(&layers.Ctx{Tape: autograd.NewInference()}, Array{Tensor: x})
	if err != nil {
		t.Fatal(err)
	}
	if got := y[0].Tensor; !slices.Equal(got.Shape(), []int{1, 2, 2}) || difference(got.Data(), []float32{1, 2, 5, 6}) > 1e-5 {
		t.Errorf("the means are %v of shape %v", got.Data(), got.Shape())
	}
}

// TestDropoutOfFiles: a node that drops is a place of dropout with the file's probability,
// which acts in training.
func TestDropoutOfFiles(t *testing.T) {
	quarter := onnxfile.Tensor{Type: onnxfile.Float32, Floats: []float32{0.25}}
	for _, m := range []*onnxfile.Model{
		{Opset: 11, Graph: onnxfile.Graph{Nodes: []onnxfile.Node{{Name: "drop", Op: "Dropout", Inputs: []string{"x"}, Outputs: []string{"y"}, Attributes: []onnxfile.Attribute{attrFloat("ratio", 0.25)}}}}},
		{Opset: 17, Graph: onnxfile.Graph{
			Nodes:        []onnxfile.Node{{Name: "drop", Op: "Dropout", Inputs: []string{"x", "ratio"}, Outputs: []string{"y"}}},
			Initializers: []onnxfile.Tensor{{Name: "ratio", Type: onnxfile.Float32, Floats: []float32{0.25}}},
		}},
		{Opset: 17, Graph: onnxfile.Graph{Nodes: []onnxfile.Node{
			{Op: "Constant", Outputs: []string{"ratio"}, Attributes: []onnxfile.Attribute{{Name: "value", Kind: onnxfile.TensorKind, Tensor: &quarter}}},
			{Name: "drop", Op: "Dropout", Inputs: []string{"x", "ratio"}, Outputs: []string{"y"}},
		}}},
	} {
		m.Graph.Inputs = []onnxfile.Value{{Name: "x", Type: onnxfile.Float32, Shape: []onnxfile.Dim{{Name: "n"}, {Size: 1000}}}}
		m.Graph.Outputs = []onnxfile.Value{{Name: "y"}}
		n, err := build(m, layers.NewScope(0))
		if err != nil {
			t.Fatal(err)
		}
		if sites := n.Sites(); len(sites) != 1 || sites[0].Name != "drop" {
			t.Errorf("the places of dropout are %v", sites)
		}
		x := numbers(1, 1000)
		for i := range x.Data() {
			x.Data()[i] = 3
		}
		for mode, least := range map[layers.Mode]int{layers.Prediction: 1000, layers.Training: 650} {
			kept := 0
			for _, v := range n.Forward(&layers.Ctx{Tape: autograd.NewInference(), Mode: mode}, x).Data() {
				if v != 0 {
					kept++
					if want := float32(3); mode == layers.Training && math.Abs(float64(v-want/0.75)) > 1e-5 || mode == layers.Prediction && v != want {
						t.Fatalf("mode %v makes %v of 3", mode, v)
					}
				}
			}
			if kept < least || mode == layers.Training && kept > 850 {
				t.Errorf("mode %v keeps %d of 1000", mode, kept)
			}
		}
	}
}

// TestTrainingModeOfFiles: what a file that was exported in training mode computes besides is
// left out, and the share of the batch in the running statistics is the file's, also 0.
func TestTrainingModeOfFiles(t *testing.T) {
	vector := func(name string, v ...float32) onnxfile.Tensor {
		return onnxfile.Tensor{Name: name, Type: onnxfile.Float32, Shape: []int{2}, Floats: v}
	}
	for momentum, want := range map[float32][]float32{1: {1, 2}, 0.75: {0.75 + 0.25*5, 0.75*2 + 0.25*10}} {
		m := &onnxfile.Model{Opset: 17, Graph: onnxfile.Graph{
			Inputs:       []onnxfile.Value{{Name: "x", Type: onnxfile.Float32, Shape: []onnxfile.Dim{{Name: "n"}, {Size: 2}}}},
			Initializers: []onnxfile.Tensor{vector("bn.weight", 1, 1), vector("bn.bias", 0, 0), vector("bn.running_mean", 1, 2), vector("bn.running_var", 4, 4)},
			Nodes: []onnxfile.Node{
				{Op: "BatchNormalization", Inputs: []string{"x", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"}, Outputs: []string{"normal", "mean", "var"},
					Attributes: []onnxfile.Attribute{attrFloat("momentum", momentum), attrInt("training_mode", 1)}},
				{Op: "Dropout", Inputs: []string{"normal"}, Outputs: []string{"y", "mask"}},
			},
			Outputs: []onnxfile.Value{{Name: "y", Type: onnxfile.Float32}},
		}}
		n, err := build(m, layers.NewScope(0))
		if err != nil {
			t.Fatal(err)
		}
		x := autograd.FromSlice([]float32{4, 8, 6, 12}, 2, 2)
		y, err := n.Run(&layers.Ctx{Tape: autograd.NewInference()}, Array{Tensor: x})
		if err != nil {
			t.Fatal(err)
		}
		if got := y[0].Tensor.Data(); difference(got, []float32{1.5, 3, 2.5, 5}) > 1e-5 {
			t.Errorf("it predicts %v", got)
		}
		tape := autograd.NewTape(n.Params())
		tape.Backward(ops.Mean(n.Forward(&layers.Ctx{Tape: tape}, x)))
		if got := n.Params().Buffers()[0].Data; difference(got, want) > 1e-5 {
			t.Errorf("momentum %v: after a step the running means are %v, want %v", momentum, got, want)
		}
	}
}
