package main

import (
	"testing"

	"autodropout/benchmarks/internal/benchtest"
)

func TestPrintedCommands(t *testing.T) {
	benchtest.Program(benchmark.Run).RunsPrinted(t, "wmt", "synthetic", 1, "-train-size", "100", "-test-size", "10", "-epochs", "1", "-search-epochs", "1", "-trials", "2",
		"-in-flight", "1", "-seeds", "1", "-layers", "1", "-width", "8", "-heads", "2", "-inner", "8", "-search-layers", "1", "-search-width", "8", "-search-inner", "8", "-beam", "1", "-method", "none,autodropout")
}
