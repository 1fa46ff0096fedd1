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
	trains := func(args []string) int { // what trains a named network first, whose run is exported
		switch {
		case args[0] == "-export":
			return 2
		case slices.Contains(args, fromFile):
			return 1
		}
		return 0
	}
	slices.SortStableFunc(commands, func(a, b []string) int { return trains(a) - trains(b) })
	for _, args := range commands {
		for i, arg := range args {
			switch {
			case arg == "runs/NAME":
				args[i] = trainedRun + "0"
			case arg == "served" || arg == "model.onnx":
				args[i] = filepath.Join(dir, arg)
			case i > 0 && args[i-1] == "-weights":
				switch {
				case slices.Contains(args, fromFile):
					args[i] = exported[0]
				case slices.Contains(args, "full"):
					args[i] = trained(t, "resnet-50")
				default:
					args[i] = trained(t, "resnet-18")
				}
			case i > 0 && args[i-1] == "-data":
				args[i] = "synthetic"
			}
		}
		if args[0] != "-export" {
			channels := "4"
			if slices.Contains(args, fromFile) {
				channels = "0"
			}
			args = append(args, "-train-size", "40", "-test-size", "20", "-pixels", "32", "-channels", channels, "-batch", "10", "-epochs", "1", "-seeds", "1", "-method", "none", "-quiet", "-out", fmt.Sprint(trainedRun, n))
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
