package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"autodropout/internal/pages"
)

// TestPrinted runs what the pages print, on a narrow network and built-in data.
func TestPrinted(t *testing.T) {
	dir := t.TempDir()
	trainedRun, n := filepath.Join(dir, "run"), 0
	commands := pages.Printed(t, "benchmarks/finetune")
	slices.SortStableFunc(commands, func(a, b []string) int { return len(b) - len(a) }) // what trains has more words
	for _, args := range commands {
		for i, arg := range args {
			switch {
			case arg == "runs/NAME":
				args[i] = trainedRun + "0"
			case arg == "served" || arg == "model.onnx":
				args[i] = filepath.Join(dir, arg)
			case i > 0 && args[i-1] == "-weights":
				model := "resnet-18"
				if slices.Contains(args, "full") {
					model = "resnet-50"
				}
				args[i] = trained(t, model)
			case i > 0 && args[i-1] == "-data":
				args[i] = "synthetic"
			}
		}
		if args[0] != "-export" {
			args = append(args, "-train-size", "40", "-test-size", "20", "-pixels", "32", "-channels", "4", "-batch", "10", "-epochs", "1", "-seeds", "1", "-method", "none", "-quiet", "-out", fmt.Sprint(trainedRun, n))
		}
		if args[0] != "-export" {
			n++
		}
		if code, stdout, stderr := call(t, args...); code != 0 {
			t.Errorf("%v: exit code %d\n%s%s", args, code, stdout, stderr)
		}
	}
	if n < 1 || len(commands) == n {
		t.Errorf("the pages print %d commands, %d of which train; want some that do, and others", len(commands), n)
	}
}
