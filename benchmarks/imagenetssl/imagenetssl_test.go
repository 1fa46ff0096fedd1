package main

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/benchtest"
)

func run(t *testing.T, args ...string) (stdout string) {
	t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{"-batch", "4", "-ratio", "1", "-training-steps", "2", "-search-steps", "1", "-trials", "2", "-finalists", "0", "-seeds", "1",
		"-threshold", "0", "-width", "2", "-search-width", "2", "-pixels", "32", "-out", filepath.Join(t.TempDir(), "run")}, args...)
	if code := benchmark.Run(t.Context(), args, &out, &errs); code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, &out, &errs)
	}
	return out.String()
}

// TestRun takes tiny experiments from the command line to the table.
func TestRun(t *testing.T) {
	builtIn := run(t, "-train-size", "60", "-test-size", "20", "-labels", "30")
	for _, want := range []string{"no photographs", "labels of 30 training images", "validation top-1 accuracy", "Paper: 68.78 is UDA's authors", "Paper: 72.9 is ImageNet"} {
		if !strings.Contains(builtIn, want) {
			t.Errorf("the output does not have %q:\n%s", want, builtIn)
		}
	}
	photos := run(t, "-data", photographs(t), "-train-size", "0", "-test-size", "0", "-labels", "0", "-method", "supervised,uda", "-batch", "2")
	if !strings.Contains(photos, "40 training and 4 validation photographs of 2 classes") || !strings.Contains(photos, "labels of 4 training images") {
		t.Errorf("the output is\n%s", photos)
	}
}

func TestPieces(t *testing.T) {
	benchtest.Program(benchmark.Run).Pieces(t, []string{"-batch", "4", "-ratio", "1", "-training-steps", "3", "-search-steps", "2", "-trials", "2", "-finalists", "0", "-seeds", "1",
		"-threshold", "0", "-width", "2", "-search-width", "2", "-pixels", "32", "-train-size", "60", "-test-size", "20", "-labels", "30",
		"-scenes", "cluttered", "-space", "paper", "-start", "share", "-algorithm", "ppo", "-trial-seeds", "0",
		"-method", "uda,autodropout"}, 2, 3)
}

// photographs makes a folder of two classes with 20 training images each.
func photographs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	picture := image.NewRGBA(image.Rect(0, 0, 40, 48))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(i)
	}
	picture.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, nil); err != nil {
		t.Fatal(err)
	}
	for part, count := range map[string]int{"train": 20, "val": 2} {
		for _, class := range []string{"a", "b"} {
			folder := filepath.Join(dir, part, class)
			if err := os.MkdirAll(folder, 0o777); err != nil {
				t.Fatal(err)
			}
			for i := range count {
				if err := os.WriteFile(filepath.Join(folder, string(rune('a'+i))+".jpg"), b.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return dir
}

// The preset paper has the published settings of UDA's loss.
func TestPaperPreset(t *testing.T) {
	if c := paper; c.Depth != 50 || c.Width != 64 || c.Labels != 0 || c.Batch != 1024 || c.Ratio != 15 || c.Sure != 0.6 ||
		c.Sharpening != 0.5 || c.Weight != 20 || c.Smoothing != 0.1 || c.Average != 0.999 || c.Pixels != 224 {
		t.Errorf("the preset is %+v", c)
	}
}
