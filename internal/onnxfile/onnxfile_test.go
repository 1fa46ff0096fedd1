package onnxfile

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"autodropout/internal/sizedtest"
)

// sample has every kind of what a file holds.
func sample() *Model {
	large := Tensor{Name: "large", Type: Float32, Shape: []int{20, 20}, Floats: make([]float32, 400)}
	for i := range large.Floats {
		large.Floats[i] = float32(i)
	}
	return &Model{IR: 8, Opset: 17, Producer: "test", Version: "1", Metadata: []Entry{{"key", "value"}}, Graph: Graph{
		Name: "graph",
		Nodes: []Node{{Name: "node", Op: "Op", Domain: "domain", Inputs: []string{"x", "", "large"}, Outputs: []string{"y"}, Attributes: []Attribute{
			{Name: "f", Kind: Float, Float: -1.5}, {Name: "i", Kind: Int, Int: -7}, {Name: "s", Kind: String, String: "text"},
			{Name: "t", Kind: TensorKind, Tensor: &Tensor{Name: "inner", Type: Int32, Shape: []int{2}, Ints: []int64{-1, 5}}},
			{Name: "fs", Kind: Floats, Floats: []float32{1, float32(math.Inf(1))}}, {Name: "is", Kind: Ints, Ints: []int64{3, -4}}, {Name: "ss", Kind: Strings, Strings: []string{"a", ""}},
		}}},
		Initializers: []Tensor{large, {Name: "small", Type: Int64, Shape: []int{3}, Ints: []int64{1, -2, 1 << 40}}, {Name: "scalar", Type: Float32, Floats: []float32{2.5}}},
		Inputs:       []Value{{Name: "x", Type: Float32, Shape: []Dim{{Name: "batch"}, {Size: 3}}}},
		Outputs:      []Value{{Name: "y", Type: Int64, Shape: []Dim{{Size: 2}}}},
	}}
}

func TestThereAndBack(t *testing.T) {
	for name, most := range map[string]int64{"one file": mostInline, "two files": 0} {
		path := filepath.Join(t.TempDir(), "model.onnx")
		if err := writeFile(path, sample(), most); err != nil {
			t.Fatal(err)
		}
		got, err := ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, sample()) {
			t.Errorf("%s: read %+v, want %+v", name, got, sample())
		}
		info, err := os.Stat(path + ".data")
		if there := err == nil; there != (most == 0) || there && info.Size() != 1600 {
			t.Errorf("%s: the file of weights: %v, %v", name, info, err)
		}
		// A network written over it leaves none of its weights behind.
		if err := WriteFile(path, sample()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path + ".data"); !os.IsNotExist(err) {
			t.Errorf("%s: the old file of weights is still there: %v", name, err)
		}
	}
}

// TestWeightsStayAfterAFailure: a network that cannot be written takes nothing from the one that was there before.
func TestWeightsStayAfterAFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.Mkdir(path, 0o755); err != nil { // in the way of the file
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".data", []byte("weights"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, sample()); err == nil {
		t.Error("a folder is written over")
	}
	if content, err := os.ReadFile(path + ".data"); err != nil || string(content) != "weights" {
		t.Errorf("the weights are %q, %v", content, err)
	}
}

