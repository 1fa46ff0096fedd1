package weights_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/data/npy"
	"autodropout/internal/safetensors"
	"autodropout/layers"
	"autodropout/weights"
)

// write writes a file and returns its path.
func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Whatever the length of the header is, and so the first bytes, our own weights
// are read: also where it begins like a pickle (640 = 80 02) or a zip (19280 = 50
// 4B).
func TestHeadersOfEveryLength(t *testing.T) {
	seen := map[uint64]bool{}
	path := filepath.Join(t.TempDir(), "a.safetensors")
	for length := range 19400 / 8 {
		if length > 1300 && length < 2350 && length%50 != 0 {
			continue // files of the lengths in between take long
		}
		name := strings.Repeat("n", max(1, 8*length-110))
		var b bytes.Buffer
		if err := safetensors.Write(&b, &safetensors.File{Tensors: []safetensors.Tensor{{Name: name, Shape: []int{1}, Data: []float32{7}}}}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		arrays, err := weights.Read(path)
		if err != nil || len(arrays) != 1 || arrays[0].Name != name || arrays[0].Data[0] != 7 {
			t.Fatalf("a header of %d bytes: %v", b.Bytes()[:2], err)
		}
		seen[uint64(b.Bytes()[0])|uint64(b.Bytes()[1])<<8] = true
	}
	if !seen[640] || !seen[19280] {
		t.Error("there was no header of 640 or of 19,280 bytes")
	}
}

// These layers were saved and could not be loaded, for the length of their header.
func TestFourLayers(t *testing.T) {
	build := func(seed uint64) *layers.Scope {
		scope := layers.NewScope(seed)
		for i, widths := range [][2]int{{64, 64}, {64, 64}, {64, 64}, {64, 10}} {
			layers.NewLinear(scope.Sub(fmt.Sprintf("fc%d", i)), layers.LinearConfig{In: widths[0], Out: widths[1]})
		}
		return scope
	}
	saved, loaded := build(1), build(2)
	file := &safetensors.File{}
	for _, a := range layers.State(saved.Params()) {
		file.Tensors = append(file.Tensors, safetensors.Tensor(a))
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, file); err != nil {
		t.Fatal(err)
	}
	if _, err := weights.Load(write(t, "four", b.Bytes()), loaded.Params(), weights.Options{}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(saved.Params().Flat(), loaded.Params().Flat()) {
		t.Error("other weights are loaded")
	}
}

// The kind of a file follows from its content, not from its name.
func TestKindsByContent(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "a")
	if err := npy.WriteArchive(archive, []npy.Named{{Name: "weight", Array: npy.Array{Shape: []int{1}, Data: []float32{3}}}}); err != nil {
		t.Fatal(err)
	}
	npz, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	torch, err := os.ReadFile("testdata/resnet.pth")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"a.NPZ": npz, "a": npz, "a.pth": npz, "b.npz": torch, "b.safetensors": torch} {
		if arrays, err := weights.Read(write(t, name, content)); err != nil || len(arrays) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for want, content := range map[string][]byte{
		"without a name":     []byte("\x93NUMPY\x01\x00"),
		"damaged":            npz[:len(npz)-30],
		"not a safetensors":  []byte("version https://example.com"),
		"no arrays that can": texts(t, "words", "more"),
	} {
		if _, err := weights.Read(write(t, "x", content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// texts returns an archive of arrays that are texts, beside one of numbers for each
// name that begins with "n".
func texts(t *testing.T, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, name := range names {
		w, err := archive.Create(name + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		if name[0] == 'n' {
			err = npy.Write(w, npy.Array{Shape: []int{1}, Data: []float32{5}})
		} else {
			text := "{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }"
			_, err = fmt.Fprintf(w, "\x93NUMPY\x01\x00%c\x00%sabcd", len(text), text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// linear returns the parameters of a layer.
func linear(t *testing.T, in, out int) *autograd.Params {
	t.Helper()
	scope := layers.NewScope(1)
	layers.NewLinear(scope, layers.LinearConfig{In: in, Out: out})
	return scope.Params()
}

// An array that cannot be read costs the others nothing, and is named where it is
// wanted.
func TestLoadLeavesOut(t *testing.T) {
	path := write(t, "a", texts(t, "words", "n.weight"))
	arrays, left, err := weights.ReadAll(path)
	if err != nil || len(arrays) != 1 || len(left) != 1 || left[0].Name != "words" || !strings.Contains(left[0].Why, "<U1") {
		t.Fatalf("%v, %v, %v", arrays, left, err)
	}
	report, err := weights.Load("../internal/torchfile/testdata/forms/beside.pth", linear(t, 3, 2), weights.Options{Rename: func(name string) string {
		return map[string]string{"weight": "weight"}[name]
	}, Keep: []string{"bias"}})
	if err != nil || report.Loaded != 1 || len(report.Left) != 9 || !strings.Contains(report.String(), "c64 (its type ComplexFloat is not supported)") {
		t.Errorf("%v, %v", report, err)
	}
	_, err = weights.Load("../internal/torchfile/testdata/forms/beside.pth", linear(t, 3, 2), weights.Options{Rename: func(name string) string {
		return map[string]string{"weight": "weight", "c64": "bias"}[name]
	}})
	if err == nil || !strings.Contains(err.Error(), "the file has c64 (its type ComplexFloat is not supported), which cannot be read") {
		t.Errorf("error %v", err)
	}
}
