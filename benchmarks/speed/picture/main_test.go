package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/internal/pages"
)

// The files that doc/speed.svg is drawn from.
var recorded = []string{
	"../../results/speed/step-pytorch.jsonl",
	"../../results/speed/step-pytorch-epyc.jsonl",
	"../../results/speed/step-resnet50-epyc.jsonl",
}

// TestCommitted holds the picture of the README to the measurements.
func TestCommitted(t *testing.T) {
	out := filepath.Join(t.TempDir(), "speed.svg")
	for _, args := range pages.Printed(t, "benchmarks/speed/picture") {
		var said bytes.Buffer
		if code := run(context.Background(), slices.Concat(args, []string{"-out", out}, recorded), &said, &said); code != 0 {
			t.Fatal(said.String())
		}
	}
	drawn, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("../../../doc/speed.svg")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(drawn, committed) {
		t.Errorf("doc/speed.svg is not what the measurements give: go run ./benchmarks/speed/picture %s", strings.ReplaceAll(strings.Join(recorded, " "), "../../", "benchmarks/"))
	}
	if n := strings.Count(string(drawn), "<text"); n != 2*9+1 {
		t.Errorf("%d texts are drawn, want two for each of 9 networks and PyTorch's", n)
	}
}

// TestWrong gives files that are none of compare.py.
func TestWrong(t *testing.T) {
	dir := t.TempDir()
	for name, test := range map[string]struct{ text, want string }{
		"other.jsonl": {`{"name": "gemm-64", "ratio": 1.1}`, "other.jsonl, entry 1 is no training step"},
		"torn.jsonl":  {`{"name": "step`, "torn.jsonl, entry 1"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(test.text), 0o666); err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		if code := run(context.Background(), []string{"-out", filepath.Join(dir, "x.svg"), path}, &said, &said); code != 1 || !strings.Contains(said.String(), test.want) {
			t.Errorf("%s: exit status %d and %q, want %q", name, code, said.String(), test.want)
		}
	}
	var said bytes.Buffer
	if code := run(context.Background(), nil, &said, &said); code != 2 || !strings.Contains(said.String(), "nothing to draw") {
		t.Errorf("without files: exit status %d and %q", code, said.String())
	}
}