// TestElements: lists of numbers come in both forms, and the types of elements in fields
// of their own.
func TestElements(t *testing.T) {
	field := func(number protowire.Number, b []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), b)
	}
	number := func(n protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), v)
	}
	for name, c := range map[string]struct {
		message []byte
		want    Tensor
	}{
		"floats":     {slices.Concat(number(1, 2), number(2, 1), field(4, []byte{0, 0, 128, 63, 0, 0, 0, 64})), Tensor{Type: Float32, Shape: []int{2}, Floats: []float32{1, 2}}},
		"packed":     {slices.Concat(field(1, []byte{1, 2}), number(2, 7), field(7, []byte{5, 6})), Tensor{Type: Int64, Shape: []int{1, 2}, Ints: []int64{5, 6}}},
		"one by one": {slices.Concat(number(1, 2), number(2, 7), number(7, 5), number(7, 6)), Tensor{Type: Int64, Shape: []int{2}, Ints: []int64{5, 6}}},
		"half":       {slices.Concat(number(1, 1), number(2, 10), number(5, 0x3e00)), Tensor{Type: Float16, Shape: []int{1}, Floats: []float32{1.5}}},
		"brain":      {slices.Concat(number(1, 1), number(2, 16), field(9, []byte{0xc0, 0x3f})), Tensor{Type: BFloat16, Shape: []int{1}, Floats: []float32{1.5}}},
		"double":     {slices.Concat(number(2, 11), field(10, []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x3f})), Tensor{Type: Float64, Floats: []float32{1.5}}},
		"bool":       {slices.Concat(number(1, 2), number(2, 9), field(9, []byte{1, 0})), Tensor{Type: Bool, Shape: []int{2}, Ints: []int64{1, 0}}},
		"int8":       {slices.Concat(number(1, 1), number(2, 3), field(9, []byte{0xff})), Tensor{Type: Int8, Shape: []int{1}, Ints: []int64{-1}}},
		"uint8":      {slices.Concat(number(1, 1), number(2, 2), field(9, []byte{0xff})), Tensor{Type: Uint8, Shape: []int{1}, Ints: []int64{255}}},
	} {
		m, err := Read(field(7, field(5, c.message)), nil)
		if err != nil || !reflect.DeepEqual(m.Graph.Initializers[0], c.want) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

// TestStrangers: what files claim is checked, and said in one sentence.
func TestStrangers(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "models")
	for name, content := range map[string]string{filepath.Join(folder, "weights"): "0123456789", filepath.Join(folder, "..", "secret"): "0123456789"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join("..", "secret"), filepath.Join(folder, "link")); err != nil {
		t.Log(err) // not everywhere
	}
	outside := func(location, offset, length string) func(tensor *message) {
		return func(tensor *message) {
			tensor.number(1, 2)
			tensor.number(2, int64(Float32))
			tensor.nest(13, entry("location", location))
			tensor.nest(13, entry("offset", offset))
			tensor.nest(13, entry("length", length))
			tensor.number(14, 1)
		}
	}
	for want, fill := range map[string]func(tensor *message){
		"shape [2 3] stands for 24 bytes, it has 8": func(m *message) { m.number(1, 2); m.number(1, 3); m.number(2, 1); m.text(9, "01234567") },
		"stands for 6 elements, it has 0":           func(m *message) { m.number(1, 2); m.number(1, 3); m.number(2, 1) },
		"more than a program can hold": func(m *message) {
			m.number(1, math.MaxInt32)
			m.number(1, math.MaxInt32)
			m.number(1, math.MaxInt32)
			m.number(2, 1)
		},
		"an axis of length -1": func(m *message) { m.number(1, -1); m.number(2, 1) },
		"more than 16 axes": func(m *message) {
			for range 17 {
				m.number(1, 1)
			}
		},
		"have type 8":                 func(m *message) { m.number(2, 8) },
		"elements twice":              func(m *message) { m.number(1, 1); m.number(2, 1); m.float(4, 1); m.text(9, "0123") },
		"has 8 bytes and the file 10": outside("weights", "4", "8"),
		"4 bytes long, but has 8":     outside("weights", "0", "4"),
		`"-1" is no place`:            outside("weights", "-1", "8"),
		"path escapes":                outside("../secret", "0", "8"),
		"escapes from parent":         outside("link", "0", "8"),
		"must be in the folder":       outside("nowhere", "0", "8"),
		"not a file but a folder":     outside(".", "0", "8"),
	} {
		var tensor, graph, model, out message
		tensor.text(8, "name")
		fill(&tensor)
		graph.nest(5, tensor)
		model.nest(7, graph)
		out = model
		var b bytes.Buffer
		if err := out.writeTo(&b); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "model.onnx")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadFile(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `tensor "name"`) || !strings.Contains(err.Error(), path) {
			t.Errorf("the error is %v, want one with %q that names tensor and file", err, want)
		}
	}
}

// TestCutShort: no beginning of a file is taken for a file, and none is a panic.
func TestCutShort(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, sample()); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	for n := range len(whole) {
		m, err := Read(whole[:n], nil)
		if err == nil && len(m.Graph.Nodes) == 0 {
			t.Errorf("%d of %d bytes are read as a network", n, len(whole))
		}
	}
	for text, content := range map[string][]byte{"it is no file of ONNX": []byte("\x08\x08"), "or damaged": append(slices.Clone(whole), whole...)} {
		if _, err := Read(content, nil); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("the error is %v, want one with %q", err, text)
		}
	}
}

// TestManySmallParts: a file of parts that are larger in memory than in the file is refused
// before they are.
func TestManySmallParts(t *testing.T) {
	var graph []byte
	for range 1 << 20 {
		graph = append(graph, 1<<3|2, 0) // an empty node
	}
	file := protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), graph)
	sizedtest.Within(t, file, func() {
		if _, err := Read(file, nil); err == nil || !strings.Contains(err.Error(), "memory") {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := Write(&b, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	names, err := filepath.Glob("../../onnx/testdata/*.onnx")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sizedtest.Within(t, b, func() {
			m, err := Read(b, nil)
			if err != nil {
				return
			}
			for _, x := range m.Graph.Initializers {
				if n, ok := Len(x.Shape); !ok || n != len(x.Floats)+len(x.Ints) {
					t.Errorf("tensor %q has shape %v and %d elements", x.Name, x.Shape, len(x.Floats)+len(x.Ints))
				}
			}
		})
	})
}
