package disk

import (
	"path/filepath"
	"testing"
)

// TestAside: what was set aside is not overwritten.
func TestAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, want := range []string{".damaged", ".damaged.2", ".damaged.3"} {
		got := Aside(OS{}, path)
		if got != path+want {
			t.Errorf("the name is %s, want %s%s", got, path, want)
		}
		if err := WriteFile(OS{}, got, nil); err != nil {
			t.Fatal(err)
		}
	}
}
