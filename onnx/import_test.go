package onnx

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/gradcheck"
	"autodropout/internal/golden"
	"autodropout/internal/onnxfile"
	"autodropout/layers"
	"autodropout/ops"
)

// TestFilesOfPyTorch reads what both exporters of PyTorch wrote, and compares outputs, for
// the examples together and alone.
func TestFilesOfPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/golden.safetensors")
	for _, name := range []string{"images", "words", "sequences"} {
		for _, exporter := range []string{"script", "dynamo"} {
			t.Run(name+" "+exporter, func(t *testing.T) {
				n, err := Open(filepath.Join("testdata", name+"-"+exporter+".onnx"))
				if err != nil {
					t.Fatal(err)
				}
				tape := autograd.NewInference()
				x := file.Tensor(name + ".x")
				all := Array{Tensor: tape.Input(x.Data(), x.Shape()...)}
				if name == "words" {
					all = Array{IDs: file.Ints(name + ".x"), Shape: x.Shape()}
				}
				y, err := n.Run(&layers.Ctx{Tape: tape}, all)
				if err != nil {
					t.Fatal(err)
				}
				file.Compare(name+".y", y[0].Data(), 1e-5)
				alone := first(tape, all)
				z, err := n.Run(&layers.Ctx{Tape: tape}, alone)
				if err != nil {
					t.Fatal(err)
				}
				if d := difference(z[0].Data(), y[0].Data()[:z[0].Tensor.Len()]); !(d <= 1e-5) {
					t.Errorf("an example alone differs by %g", d)
				}
				if !strings.HasPrefix(n.Producer, "pytorch 2.15.0") || n.Opset < 17 {
					t.Errorf("the file is said to be of %s and version %d", n.Producer, n.Opset)
				}
			})
		}
	}
}

// TestKernelsStay wants a pass to leave the weights of convolutions in their order of axes: to bring them into
// the file's took most of the time of a prediction.
func TestKernelsStay(t *testing.T) {
	file := golden.Load(t, "testdata/golden.safetensors")
	for _, exporter := range []string{"script", "dynamo"} {
		n, err := Open(filepath.Join("testdata", "images-"+exporter+".onnx"))
		if err != nil {
			t.Fatal(err)
		}
		tape := autograd.NewInference()
		convolutions := 0
		tape.Watch = func(r autograd.Result) {
			switch {
			case r.Op == "ops.Conv2D":
				convolutions++
			case r.Op == "ops.Transpose" && slices.ContainsFunc(n.params.All(), func(p *autograd.Param) bool { return &p.Data()[0] == &r.Inputs[0].Data()[0] }):
				t.Errorf("%s: a weight of shape %v is transposed", exporter, r.Inputs[0].Shape())
			}
		}
		x := file.Tensor("images.x")
		n.Forward(&layers.Ctx{Tape: tape}, tape.Input(x.Data(), x.Shape()...))
		if convolutions == 0 {
			t.Errorf("%s: nothing was convolved", exporter)
		}
	}
}

// first returns the first example of a batch.
func first(tape *autograd.Tape, a Array) Array {
	if a.IDs != nil {
		return Array{IDs: a.IDs[:len(a.IDs)/a.Shape[0]], Shape: append([]int{1}, a.Shape[1:]...)}
	}
	shape := slices.Clone(a.Tensor.Shape())
	data := a.Data()[:a.Len()/shape[0]]
	shape[0] = 1
	return Array{Tensor: tape.Input(data, shape...)}
}

