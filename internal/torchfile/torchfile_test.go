package torchfile

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/internal/safetensors"
	"autodropout/internal/sized"
	"autodropout/internal/sizedtest"
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

// same reports whether two numbers are equal, or both not numbers.
func same(a, b float32) bool { return a == b || a != a && b != b }

func compare(t *testing.T, got []safetensors.Tensor, want safetensors.Tensor, name string) {
	t.Helper()
	at := slices.IndexFunc(got, func(x safetensors.Tensor) bool { return x.Name == name })
	if at < 0 {
		t.Errorf("%s is missing", name)
		return
	}
	if x := got[at]; !slices.Equal(x.Shape, want.Shape) || !slices.EqualFunc(x.Data, want.Data, same) {
		t.Errorf("%s is %v %v, torch.load has %v %v", name, x.Shape, x.Data, want.Shape, want.Data)
	}
}

func TestReadsWhatTorchSaves(t *testing.T) {
	for _, name := range []string{"state.pth", "legacy.pth", "pickle4.pth"} {
		t.Run(name, func(t *testing.T) {
			got, err := readFile("testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			want := expected(t, "state.")
			if len(got.Tensors) != len(want) {
				t.Errorf("%d tensors, want %d", len(got.Tensors), len(want))
			}
			for _, w := range want {
				compare(t, got.Tensors, w, strings.TrimPrefix(w.Name, "state."))
			}
		})
	}
}

// TestReadsCheckpoints demands that tensors in dictionaries are found, whatever
// else is there.
func TestReadsCheckpoints(t *testing.T) {
	got, err := readFile("testdata/checkpoint.pth")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range expected(t, "model.") {
		compare(t, got.Tensors, w, w.Name)
	}
	if !slices.ContainsFunc(got.Tensors, func(x safetensors.Tensor) bool { return x.Name == "optimizer.state.0.momentum_buffer" }) {
		t.Error("the optimizer's state is missing")
	}
}

// TestReadsEveryForm demands what torch.load gives, no more and no less, for each
// form in which tensors are met, and that what is left out is named.
func TestReadsEveryForm(t *testing.T) {
	file, err := safetensors.ReadFile("testdata/forms.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]safetensors.Tensor{}
	for _, x := range file.Tensors {
		name, key, _ := strings.Cut(x.Name, "/")
		if want[name] == nil {
			want[name] = map[string]safetensors.Tensor{}
		}
		want[name][key] = x
	}
	left := map[string][]string{
		"beside.pth": {"c64", "channels", "csr", "meta", "nested", "numpy", "quantised", "sparse", "storage"},
	}
	files, err := filepath.Glob("testdata/forms/*.pth")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			got, err := readFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range got.Tensors {
				if _, ok := want[name][x.Name]; !ok {
					t.Errorf("there is a tensor %q", x.Name)
				}
			}
			for key, w := range want[name] {
				compare(t, got.Tensors, w, key)
			}
			var names []string
			for _, l := range got.Left {
				names = append(names, l.Name)
			}
			slices.Sort(names)
			if !slices.Equal(names, left[name]) {
				t.Errorf("left out %q, want %q", names, left[name])
			}
		})
	}
}

