package main

import (
	"testing"

	"autodropout/benchmarks/internal/benchtest"
)

// TestGoldenRun holds all numbers of a run.
func TestGoldenRun(t *testing.T) {
	benchtest.Program(benchmark.Run).Golden(t, "-data", "synthetic", "-train-size", "1000", "-test-size", "1000", "-epochs", "2", "-mean-epochs", "0", "-search-epochs", "1", "-seeds", "1", "-batch", "6", "-bptt", "20", "-memory", "10",
		"-eval-bptt", "10", "-layers", "1", "-width", "8", "-heads", "2", "-inner", "8", "-cutoffs", "50,200", "-search-layers", "1", "-search-width", "8", "-search-inner", "8", "-in-flight", "2", "-trials", "2", "-finalists", "0")
}
