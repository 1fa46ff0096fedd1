//go:build unix

package sized

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe is not waited for, and a device not read.
func TestReadFileRefusesOtherThanFiles(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	for path, want := range map[string]string{pipe: "pipe", os.DevNull: "device", t.TempDir(): "folder"} {
		_, err := ReadFile(path, func(*os.File, int64) (int, error) { return 1, nil })
		if err == nil || !strings.Contains(err.Error(), "not a file but a "+want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one that names %s and says %q", err, path, want)
		}
	}
}
