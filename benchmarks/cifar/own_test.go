package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/data/npy"
)

// ownImages writes a .npz file of square images, and returns its path.
func ownImages(t *testing.T, classes, train, test, side int) string {
	t.Helper()
	var arrays []npy.Named
	for name, n := range map[string]int{"train": train, "test": test} {
		images := npy.Array{Shape: []int{n, side, side, 3}, Data: make([]float32, n*side*side*3)}
		labels := npy.Array{Shape: []int{n}, Data: make([]float32, n)}
		for i := range images.Data {
			images.Data[i] = float32(i * 7 % 256)
		}
		for i := range labels.Data {
			labels.Data[i] = float32(i % classes)
		}
		arrays = append(arrays, npy.Named{Name: "x_" + name, Array: images}, npy.Named{Name: "y_" + name, Array: labels})
	}
	path := filepath.Join(t.TempDir(), "mine.npz")
	if err := npy.WriteArchive(path, arrays); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOwnImages trains on a .npz file of 100 classes with fewer images than the preset
// study wants: sizes are at most.
func TestOwnImages(t *testing.T) {
	path, dir := ownImages(t, 100, 1000, 100, 8), t.TempDir()
	for i, sizes := range [][]string{nil, {"-valid-size", "0"}, {"-train-size", "550", "-valid-size", "500"}} {
		args := append([]string{"-preset", "study", "-data", path, "-epochs", "1", "-search-epochs", "1", "-trials", "2", "-finalists", "0",
			"-tune=false", "-seeds", "1", "-method", "none,random", "-out", filepath.Join(dir, fmt.Sprint("run", i))}, sizes...)
		stdout := mustCall(t, args...)
		if !strings.Contains(stdout, "The data is mine (1000 training and 100 test images of 100 classes)") {
			t.Errorf("%v: the output is\n%s", sizes, stdout)
		}
	}
}

// TestOwnImagesTooSmall: images that the fast recipe's network cannot halve three times are
// refused, unless they are made larger.
func TestOwnImagesTooSmall(t *testing.T) {
	path, out := ownImages(t, 2, 10, 4, 8), filepath.Join(t.TempDir(), "run")
	args := []string{"-preset", "fast", "-data", path, "-channels", "8,8,8", "-epochs", "1", "-batch", "10", "-seeds", "1", "-out", out}
	code, _, stderr := call(t, args...)
	if code != 2 || !strings.Contains(stderr, "images of 8x8 pixels are too small") {
		t.Errorf("exit code %d and %q", code, stderr)
	}
	mustCall(t, append(args, "-pixels", "9")...)
}

// TestOwnImagesNamedSynthetic: a file is not taken for the built-in images, of which there
// are more to validate on, by its name.
func TestOwnImagesNamedSynthetic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "synthetic.npz")
	if err := os.Rename(ownImages(t, 2, 12, 4, 8), path); err != nil {
		t.Fatal(err)
	}
	stdout := mustCall(t, "-data", path, "-pixels", "0", "-method", "none", "-epochs", "1", "-seeds", "1", "-out", filepath.Join(t.TempDir(), "run"))
	if !strings.Contains(stdout, "(12 training and 4 test images of 2 classes)") || !strings.Contains(stdout, "No validation curves") {
		t.Errorf("the output is\n%s", stdout)
	}
}
