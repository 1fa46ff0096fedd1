package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, text := range []string{"one", "two"} {
		if err := WriteBytes(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("read %q, %v; want %q", got, err, text)
		}
	}
	broken := errors.New("broken")
	err := Write(path, func(w io.Writer) error {
		io.WriteString(w, "half")
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got error %v, want %v", err, broken)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "two" {
		t.Errorf("after a failed write the file holds %q, %v; want the old content", got, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("temporary files stay behind: %v", entries)
	}
	missing := filepath.Join(dir, "missing", "f")
	if err := WriteBytes(missing, nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing+": ") {
		t.Errorf("in a folder that does not exist the error is %v", err)
	}
}

func TestRotate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	rotate := func(text string) error {
		return Rotate(path, 3, func(w io.Writer) error {
			if text == "" {
				return errors.New("broken")
			}
			_, err := io.WriteString(w, text)
			return err
		})
	}
	want := func(texts ...string) {
		t.Helper()
		var got []string
		for _, name := range Versions(path) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(text))
		}
		if !slices.Equal(got, texts) {
			t.Errorf("the versions hold %q, want %q", got, texts)
		}
	}
	want()
	for _, text := range []string{"one", "two", "three", "four"} {
		if err := rotate(text); err != nil {
			t.Fatal(err)
		}
	}
	want("four", "three", "two")
	if rotate("") == nil {
		t.Error("no error from a failed write")
	}
	want("four", "three", "two")
	os.Remove(path) // as a crash between two renames leaves it
	want("three", "two")
	if err := rotate("five"); err != nil {
		t.Fatal(err)
	}
	want("five", "three", "two")
}

func TestRemove(t *testing.T) {
	dir := t.TempDir()
	names := []string{".e.1-7.tmp", ".f-12.tmp", ".g-3.tmp", ".h.tmp", "e", "e.1", "e.1.2", "f", "f.1", "f.damaged", "fg", "g.f"}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	left := func(want ...string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, e.Name())
		}
		if !slices.Equal(got, want) {
			t.Errorf("there are %q, want %q", got, want)
		}
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "f"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Remove(filepath.Join(dir, "f"), filepath.Join(dir, "e.1"), filepath.Join(other, "x"), filepath.Join(other, "none", "x")); err != nil {
		t.Fatal(err)
	}
	left(".g-3.tmp", ".h.tmp", "e", "fg", "g.f")
	if _, err := os.Stat(filepath.Join(other, "f")); err != nil {
		t.Error("a file of that name in another folder is gone")
	}
	if err := Remove(filepath.Join(dir, "e")); err != nil {
		t.Fatal(err)
	}
	left(".g-3.tmp", ".h.tmp", "fg", "g.f")
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	left(".h.tmp", "fg", "g.f")
	if err := Sweep(filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
}
