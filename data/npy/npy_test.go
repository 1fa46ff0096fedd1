package npy

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"autodropout/internal/sizedtest"
)

// TestReadsEveryType reads what NumPy wrote.
func TestReadsEveryType(t *testing.T) {
	arrays, err := ReadArchive("testdata/types.npz")
	if err != nil {
		t.Fatal(err)
	}
	if len(arrays) != 24 {
		t.Errorf("%d arrays", len(arrays))
	}
	for _, a := range arrays {
		want := Array{[]int{2, 3}, []float32{0, 1, 2, 3, 4, 5}}
		switch a.Name {
		case "scalar":
			want = Array{[]int{}, []float32{2.5}}
		case "empty":
			want = Array{[]int{0, 3}, []float32{}}
		case "bool":
			want.Data = []float32{0, 0, 0, 1, 1, 1}
		case "columns":
			want = Array{[]int{2, 3, 4}, nil}
			for i := range 24 {
				want.Data = append(want.Data, float32(i))
			}
		}
		if !reflect.DeepEqual(a.Array, want) {
			t.Errorf("%s is %v, want %v", a.Name, a.Array, want)
		}
	}
	arrays, err = ReadArchive("testdata/compressed.npz")
	if err != nil || len(arrays) != 1 || arrays[0].Name != "values" || !slices.Equal(arrays[0].Data, []float32{0, 1, 2, 3, 4, 5}) {
		t.Errorf("compressed: %v, %v", arrays, err)
	}
}

func TestWritten(t *testing.T) {
	want := []Named{
		{"weights", Array{[]int{2, 2}, []float32{1, -2.5, 3, 4}}},
		{"scalar", Array{[]int{}, []float32{7}}},
		{"vector", Array{[]int{3}, []float32{1, 2, 3}}},
	}
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := WriteArchive(path, want); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadArchive(path); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %v, %v, wrote %v", got, err, want)
	}
	path = filepath.Join(t.TempDir(), "a.npy")
	if err := WriteFile(path, want[2].Array); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFile(path); err != nil || !reflect.DeepEqual(got, want[2].Array) {
		t.Errorf("read %v, %v", got, err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if (len(raw)-12)%64 != 0 {
		t.Errorf("the elements begin at byte %d, not at a multiple of 64", len(raw)-12)
	}
}

func TestWriteRefuses(t *testing.T) {
	if err := Write(&bytes.Buffer{}, Array{[]int{2}, []float32{1}}); err == nil {
		t.Error("an array of another size than its shape's was written")
	}
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := WriteArchive(path, []Named{{"a", Array{}}}); err == nil {
		t.Error("a scalar without a value was written")
	}
	one := Array{nil, []float32{1}}
	if err := WriteArchive(path, []Named{{"a", one}, {"a", one}}); err == nil {
		t.Error("two arrays of one name were written")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("an archive that could not be written is there")
	}
}

// file returns a .npy file with a header and elements.
func file(header string, elements ...byte) []byte {
	return append([]byte(magic+"\x01\x00"+string([]byte{byte(len(header)), byte(len(header) >> 8)})+header), elements...)
}

// TestLongNumbers: Python 2 writes the numbers of a shape so where they are of its type long.
func TestLongNumbers(t *testing.T) {
	text := file("{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 1L), }\n", 3, 4)
	got, err := Read(bytes.NewReader(text), int64(len(text)))
	if want := (Array{[]int{2, 1}, []float32{3, 4}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %v, %v, want %v", got, err, want)
	}
}

func TestReadRefuses(t *testing.T) {
	const good = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n"
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":        {nil, "not a .npy"},
		"text":         {[]byte("1,2,3,4,5,6,7"), "not a .npy"},
		"version":      {[]byte(magic + "\x04\x00\x00\x00\x00\x00"), "version 4"},
		"cut header":   {file(good)[:30], "cut short"},
		"cut":          {file(good, 1), "cut short"},
		"trailing":     {file(good, 1, 2, 3), "2 bytes, the file 3"},
		"large":        {file(strings.Replace(good, "(2,)", "(99999999999, 99999999999)", 1), 1, 2), "does not fit"},
		"negative":     {file(strings.Replace(good, "(2,)", "(-2,)", 1), 1, 2), "as NumPy writes"},
		"no shape":     {file("{'descr': '|u1', 'fortran_order': False, }", 1), "as NumPy writes"},
		"twice":        {file(strings.Replace(good, "'shape'", "'descr': '|u1', 'shape'", 1), 1, 2), "as NumPy writes"},
		"order":        {file(strings.Replace(good, "False", "Maybe", 1), 1, 2), "as NumPy writes"},
		"unknown key":  {file(strings.Replace(good, "'shape'", "'a': 'b', 'shape'", 1), 1, 2), "as NumPy writes"},
		"text type":    {file(strings.Replace(good, "|u1", "<U2", 1), 1, 2), "<U2"},
		"empty string": {file(strings.Replace(good, "|u1", "", 1), 1, 2), "as NumPy writes"},
	} {
		_, err := Read(bytes.NewReader(c.file), int64(len(c.file)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	if a, err := Read(bytes.NewReader(file(good, 1, 2)), int64(len(file(good, 1, 2)))); err != nil || a.Data[1] != 2 {
		t.Errorf("the header that these spoil: %v, %v", a, err)
	}
	for name, want := range map[string]string{"objects": `"|O"`, "complex": `"<c16"`, "records": "records"} {
		if _, err := ReadFile("testdata/" + name + ".npy"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", name, err, want)
		}
	}
	if _, err := ReadArchive("testdata/objects.npy"); err == nil || !strings.Contains(err.Error(), "objects.npy: it is not a .npz") {
		t.Errorf("error %v", err)
	}
}

// all reads the arrays of an archive in memory.
func all(raw []byte) (arrays []Named, err error) {
	err = EachArrayOf(bytes.NewReader(raw), int64(len(raw)), func(a Named, err error) error {
		arrays = append(arrays, a)
		return err
	})
	return arrays, err
}

func TestArchiveRefusesDamage(t *testing.T) {
	raw, err := os.ReadFile("testdata/types.npz")
	if err != nil {
		t.Fatal(err)
	}
	raw[bytes.Index(raw, []byte("\x00\x00\x04@"))+3] ^= 1 // the scalar 2.5
	if _, err := all(raw); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("error %v, want one about damage", err)
	}
}

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

func FuzzRead(f *testing.F) {
	arrays, err := ReadArchive("testdata/types.npz")
	if err != nil {
		f.Fatal(err)
	}
	for _, a := range arrays {
		var b bytes.Buffer
		if err := Write(&b, a.Array); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add(file("{'descr': '>f8', 'fortran_order': True, 'shape': (1, 1), }", 0, 0, 0, 0, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		sizedtest.Within(t, b, func() {
			a, err := Read(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				return
			}
			elements := 1
			for _, n := range a.Shape {
				elements *= n
			}
			if elements != len(a.Data) {
				t.Errorf("shape %v and %d elements", a.Shape, len(a.Data))
			}
		})
	})
}

func FuzzReadArchive(f *testing.F) {
	for _, name := range []string{"types", "compressed"} {
		raw, err := os.ReadFile("testdata/" + name + ".npz")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, b []byte) { sizedtest.Within(t, b, func() { all(b) }) })
}