// TestImportedNetworksTrain takes some steps with each network, after which the loss is
// lower, and compares the gradient with differences of the loss.
func TestImportedNetworksTrain(t *testing.T) {
	file := golden.Load(t, "testdata/golden.safetensors")
	for _, name := range []string{"images-script", "images-dynamo", "words-dynamo", "sequences-dynamo"} {
		t.Run(name, func(t *testing.T) {
			n, err := Open(filepath.Join("testdata", name+".onnx"))
			if err != nil {
				t.Fatal(err)
			}
			kind, _, _ := strings.Cut(name, "-")
			x := file.Tensor(kind + ".x")
			loss := func(tape *autograd.Tape, mode layers.Mode) *autograd.Tensor {
				in := Array{Tensor: tape.Input(x.Data(), x.Shape()...)}
				if kind == "words" {
					in = Array{IDs: file.Ints(kind + ".x"), Shape: x.Shape()}
				}
				y, err := n.Run(&layers.Ctx{Tape: tape, Mode: mode}, in)
				if err != nil {
					t.Fatal(err)
				}
				rows := ops.Reshape(y[0].Tensor, -1, y[0].Tensor.Dim(-1))
				labels := make([]int, rows.Dim(0))
				labels[0] = 1
				return ops.CrossEntropy(rows, labels, ops.CrossEntropySpec{})
			}
			tape := autograd.NewTape(n.Params())
			var before, after float32
			for i := range 20 {
				tape.Reset()
				l := loss(tape, layers.Training)
				if i == 0 {
					before = l.Item()
				}
				after = l.Item()
				for i, g := range tape.Backward(l) {
					n.Params().Flat()[i] -= 0.3 * g
				}
			}
			if !(after < 0.8*before) {
				t.Errorf("after twenty steps the loss is %g, before them %g", after, before)
			}
		})
	}
}

