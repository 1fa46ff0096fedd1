package main

import (
	"testing"

	"autodropout/benchmarks/internal/benchtest"
)

func TestPrintedCommands(t *testing.T) {
	benchtest.Program(benchmark.Run).RunsPrinted(t, "cifarssl", "synthetic", 2, "-pixels", "0", "-finalists", "0", "-train-size", "60", "-test-size", "20", "-labels", "30", "-batch", "8", "-ratio", "1",
		"-training-steps", "2", "-search-steps", "2", "-trials", "2", "-seeds", "1", "-depth", "10", "-width", "1", "-search-depth", "10", "-search-width", "1", "-method", "supervised,uda")
}
