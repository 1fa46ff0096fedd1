package main

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"autodropout/benchmarks/internal/benchtest"
)

// pets makes a folder of three classes with 30 photographs each, and ten to check with.
func pets(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pets")
	for c, class := range []string{"cat", "dog", "hare"} {
		for part, n := range map[string]int{"train": 30, "val": 10} {
			folder := filepath.Join(dir, part, class)
			if err := os.MkdirAll(folder, 0o777); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				m := image.NewNRGBA(image.Rect(0, 0, 40, 34))
				for at := range 40 * 34 {
					m.SetNRGBA(at%40, at/40, color.NRGBA{uint8(90 * c), uint8(7 * i), uint8(at), 255})
				}
				f, err := os.Create(filepath.Join(folder, fmt.Sprint(i, ".jpg")))
				if err != nil {
					t.Fatal(err)
				}
				if err := jpeg.Encode(f, m, nil); err != nil {
					t.Fatal(err)
				}
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return dir
}

// The sizes of the presets are left as they are: few photographs are enough for all.
func TestPrintedCommands(t *testing.T) {
	benchtest.Program(run).RunsPrinted(t, "imagenet", pets(t), 3, "-pixels", "32", "-resize", "32", "-channels", "4", "-batch", "15", "-epochs", "1",
		"-search-epochs", "1", "-trials", "2", "-in-flight", "1", "-method", "none,autodropout")
}