// Tensors of the same elements take memory once, however many names they have.
func TestTiedTensorsShareMemory(t *testing.T) {
	got, err := readFile("testdata/forms/shared.pth")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"tied", "turned"} {
		first := got.Lookup(kind + "0").Data
		for i := range 40 {
			if x := got.Lookup(fmt.Sprint(kind, i)); &x.Data[0] != &first[0] {
				t.Errorf("%s has memory of its own", x.Name)
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	state := read(t, "state.pth")
	legacy := read(t, "legacy.pth")
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":           {nil, "no file that torch.save wrote"},
		"text":            {[]byte("this is not a file of weights at all"), "no file that torch.save wrote"},
		"cut archive":     {state[:len(state)/2], "cut short"},
		"cut legacy":      {legacy[:len(legacy)-4], "cut short"},
		"another archive": {[]byte("PK\x05\x06" + strings.Repeat("\x00", 18)), "no data.pkl"},
		"damaged":         {bytes.Replace(state, []byte("FloatStorage"), []byte("FloatStorbge"), 1), "damaged"},
		"cut tar":         {read(t, "forms/tar.pth")[:3000], "PyTorch 0.1"},
		"another tar":     {bytes.ReplaceAll(read(t, "forms/tar.pth"), []byte("storages"), []byte("strrages")), "PyTorch 0.1"},
	} {
		_, err := Read(bytes.NewReader(c.file), int64(len(c.file)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func readFile(path string) (*safetensors.File, error) {
	return sized.ReadFile(path, func(f *os.File, size int64) (*safetensors.File, error) { return Read(f, size) })
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// holding returns a collector whose storages are zeros of six elements of F32.
func holding(budget *sized.Budget) *collector {
	return &collector{budget: budget, open: func(*storage) (source, int64, error) {
		return section{bytes.NewReader(make([]byte, 24))}, 24, nil
	}}
}

// TestReadRefusesLies makes tensors that do not fit their storage.
func TestReadRefusesLies(t *testing.T) {
	memory := &storage{key: "0", dtype: "F32", width: 4, bytes: 24}
	for name, x := range map[string]*tensor{
		"too long":        {memory, "F32", 0, []int{7}, []int{1}, false},
		"offset":          {memory, "F32", 1, []int{6}, []int{1}, false},
		"negative offset": {memory, "F32", -1, []int{2}, []int{1}, false},
		"stride":          {memory, "F32", 0, []int{2, 3}, []int{4, 1}, false},
		"negative stride": {memory, "F32", 5, []int{2}, []int{-1}, false},
		"negative size":   {memory, "F32", 0, []int{-1}, []int{1}, false},
		"far away":        {memory, "F32", math.MaxInt, []int{2}, []int{1}, false},
		"overflow":        {memory, "F32", 0, []int{3, 3}, []int{math.MaxInt / 2, math.MaxInt / 2}, false},
		"base":            {&storage{key: "0", dtype: "F32", width: 4, bytes: 24, base: 1}, "F32", 0, []int{6}, []int{1}, false},
		"storage":         {&storage{key: "0", dtype: "F32", width: 4, bytes: 28}, "F32", 6, []int{1}, []int{1}, false},
	} {
		if _, err := holding(sized.NewBudget(0)).collect(&dict{[]any{"x"}, []any{x}}); err == nil || !strings.Contains(err.Error(), `"x"`) {
			t.Errorf("%s: error %v, want one that names the tensor", name, err)
		}
	}
	all := &tensor{memory, "F32", 0, []int{6}, []int{1}, false}
	for name, x := range map[string]*tensor{
		"repeated": {memory, "F32", 0, []int{1 << 15, 1 << 15}, []int{0, 0}, false},
		"axes":     {memory, "F32", 0, make([]int, 99), make([]int, 99), false},
		"type":     {memory, "", 0, []int{1}, []int{1}, false},
	} {
		got, err := holding(sized.NewBudget(0)).collect(&dict{[]any{"all", "x"}, []any{all, x}})
		if err != nil || len(got.Tensors) != 1 || len(got.Left) != 1 || got.Left[0].Name != "x" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// pickled returns a file of the format before PyTorch 1.6 with a pickle.
func pickled(object string) []byte {
	magic := "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
	return []byte(magic + "\x80\x02M\xe9\x03." + "\x80\x02}." + object + "\x80\x02].")
}

// Files of some bytes that ask for far more: each is refused, or read, within a
// bound of memory and time.
func TestReadIsBounded(t *testing.T) {
	doubling := "]q\x00" // every list holds the one before it twice
	for i := range 250 {
		doubling += "](h" + string([]byte{byte(i)}) + "h" + string([]byte{byte(i)}) + "eq" + string([]byte{byte(i + 1)})
	}
	long := strings.Repeat("x", 1<<20)
	names := "}(X\x00\x00\x10\x00" + long + "q\x00" // a tensor below a long key, and lists of it, doubled
	names += "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x00tQK\x00K\x00\x85K\x01\x85\x89NtRq\x01"
	for i := range 20 {
		at := string([]byte{byte(i + 1)})
		names += "](h" + at + "h" + at + "eq" + string([]byte{byte(i + 2)})
	}
	names += "u"
	for name, c := range map[string]struct{ object, want string }{
		"doubling":    {doubling + ".", "again and again"},
		"deep tuples": {"N" + strings.Repeat("\x85", 1<<20) + ".", "nested more than"},
		"deep lists":  {strings.Repeat("]", 1<<16) + strings.Repeat("a", 1<<16-1) + ".", "nested more than"},
		"many memos":  {"N" + strings.Repeat("\x94", 3<<19) + ".", "more memory"},
		"long names":  {names + ".", "more memory"},
		"a long text": {"X\xff\xff\xff\x7f" + ".", "cut short"},
		"subclasses":  {strings.Repeat("ctorch._tensor\n_rebuild_from_type_v2\n(", 1<<16) + "N" + strings.Repeat("tR", 1<<16) + ".", ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := pickled(c.object)
			sizedtest.Within(t, file, func() {
				if _, err := Read(bytes.NewReader(file), int64(len(file))); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want one with %q", err, c.want)
				}
			})
		})
	}
}

// Members of an archive that lie on each other are read within a budget of what they
// claim, not of how often they claim it.
func TestOverlappingMembers(t *testing.T) {
	state := read(t, "state.pth")
	archive, err := zip.NewReader(bytes.NewReader(state), int64(len(state)))
	if err != nil {
		t.Fatal(err)
	}
	budget := sized.NewBudget(1000)
	for _, f := range archive.File {
		f.UncompressedSize64, f.CompressedSize64, f.CRC32 = 1<<34, 1<<34, 0
	}
	if _, err := readArchive(archive, budget); err == nil || !strings.Contains(err.Error(), "more than the file can hold") {
		t.Errorf("members of 16 GB: %v", err)
	}
}

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("testdata/forms/*.pth")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range append(names, "testdata/state.pth", "testdata/legacy.pth", "testdata/checkpoint.pth", "testdata/module.pth") {
		f.Add(read(f, strings.TrimPrefix(name, "testdata/")))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sizedtest.Within(t, b, func() {
			file, err := Read(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				return
			}
			for _, x := range file.Tensors {
				elements := 1
				for _, n := range x.Shape {
					elements *= n
				}
				if elements != len(x.Data) {
					t.Errorf("tensor %q has shape %v and %d elements", x.Name, x.Shape, len(x.Data))
				}
			}
		})
	})
}

// FuzzPickle reads pickles alone, which checksums do not protect.
func FuzzPickle(f *testing.F) {
	names, err := filepath.Glob("testdata/forms/*_legacy.pth")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		raw := read(f, strings.TrimPrefix(name, "testdata/"))
		f.Add(raw)
		f.Add(raw[len("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."):])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sizedtest.Within(t, b, func() {
			budget := sized.NewBudget(int64(len(b)))
			m := newMachine(bytes.NewReader(b), int64(len(b)), budget)
			for {
				root, err := m.read()
				if err != nil {
					return
				}
				holding(budget).collect(root)
			}
		})
	})
}
