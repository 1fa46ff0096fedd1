package serve_test

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/data/imaging"
	"autodropout/internal/onnxfile"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/onnx"
	"autodropout/ops"
	"autodropout/serve"
)

// imageFile is a network of another program.
const imageFile = "../onnx/testdata/images-dynamo.onnx"

// open returns a predictor for a folder or a file.
func open(t *testing.T, path string) *serve.Predictor {
	t.Helper()
	p, err := serve.Open(path, serve.Config{Batch: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// close32 reports whether probabilities are equal but for rounding.
func close32(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Abs(float64(x-y)) <= 1e-5 })
}

// TestONNX saves a network in a folder and in a file, each with all of a description, and wants the same
// classes and predictions of both.
func TestONNX(t *testing.T) {
	h := header(t)
	h.Shorter, h.Filter, h.Mean, h.Std = 20, imaging.Bicubic, [3]float32{0.1, 0.2, 0.3}, [3]float32{0.5, 0.6, 0.7}
	h.Height, h.Width = 17, 17
	m, err := models.NewPhotographic("resnet-18", 4, classes, 7)
	if err != nil {
		t.Fatal(err)
	}
	n := serve.Describe("resnet-18", 4, h)
	folder, file := filepath.Join(t.TempDir(), "served"), filepath.Join(t.TempDir(), "model.onnx")
	for path, save := range map[string]func(string, models.Photographic) error{folder: n.Save, file: n.SaveONNX} {
		if err := save(path, m); err != nil {
			t.Fatal(err)
		}
	}
	a, b := open(t, folder), open(t, file)
	if !slices.Equal(a.Classes(), h.Classes) || !slices.Equal(b.Classes(), h.Classes) {
		t.Errorf("the classes are %v and %v, want %v", a.Classes(), b.Classes(), h.Classes)
	}
	for i := range 3 {
		want, err := a.Predict(t.Context(), photo(i))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := b.Predict(t.Context(), photo(i)); err != nil || !close32(got, want) {
			t.Errorf("image %d: %v, error %v, want %v", i, got, err, want)
		}
	}
}

// TestONNXOfOthers wants a file without a description to be served as torchvision's networks are, with numbers
// for classes.
func TestONNXOfOthers(t *testing.T) {
	p := open(t, imageFile)
	m, err := onnx.Open(imageFile)
	if err != nil {
		t.Fatal(err)
	}
	h := header(t)
	h.Width = 14
	x := prepared(t, h, photo(1))
	want := ops.Softmax(layers.Predict(m, autograd.FromSlice(x, 1, h.Height, h.Width, 3))).Data()
	got, err := p.Predict(t.Context(), photo(1))
	if err != nil || !close32(got, want) || p.Classes()[len(want)-1] != string(rune('0'+len(want)-1)) {
		t.Errorf("%v of the classes %v, error %v, want %v", got, p.Classes(), err, want)
	}
}

// changed computes what change makes of the outputs of a network.
type changed struct {
	*network
	change func(x *autograd.Tensor) *autograd.Tensor
}

func (m *changed) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	return m.change(m.network.Forward(c, x))
}

// TestONNXRefused wants a sentence about a file that cannot be served.
func TestONNXRefused(t *testing.T) {
	write := func(m layers.Model, metadata map[string]string) string {
		e := onnx.Of(m, 16, 16, 3)
		e.Metadata = metadata
		path := filepath.Join(t.TempDir(), "model.onnx")
		if err := e.Save(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	m := newNetwork(classes)
	one := func(x *autograd.Tensor) *autograd.Tensor { return ops.Reshape(x, -1) }
	for _, c := range []struct{ path, want string }{
		{filepath.Join(t.TempDir(), "nothing.onnx"), "no such file"},
		{"../onnx/testdata/words-script.onnx", "cannot be served"},
		{"../onnx/testdata/sequences-dynamo.onnx", "cannot be served"},
		{write(m, map[string]string{"classes": `["a","b"]`}), "there are 2 classes"},
		{write(m, map[string]string{"classes": `a, b`}), `"a, b" as classes`},
		{write(m, map[string]string{"filter": `"lanczos"`}), `"lanczos" as filter`},
		{write(m, map[string]string{"shorter": `8`}), "shorter side"},
		{write(m, map[string]string{"std": `[1,0,1]`}), "the standard deviation 0"},
		{write(&changed{m, one}, nil), "examples along the first axis"},
	} {
		_, err := serve.Open(c.path, serve.Config{})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want a sentence with %q", c.path, err, c.want)
		}
	}
}

// averaging writes a network that averages whatever pictures it is given, and so takes any: those of the lengths
// behind the number of examples, of which 0 are open. With last they come with the channels last.
func averaging(t *testing.T, last bool, lengths ...int) string {
	t.Helper()
	weight := onnxfile.Tensor{Name: "weight", Type: onnxfile.Float32, Shape: []int{2, 3, 1, 1}, Floats: []float32{1, 2, 3, 4, 5, 6}}
	in := onnxfile.Value{Name: "picture", Type: onnxfile.Float32, Shape: []onnxfile.Dim{{Name: "batch"}}}
	for _, n := range lengths {
		in.Shape = append(in.Shape, onnxfile.Dim{Size: n})
	}
	first, nodes := in.Name, []onnxfile.Node(nil)
	if last {
		first = "first"
		order := onnxfile.Attribute{Name: "perm", Kind: onnxfile.Ints, Ints: []int64{0, 3, 1, 2}}
		nodes = append(nodes, onnxfile.Node{Op: "Transpose", Inputs: []string{in.Name}, Outputs: []string{first}, Attributes: []onnxfile.Attribute{order}})
	}
	nodes = append(nodes,
		onnxfile.Node{Op: "Conv", Inputs: []string{first, weight.Name}, Outputs: []string{"maps"}},
		onnxfile.Node{Op: "GlobalAveragePool", Inputs: []string{"maps"}, Outputs: []string{"means"}},
		onnxfile.Node{Op: "Flatten", Inputs: []string{"means"}, Outputs: []string{"logits"}},
	)
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := onnxfile.WriteFile(path, &onnxfile.Model{IR: 8, Opset: 17, Graph: onnxfile.Graph{
		Inputs: []onnxfile.Value{in}, Initializers: []onnxfile.Tensor{weight}, Nodes: nodes, Outputs: []onnxfile.Value{{Name: "logits", Type: onnxfile.Float32}},
	}}); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestChannelsLast wants networks that take pictures with the channels last to be refused with what to do: they would
// be given something else. Those with the channels first are served, whatever else their files leave open.
func TestChannelsLast(t *testing.T) {
	for _, c := range []struct {
		lengths []int
		want    string
	}{
		{[]int{16, 16, 3}, "(N, 16, 16, 3)"},
		{[]int{0, 0, 3}, "(N, ?, ?, 3)"},
	} {
		_, err := serve.Open(averaging(t, true, c.lengths...), serve.Config{})
		if err == nil || !strings.Contains(err.Error(), "picture is "+c.want) || !strings.Contains(err.Error(), "--inputs-as-nchw picture") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: error %v, want a sentence with %q", c.lengths, err, c.want)
		}
	}
	for _, lengths := range [][]int{{3, 16, 16}, {3, 0, 0}, {0, 16, 16}, {0, 0, 0}} {
		p, err := serve.Open(averaging(t, false, lengths...), serve.Config{Batch: 1})
		if err != nil {
			t.Errorf("%v: %v", lengths, err)
			continue
		}
		p.Close()
	}
}
