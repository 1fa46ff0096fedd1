package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/internal/pages"
	"autodropout/onnx"
)

// photographs writes some pictures of two classes, which are striped across or down.
func photographs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 40 {
		class, part := i%2, "train"
		if i >= 30 {
			part = "val"
		}
		picture := image.NewRGBA(image.Rect(0, 0, 20, 20))
		for p := range 400 {
			if along := []int{p / 20, p % 20}[class]; (along+i)%4 < 2 {
				picture.Set(p%20, p/20, color.Gray{uint8(150 + (p*7+i*13)%50)})
			}
		}
		path := filepath.Join(dir, part, fmt.Sprint("class", class), fmt.Sprint(i, ".png"))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, picture); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestTune trains the network of a file of PyTorch on other classes, and reads the result.
func TestTune(t *testing.T) {
	if args := pages.Printed(t, "doc/onnx"); len(args) != 1 || !slices.Equal(args[0], []string{"-network", "resnet50.onnx", "-data", "pets"}) {
		t.Errorf("the pages print %v, not what this tests", args)
	}
	c := config{network: "../../onnx/testdata/images-dynamo.onnx", data: photographs(t), out: filepath.Join(t.TempDir(), "tuned.onnx"), pixels: 16, epochs: 40}
	var out strings.Builder
	if err := tune(t.Context(), c, &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var share float64
	var n int
	if _, err := fmt.Sscanf(lines[len(lines)-1], "%f %% of %d", &share, &n); err != nil || share < 80 || n != 10 {
		t.Errorf("it says %q", out.String())
	}
	network, err := onnx.Open(c.out)
	if err != nil {
		t.Fatal(err)
	}
	if err := network.Check(); err != nil || len(network.Params().All()) < 10 {
		t.Errorf("the network that was written has %d parameters: %v", len(network.Params().All()), err)
	}
}
