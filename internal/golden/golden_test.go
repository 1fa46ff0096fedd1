package golden

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"autodropout/internal/safetensors"
)

// recorder counts the errors a comparison reports.
type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.errors++ }

func TestCompare(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	f := &safetensors.File{Tensors: []safetensors.Tensor{{Name: "x", Shape: []int{2}, Data: []float32{1, 1000}}}}
	if err := safetensors.Write(out, f); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		got  []float32
		ok   bool
	}{
		{"equal", []float32{1, 1000}, true},
		{"close", []float32{1.001, 1001}, true},
		{"off", []float32{1.01, 1000}, false},
		{"off at the end", []float32{1, 1010}, false},
		{"NaN", []float32{nan, 1000}, false},
		{"NaN at the end", []float32{1, nan}, false},
		{"short", []float32{1}, false},
	} {
		r := &recorder{TB: t}
		g := Load(r, path)
		g.Compare("x", c.got, 0.002)
		if (r.errors == 0) != c.ok {
			t.Errorf("%s: %d errors were reported", c.name, r.errors)
		}
	}
	g := Load(t, path)
	if !g.Has("x") || g.Has("y") || g.Names()[0] != "x" || g.Ints("x")[1] != 1000 {
		t.Error("the file's tensors are not found")
	}
}
