// Package golden compares tensors with values that PyTorch computed. The
// values are committed .safetensors files, written by the golden.py beside
// them; running the tests needs no Python.
package golden

import (
	"math"
	"testing"

	"autodropout/autograd"
	"autodropout/internal/safetensors"
)

// File is a golden file under test.
type File struct {
	t    testing.TB
	path string
	file *safetensors.File

	largest float64 // relative difference since Largest was called
}

// Load reads a golden file; a failure ends the test.
func Load(t testing.TB, path string) *File {
	t.Helper()
	f, err := safetensors.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return &File{t: t, path: path, file: f}
}

// Has reports whether the file holds a tensor of that name.
func (f *File) Has(name string) bool { return f.file.Lookup(name) != nil }

// Names returns the names of all tensors in file order.
func (f *File) Names() []string {
	names := make([]string, len(f.file.Tensors))
	for i, t := range f.file.Tensors {
		names[i] = t.Name
	}
	return names
}

// Tensor returns the tensor of that name as a constant; when there is none the
// test ends.
func (f *File) Tensor(name string) *autograd.Tensor {
	f.t.Helper()
	t := f.file.Lookup(name)
	if t == nil {
		f.t.Fatalf("%s: no tensor %q", f.path, name)
	}
	return autograd.FromSlice(t.Data, t.Shape...)
}

// Ints returns the tensor of that name as whole numbers, for labels and ids.
func (f *File) Ints(name string) []int {
	f.t.Helper()
	data := f.Tensor(name).Data()
	ints := make([]int, len(data))
	for i, v := range data {
		ints[i] = int(v)
	}
	return ints
}

// Compare reports an error unless every element of got is within
// tolerance*(1+|want|) of the tensor of that name. NaN equals nothing.
func (f *File) Compare(name string, got []float32, tolerance float64) {
	f.t.Helper()
	want := f.Tensor(name).Data()
	if len(got) != len(want) {
		f.t.Errorf("%s: %s has %d elements, want %d", f.path, name, len(got), len(want))
		return
	}
	worst, at := -1.0, 0
	for i, w := range want {
		difference := math.Abs(float64(got[i])-float64(w)) / (1 + math.Abs(float64(w)))
		if !(difference <= worst) {
			worst, at = difference, i
		}
		if math.IsNaN(difference) {
			break
		}
	}
	f.largest = max(f.largest, worst)
	if !(worst <= tolerance) && len(want) > 0 {
		f.t.Errorf("%s: %s[%d] = %v, PyTorch has %v: relative difference %.3g exceeds %.3g", f.path, name, at, got[at], want[at], worst, tolerance)
	}
}

// Largest returns the largest relative difference that Compare has seen since the last
// call.
func (f *File) Largest() float64 {
	largest := f.largest
	f.largest = 0
	return largest
}
