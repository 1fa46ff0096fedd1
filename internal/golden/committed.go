package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files of this repository's own results instead of comparing with them")

// Writes reports whether the flag -update has tests write what they would compare with.
func Writes() bool { return *update }

// Committed returns the content of a committed file with a result of our own, with
// which a test compares what it got. With the flag -update it writes the file first.
func Committed(t testing.TB, path string, got []byte) []byte {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return want
}
