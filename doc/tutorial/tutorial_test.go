package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/internal/pages"
)

// write saves images of stripes, by class.
func write(t *testing.T, dir string, each int) {
	t.Helper()
	for class, name := range []string{"down", "across"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range each {
			m := image.NewGray(image.Rect(0, 0, 72+i, 80))
			for y := range 80 {
				for x := range 72 + i {
					at := x
					if class == 1 {
						at = y
					}
					m.SetGray(x, y, color.Gray{uint8(255 * ((at + i) / 6 % 2))})
				}
			}
			f, err := os.Create(filepath.Join(dir, name, fmt.Sprintf("%d.png", i)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, m); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestTutorial goes the reader's way: train, stop, go on, predict.
func TestTutorial(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "network")
	write(t, filepath.Join(dir, "train"), 20)
	write(t, filepath.Join(dir, "val"), 5)

	stopped, stop := context.WithCancel(t.Context())
	stop()
	var log strings.Builder
	if err := learn(stopped, dir, out, 8, &log); err == nil || !strings.Contains(err.Error(), "the same command goes on") {
		t.Fatalf("stopped, it says %v", err)
	}
	if err := learn(t.Context(), dir, out, 8, &log); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"going on after 0 of 16 steps", "10 of 10 validation images"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &log)
		}
	}

	var said strings.Builder
	broken := filepath.Join(dir, "broken.jpg")
	if err := os.WriteFile(broken, []byte("no image"), 0o600); err != nil {
		t.Fatal(err)
	}
	across := filepath.Join(dir, "val", "across", "3.png")
	if err := predict(t.Context(), out, []string{across, broken}, &said); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{across + ": across (", broken + ": it is no JPEG"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &said)
		}
	}
	if err := predict(t.Context(), filepath.Join(dir, "none"), nil, &said); err == nil || !strings.Contains(err.Error(), "train one with -data") {
		t.Errorf("without a network it says %v", err)
	}
}

// TestPrintedCommands runs the commands of the text in the folder that it describes.
func TestPrintedCommands(t *testing.T) {
	commands := pages.Printed(t, "doc/tutorial")
	t.Chdir(t.TempDir())
	write(t, filepath.Join("pets", "train"), 10)
	write(t, filepath.Join("pets", "val"), 5)
	if err := os.Rename(filepath.Join("pets", "val", "down", "4.png"), "holiday.jpg"); err != nil {
		t.Fatal(err)
	}
	for _, args := range commands {
		var said strings.Builder
		if err := run(t.Context(), args, &said); err != nil || said.Len() == 0 {
			t.Errorf("%v: error %v\n%s", args, err, &said)
		}
	}
}
