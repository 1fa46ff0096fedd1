package torchfile

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/internal/safetensors"
)

// expected returns the values that torch.load gave for the names with a prefix.
func expected(t *testing.T, prefix string) []safetensors.Tensor {
	t.Helper()
	file, err := safetensors.ReadFile("testdata/expected.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	var want []safetensors.Tensor
	for _, x := range file.Tensors {
		if strings.HasPrefix(x.Name, prefix) {
			want = append(want, x)
		}
	}
	if len(want) == 0 {
		t.Fatalf("no expected tensor begins with %q", prefix)
	}
	return want
}

func compare(t *testing.T, got []safetensors.Tensor, want safetensors.Tensor, name string) {
	t.Helper()
	at := slices.IndexFunc(got, func(x safetensors.Tensor) bool { return x.Name == name })
	if at < 0 {
		t.Errorf("%s is missing", name)
		return
	}
	if x := got[at]; !slices.Equal(x.Shape, want.Shape) || !slices.Equal(x.Data, want.Data) {
		t.Errorf("%s is %v %v, torch.load has %v %v", name, x.Shape, x.Data, want.Shape, want.Data)
	}
}

func TestReadsWhatTorchSaves(t *testing.T) {
	for _, name := range []string{"state.pth", "legacy.pth", "pickle4.pth"} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadFile("testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			want := expected(t, "state.")
			if len(got) != len(want) {
				t.Errorf("%d tensors, want %d", len(got), len(want))
			}
			for _, w := range want {
				compare(t, got, w, strings.TrimPrefix(w.Name, "state."))
			}
		})
	}
}

// TestReadsCheckpoints demands that tensors in dictionaries are found, whatever
// else is there.
func TestReadsCheckpoints(t *testing.T) {
	got, err := ReadFile("testdata/checkpoint.pth")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range expected(t, "model.") {
		compare(t, got, w, w.Name)
	}
	if !slices.ContainsFunc(got, func(x safetensors.Tensor) bool { return x.Name == "optimizer.state.0.momentum_buffer" }) {
		t.Error("the optimizer's state is missing")
	}
}

func TestReadRefuses(t *testing.T) {
	state, err := os.ReadFile("testdata/state.pth")
	if err != nil {
		t.Fatal(err)
	}
	legacy, err := os.ReadFile("testdata/legacy.pth")
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile("testdata/module.pth")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":           {nil, "no file that torch.save wrote"},
		"text":            {[]byte("this is not a file of weights at all"), "no file that torch.save wrote"},
		"cut archive":     {state[:len(state)/2], "cut short"},
		"cut legacy":      {legacy[:len(legacy)-4], "cut short"},
		"whole module":    {module, "model.state_dict()"},
		"another archive": {[]byte("PK\x05\x06" + strings.Repeat("\x00", 18)), "no data.pkl"},
		"damaged":         {bytes.Replace(state, []byte("FloatStorage"), []byte("FloatStorbge"), 1), "damaged"},
	} {
		_, err := Read(bytes.NewReader(c.file), int64(len(c.file)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "missing.pth")); err == nil || !strings.Contains(err.Error(), "missing.pth") {
		t.Errorf("error %v does not name the file", err)
	}
}

// TestReadRefusesLies makes tensors that do not fit their storage.
func TestReadRefusesLies(t *testing.T) {
	memory := &storage{key: "0", dtype: "F32", elements: 6}
	for name, x := range map[string]*tensor{
		"too long":        {memory, 0, []int{7}, []int{1}},
		"offset":          {memory, 1, []int{6}, []int{1}},
		"negative offset": {memory, -1, []int{2}, []int{1}},
		"stride":          {memory, 0, []int{2, 3}, []int{4, 1}},
		"negative stride": {memory, 5, []int{2}, []int{-1}},
		"negative size":   {memory, 0, []int{-1}, []int{1}},
		"repeated":        {memory, 0, []int{1 << 30, 1 << 30}, []int{0, 0}},
		"overflow":        {memory, 0, []int{3, 3}, []int{math.MaxInt / 2, math.MaxInt / 2}},
		"axes":            {memory, 0, make([]int, 99), make([]int, 99)},
		"type":            {&storage{key: "0", elements: 6}, 0, []int{1}, []int{1}},
		"storage":         {&storage{key: "0", dtype: "F32", elements: 7}, 0, []int{1}, []int{1}},
	} {
		r := &reader{storages: map[string][]float32{}, room: 1000, raw: func(*storage) ([]byte, error) { return make([]byte, 24), nil }}
		if err := r.add("x", x); err == nil || !strings.Contains(err.Error(), `"x"`) {
			t.Errorf("%s: error %v, want one that names the tensor", name, err)
		}
	}
	r := &reader{storages: map[string][]float32{}, room: 100, raw: func(*storage) ([]byte, error) { return make([]byte, 24), nil }}
	all := &tensor{memory, 0, []int{6}, []int{1}}
	var err error
	for range 5 {
		err = r.add("x", all)
	}
	if err == nil || !strings.Contains(err.Error(), "too many that share") {
		t.Errorf("five tensors of 24 bytes in 100 bytes: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"state.pth", "legacy.pth", "checkpoint.pth", "module.pth"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		tensors, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for _, x := range tensors {
			elements := 1
			for _, n := range x.Shape {
				elements *= n
			}
			if elements != len(x.Data) {
				t.Errorf("tensor %q has shape %v and %d elements", x.Name, x.Shape, len(x.Data))
			}
		}
	})
}

// FuzzPickle reads pickles alone, which checksums do not protect.
func FuzzPickle(f *testing.F) {
	legacy, err := os.ReadFile("testdata/legacy.pth")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(legacy)
	f.Add(legacy[len(legacyMagic):])
	f.Fuzz(func(_ *testing.T, b []byte) {
		p := &pickleReader{data: b}
		for {
			root, err := p.read()
			if err != nil {
				return
			}
			collect(root, int64(len(b)), func(s *storage) ([]byte, error) { return make([]byte, min(s.elements, 1000)*8), nil })
		}
	})
}
