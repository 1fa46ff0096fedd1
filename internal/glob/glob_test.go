package glob

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestIn: brackets in the name of a folder are no pattern.
func TestIn(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"set[1]/a.txt", "set[1]/below/b.txt", "set1/c.txt"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	folder := filepath.Join(dir, "set[1]")
	for pattern, want := range map[string][]string{"*.txt": {filepath.Join(folder, "a.txt")}, "*/*.txt": {filepath.Join(folder, "below", "b.txt")}, "*.csv": nil} {
		if got := In(folder, pattern); !slices.Equal(got, want) {
			t.Errorf("%s finds %v, want %v", pattern, got, want)
		}
	}
	if got := In(filepath.Join(dir, "none"), "*"); got != nil {
		t.Errorf("a folder that is not there has %v", got)
	}
}
