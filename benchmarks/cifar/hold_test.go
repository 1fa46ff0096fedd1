//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOneProcess: a folder is for one run at a time.
func TestOneProcess(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	mustCall(t, tiny(folder, "-steps", "1")...)
	f, err := os.Open(filepath.Join(folder, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatalf("the run still holds its folder: %v", err)
	}
	// A run must want the folder for itself alone: it does not share this lock.
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "-resume", "-out", folder); code != 2 || !strings.Contains(stderr, "another process works in "+folder) {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	f.Close()
	mustCall(t, "-resume", "-out", folder, "-steps", "1")
}
