package torchfile

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"autodropout/internal/sizedtest"
)

// Files are made by testdata/dictionary.py.
func TestReadDictionary(t *testing.T) {
	files, err := filepath.Glob("testdata/dictionary-*.pkl")
	if err != nil || len(files) != 14 {
		t.Fatalf("there are %d files, error %v", len(files), err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d, err := ReadDictionary(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		data, _ := d["data"].(Bytes)
		var want []byte
		for i := range 12 {
			want = append(want, byte(130+i))
		}
		if !slices.Equal(data.Shape, []int{2, 6}) || data.Data != string(want) {
			t.Errorf("%s: the array is %v %v", path, data.Shape, []byte(data.Data))
		}
		labels, _ := d["labels"].([]any)
		names, _ := d["filenames"].([]any)
		if !slices.Equal(labels, []any{3, 9}) || !slices.Equal(names, []any{"a.png", "b.png"}) || d["batch_label"] != "a batch" {
			t.Errorf("%s: %v, %v, %v", path, labels, names, d["batch_label"])
		}
		for _, n := range []int{0, 1, len(text) / 2, len(text) - 1} {
			if _, err := ReadDictionary(bytes.NewReader(text[:n]), int64(n)); err == nil {
				t.Errorf("%s: %d of %d bytes are read", path, n, len(text))
			}
		}
	}
}

func FuzzReadDictionary(f *testing.F) {
	files, _ := filepath.Glob("testdata/dictionary-*.pkl")
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		sizedtest.Within(t, text, func() {
			if d, err := ReadDictionary(bytes.NewReader(text), int64(len(text))); (d == nil) == (err == nil) {
				t.Errorf("the dictionary is %v, error %v", d, err)
			}
		})
	})
}
