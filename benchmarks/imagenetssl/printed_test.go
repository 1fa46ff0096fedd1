package main

import (
	"testing"

	"autodropout/benchmarks/internal/benchtest"
)

func TestPrintedCommands(t *testing.T) {
	benchtest.Program(benchmark.Run).RunsPrinted(t, "imagenetssl", "synthetic", 1, "-finalists", "0", "-train-size", "60", "-test-size", "20", "-labels", "30", "-batch", "8", "-ratio", "1",
		"-training-steps", "2", "-search-steps", "2", "-trials", "2", "-seeds", "1", "-depth", "18", "-width", "4", "-search-depth", "18", "-search-width", "4", "-method", "supervised,uda")
}