// TestBody: without its classifier a network gives features, and the parameters of the
// classifier are not there.
func TestBody(t *testing.T) {
	for name, width := range map[string]int{"images-script": 4, "images-dynamo": 4, "words-dynamo": 6} {
		whole, err := Open(filepath.Join("testdata", name+".onnx"))
		if err != nil {
			t.Fatal(err)
		}
		s := layers.NewScope(1)
		body, err := Body(s.Sub("body"), filepath.Join("testdata", name+".onnx"))
		if err != nil {
			t.Fatal(err)
		}
		tape := autograd.NewInference()
		in := Array{Tensor: tape.Input(make([]float32, 3*16*14*3), 3, 16, 14, 3)}
		if name == "words-dynamo" {
			in = Array{IDs: make([]int, 15), Shape: []int{3, 5}}
		}
		y, err := body.Run(&layers.Ctx{Tape: tape}, in)
		if err != nil || !slices.Equal(y[0].Tensor.Shape(), []int{3, width}) {
			t.Errorf("%s: the features have shape %v, %v", name, y, err)
		}
		if body.Params() != s.Params() {
			t.Errorf("%s: the parameters are in another set than the scope's", name)
		}
		for _, p := range body.Params().All() {
			if !strings.HasPrefix(p.Name, "body.") || strings.Contains(p.Name, "classifier") || strings.Contains(p.Name, "out.weight") {
				t.Errorf("%s has the parameter %s", name, p.Name)
			}
		}
		if all, few := len(whole.Params().All()), len(body.Params().All()); few != all-2 {
			t.Errorf("%s has %d parameters of %d", name, few, all)
		}
	}
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := Of(layers.NewModel(layers.NewScope(1), layers.Func(ops.ReLU)), 4).Save(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Body(layers.NewScope(1), path); err == nil || !strings.Contains(err.Error(), "no classifier") {
		t.Errorf("a network without a classifier: %v", err)
	}
}

// TestMeaningOfNames: what the file calls by a name of its own is a parameter of that
// name; a matrix that is read twice is one, a vector two; and constants are none.
func TestMeaningOfNames(t *testing.T) {
	m := &onnxfile.Model{Opset: 17, Graph: onnxfile.Graph{
		Inputs: []onnxfile.Value{{Name: "x", Type: onnxfile.Float32, Shape: []onnxfile.Dim{{Name: "n"}, {Size: 2}}}},
		Initializers: []onnxfile.Tensor{
			{Name: "tied.weight", Type: onnxfile.Float32, Shape: []int{2, 2}, Floats: []float32{1, 2, 3, 4}},
			{Name: "tied.bias", Type: onnxfile.Float32, Shape: []int{2}, Floats: []float32{5, 6}},
			{Name: "val_1", Type: onnxfile.Float32, Shape: []int{2}, Floats: []float32{1, 1}},
		},
		Nodes: []onnxfile.Node{
			{Op: "Gemm", Inputs: []string{"x", "tied.weight", "tied.bias"}, Outputs: []string{"a"}},
			{Op: "Gemm", Inputs: []string{"a", "tied.weight", "tied.bias"}, Outputs: []string{"b"}},
			{Op: "Add", Inputs: []string{"b", "val_1"}, Outputs: []string{"y"}},
		},
		Outputs: []onnxfile.Value{{Name: "y", Type: onnxfile.Float32}},
	}}
	n, err := build(m, layers.NewScope(0))
	if err != nil {
		t.Fatal(err)
	}
	names := paramNames(n)
	if want := []string{"tied.weight", "tied.bias", "tied.bias.2"}; !slices.Equal(names, want) {
		t.Errorf("the parameters are %v, want %v", names, want)
	}
	y := layers.Predict(n, autograd.FromSlice([]float32{1, 0}, 1, 2))
	// (1 2)+(5 6) = (6 8); (6 8)*w = (30 44), +(5 6)+1.
	if want := []float32{36, 51}; !slices.Equal(y.Data(), want) {
		t.Errorf("the output is %v, want %v", y.Data(), want)
	}
}

// TestNetworksThatCannotBe: each wrong file has one error that says where.
func TestNetworksThatCannotBe(t *testing.T) {
	base := func() *onnxfile.Model {
		return &onnxfile.Model{Opset: 17, Graph: onnxfile.Graph{
			Inputs:       []onnxfile.Value{{Name: "x", Type: onnxfile.Float32, Shape: []onnxfile.Dim{{Name: "n"}, {Size: 3}, {Size: 8}, {Size: 8}}}},
			Initializers: []onnxfile.Tensor{{Name: "w", Type: onnxfile.Float32, Shape: []int{2, 3, 1, 1}, Floats: make([]float32, 6)}},
			Nodes:        []onnxfile.Node{{Name: "first", Op: "Conv", Inputs: []string{"x", "w"}, Outputs: []string{"y"}}},
			Outputs:      []onnxfile.Value{{Name: "y", Type: onnxfile.Float32}},
		}}
	}
	attribute := func(name string, ints ...int64) []onnxfile.Attribute {
		return []onnxfile.Attribute{{Name: name, Kind: onnxfile.Ints, Ints: ints}}
	}
	for want, change := range map[string]func(m *onnxfile.Model){
		`node "first" (NonMaxSuppression): the operation is not supported`: func(m *onnxfile.Model) { m.Graph.Nodes[0].Op = "NonMaxSuppression" },
		`(com.microsoft.Conv): the operation is not supported`:             func(m *onnxfile.Model) { m.Graph.Nodes[0].Domain = "com.microsoft" },
		"are of version 5":      func(m *onnxfile.Model) { m.Opset = 5 },
		"nothing before it":     func(m *onnxfile.Model) { m.Graph.Nodes[0].Inputs[0] = "y" },
		"of another value":      func(m *onnxfile.Model) { m.Graph.Nodes = append(m.Graph.Nodes, m.Graph.Nodes[0]) },
		"two of its tensors":    func(m *onnxfile.Model) { m.Graph.Initializers = append(m.Graph.Initializers, m.Graph.Initializers[0]) },
		"outputs has no name":   func(m *onnxfile.Model) { m.Graph.Outputs[0].Name = "" },
		"it has no outputs":     func(m *onnxfile.Model) { m.Graph.Outputs = nil },
		"it has no input":       func(m *onnxfile.Model) { m.Graph.Nodes[0].Inputs[1] = "" },
		"stride or dilation":    func(m *onnxfile.Model) { m.Graph.Nodes[0].Attributes = attribute("strides", 0, 1) },
		"its padding is":        func(m *onnxfile.Model) { m.Graph.Nodes[0].Attributes = attribute("pads", -1, 0, 0, 0) },
		"only pictures, of two": func(m *onnxfile.Model) { m.Graph.Nodes[0].Attributes = attribute("strides", 1) },
		"its kernel_shape is":   func(m *onnxfile.Model) { m.Graph.Nodes[0].Attributes = attribute("kernel_shape", 3, 3) },
		"Cin of x":              func(m *onnxfile.Model) { m.Graph.Initializers[0].Shape = []int{3, 2, 1, 1} },
		"without dilation": func(m *onnxfile.Model) {
			m.Graph.Nodes[0] = onnxfile.Node{Op: "MaxPool", Inputs: []string{"x"}, Outputs: []string{"y"}, Attributes: slices.Concat(attribute("kernel_shape", 2, 2), attribute("strides", 2, 2), attribute("dilations", 2, 2))}
		},
		"antialias": func(m *onnxfile.Model) {
			m.Graph.Nodes[0] = onnxfile.Node{Op: "Resize", Inputs: []string{"x"}, Outputs: []string{"y"}, Attributes: []onnxfile.Attribute{attrText("mode", "linear"), attrInt("antialias", 1)}}
		},
		"(spatial=0)": func(m *onnxfile.Model) {
			m.Opset = 8
			m.Graph.Nodes[0] = onnxfile.Node{Op: "BatchNormalization", Inputs: []string{"x", "w", "w", "w", "w"}, Outputs: []string{"y"}, Attributes: []onnxfile.Attribute{attrInt("spatial", 0)}}
		},
		"differently before version 11": func(m *onnxfile.Model) {
			m.Opset = 10
			m.Graph.Initializers[0] = onnxfile.Tensor{Name: "w", Type: onnxfile.Float32, Shape: []int{4}, Floats: []float32{1, 1, 0.75, 0.75}}
			m.Graph.Nodes[0] = onnxfile.Node{Op: "Resize", Inputs: []string{"x", "w"}, Outputs: []string{"y"}}
		},
		"keep_aspect_ratio_policy": func(m *onnxfile.Model) {
			m.Graph.Nodes[0] = onnxfile.Node{Op: "Resize", Inputs: []string{"x"}, Outputs: []string{"y"}, Attributes: []onnxfile.Attribute{attrText("mode", "linear"), attrText("keep_aspect_ratio_policy", "not_larger")}}
		},
		"not a number that the file holds": func(m *onnxfile.Model) {
			m.Graph.Nodes = append(m.Graph.Nodes, onnxfile.Node{Op: "Dropout", Inputs: []string{"y", "y"}, Outputs: []string{"z"}})
		},
		"more than 268435456": func(m *onnxfile.Model) {
			m.Graph.Nodes[0].Attributes = attribute("pads", 60_000, 60_000, 60_000, 60_000)
		},
	} {
		m := base()
		change(m)
		n, err := build(m, layers.NewScope(0))
		if err == nil {
			err = n.Check()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
	if n, err := build(base(), layers.NewScope(0)); err != nil || n.Check() != nil {
		t.Errorf("the network that is not changed is refused: %v", err)
	}
}

// TestNetworksThatCannotBeWritten: one error says which operation, and where.
func TestNetworksThatCannotBeWritten(t *testing.T) {
	calls := 0
	for want, c := range map[string]struct {
		layer layers.Func
		shape []int
	}{
		"ops.Pick of [[2 4]] (operation 2 of 2, at or behind the parameter fc.bias) cannot be written": {func(x *autograd.Tensor) *autograd.Tensor {
			return ops.Pick(x, make([]int, x.Dim(0)))
		}, []int{4}},
		"differ in size": {func(x *autograd.Tensor) *autograd.Tensor { return ops.AdaptiveAvgPool2D(x, 2, 2) }, []int{5, 4, 4}},
		"for two examples and": {func(x *autograd.Tensor) *autograd.Tensor {
			if x.Dim(0) == 2 {
				return ops.ReLU(x)
			}
			return ops.Exp(x)
		}, []int{4}},
		"some of the examples": {func(x *autograd.Tensor) *autograd.Tensor { return ops.Slice(x, 0, 0, 1) }, []int{4}},
		"other ones for other inputs": {func(x *autograd.Tensor) *autograd.Tensor {
			return ops.Mul(x, autograd.FromSlice([]float32{x.Data()[0]}))
		}, []int{4}},
		"differs from example to example": {func(x *autograd.Tensor) *autograd.Tensor {
			return ops.Add(x, autograd.FromSlice(slices.Clone(x.Data()), x.Shape()...))
		}, []int{4}},
		"a constant of shape": {func(x *autograd.Tensor) *autograd.Tensor {
			return ops.MatMul(x, autograd.New(4, x.Dim(0)), ops.MatMulSpec{})
		}, []int{4}},
		"computes another output": {func(x *autograd.Tensor) *autograd.Tensor {
			calls++ // the file says what the first trace did
			return ops.Scale(x, float32(calls))
		}, []int{4}},
		"whole numbers that are no input": {func(x *autograd.Tensor) *autograd.Tensor {
			return ops.Embedding(x, make([]int, x.Dim(0)))
		}, []int{4}},
	} {
		s := layers.NewScope(1)
		fc := layers.NewLinear(s.Sub("fc"), layers.LinearConfig{In: 4, Out: 4})
		path := filepath.Join(t.TempDir(), "no.onnx")
		err := Of(layers.NewModel(s, layers.Sequential{fc, c.layer}), c.shape...).Save(path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
		if _, err := Open(path); err == nil {
			t.Errorf("a file was written in spite of %q", want)
		}
	}
}

func TestErf(t *testing.T) {
	x := autograd.FromSlice([]float32{-2, -0.3, 0, 0.4, 1.5}, 5)
	if d := difference(erf(x).Data(), []float32{-0.9953223, -0.3286268, 0, 0.4283924, 0.9661051}); !(d <= 1e-6) {
		t.Errorf("erf is %v", erf(x).Data())
	}
	gradcheck.Check(t, "erf", func(in []*autograd.Tensor) *autograd.Tensor { return erf(in[0]) }, []*autograd.Tensor{x}, gradcheck.Options{})
}

// TestSharedByIdentity: PyTorch's exporter writes equal arrays once and gives them their other
// names by nodes in front. They are parameters as others, and the blocks are found.
func TestSharedByIdentity(t *testing.T) {
	vector := func(name string, v ...float32) onnxfile.Tensor {
		return onnxfile.Tensor{Name: name, Type: onnxfile.Float32, Shape: []int{len(v)}, Floats: v}
	}
	matrix := func(name string, shape ...int) onnxfile.Tensor {
		n, _ := elements(shape)
		return onnxfile.Tensor{Name: name, Type: onnxfile.Float32, Shape: shape, Floats: slices.Repeat([]float32{0.5}, n)}
	}
	again := func(from, name string) onnxfile.Node {
		return onnxfile.Node{Op: "Identity", Inputs: []string{from}, Outputs: []string{name}}
	}
	path := filepath.Join(t.TempDir(), "model.onnx")
	m := &onnxfile.Model{Opset: 17, Graph: onnxfile.Graph{
		Inputs:       []onnxfile.Value{{Name: "x", Type: onnxfile.Float32, Shape: []onnxfile.Dim{{Name: "n"}, {Size: 2}, {Size: 4}, {Size: 4}}}},
		Initializers: []onnxfile.Tensor{matrix("a.weight", 2, 2, 1, 1), vector("a.bias", 0.25, 0.25), vector("bn.running_var", 1, 1), vector("bn.running_mean", 0, 0), matrix("fc.weight", 2, 2)},
		Nodes: []onnxfile.Node{
			again("a.bias", "b.bias"), again("b.bias", "fc.bias"), again("bn.running_var", "bn.weight"), again("bn.running_mean", "bn.bias"), again("a.weight", "b.weight"),
			{Name: "a", Op: "Conv", Inputs: []string{"x", "a.weight", "a.bias"}, Outputs: []string{"first"}},
			{Name: "bn", Op: "BatchNormalization", Inputs: []string{"first", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"}, Outputs: []string{"normal"}},
			{Name: "b", Op: "Conv", Inputs: []string{"normal", "b.weight", "b.bias"}, Outputs: []string{"second"}},
			{Name: "pool", Op: "GlobalAveragePool", Inputs: []string{"second"}, Outputs: []string{"pooled"}},
			{Name: "flat", Op: "Flatten", Inputs: []string{"pooled"}, Outputs: []string{"features"}},
			{Name: "fc", Op: "Gemm", Inputs: []string{"features", "fc.weight", "fc.bias"}, Outputs: []string{"y"}},
		},
		Outputs: []onnxfile.Value{{Name: "y", Type: onnxfile.Float32}},
	}}
	if err := onnxfile.WriteFile(path, m); err != nil {
		t.Fatal(err)
	}
	n, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	names := paramNames(n)
	slices.Sort(names)
	if want := []string{"a.bias", "a.weight", "b.bias", "bn.bias", "bn.weight", "fc.bias", "fc.weight"}; !slices.Equal(names, want) {
		t.Errorf("the parameters are %v, want %v", names, want)
	}
	d, err := n.Divide(4, 4, 2)
	if err != nil || len(d.Stages) != 1 || len(d.Stages[0]) != 2 {
		t.Errorf("the blocks are %+v, error %v, want two", d, err)
	}
	if _, err := Body(layers.NewScope(0), path); err != nil {
		t.Error(err)
	}
}

// paramNames lists the parameters of a network.
func paramNames(n *Network) (names []string) {
	for _, p := range n.Params().All() {
		names = append(names, p.Name)
	}
	return names
}
