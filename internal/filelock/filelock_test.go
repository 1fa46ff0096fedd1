package filelock

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTry(t *testing.T) {
	if !Known {
		t.Skip("this system has no such locks")
	}
	open := func(name string) *os.File {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	dir := t.TempDir()
	first, second := open(filepath.Join(dir, "lock")), open(filepath.Join(dir, "lock"))
	if Try(first) {
		t.Error("a new file is taken")
	}
	if !Try(second) {
		t.Error("two have a file")
	}
	if Try(open(filepath.Join(dir, "other"))) {
		t.Error("another file is taken")
	}
	first.Close()
	if Try(second) {
		t.Error("a file that was closed is taken")
	}
}
