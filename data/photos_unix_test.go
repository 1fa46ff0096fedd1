//go:build unix

package data

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe in a folder of photographs would block for ever if it were opened.
func TestPipesAreBadImages(t *testing.T) {
	files := goodPhotos(t)
	dir := photoFolder(t, files)
	pipe := filepath.Join(dir, "train", "a", "0.jpg")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("pipes cannot be made here: ", err)
	}
	train, _, err := LoadPhotos(dir)
	if err != nil {
		t.Fatal(err)
	}
	var bad *BadImageError
	if _, err := train.Load(0); !errors.As(err, &bad) || bad.Path != pipe {
		t.Errorf("a pipe gives error %v", err)
	}
}

// So would one in place of a text.
func TestPipesAreNoTexts(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "train.txt")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("pipes cannot be made here: ", err)
	}
	_, err := LoadText(dir)
	checkError(t, err, "train.txt in "+dir, "is not a file")
}
