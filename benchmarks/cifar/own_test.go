package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/data/npy"
)

// TestOwnImages trains on a .npz file of 100 classes with fewer images than the preset
// study wants: sizes are at most.
func TestOwnImages(t *testing.T) {
	const classes, train, test, side = 100, 1000, 100, 8
	part := func(n int) (images, labels npy.Array) {
		images = npy.Array{Shape: []int{n, side, side, 3}, Data: make([]float32, n*side*side*3)}
		labels = npy.Array{Shape: []int{n}, Data: make([]float32, n)}
		for i := range images.Data {
			images.Data[i] = float32(i * 7 % 256)
		}
		for i := range labels.Data {
			labels.Data[i] = float32(i % classes)
		}
		return images, labels
	}
	var arrays []npy.Named
	for name, n := range map[string]int{"train": train, "test": test} {
		images, labels := part(n)
		arrays = append(arrays, npy.Named{Name: "x_" + name, Array: images}, npy.Named{Name: "y_" + name, Array: labels})
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "mine.npz")
	if err := npy.WriteArchive(path, arrays); err != nil {
		t.Fatal(err)
	}
	for i, sizes := range [][]string{nil, {"-valid-size", "0"}, {"-train-size", "550", "-valid-size", "500"}} {
		args := append([]string{"-preset", "study", "-data", path, "-epochs", "1", "-search-epochs", "1", "-trials", "2", "-finalists", "0",
			"-tune=false", "-seeds", "1", "-method", "none,random", "-out", filepath.Join(dir, fmt.Sprint("run", i))}, sizes...)
		stdout := mustCall(t, args...)
		if !strings.Contains(stdout, "The data is mine (1000 training and 100 test images of 100 classes)") {
			t.Errorf("%v: the output is\n%s", sizes, stdout)
		}
	}
}
