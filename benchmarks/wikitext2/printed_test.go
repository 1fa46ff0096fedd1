package main

import (
	"testing"

	"autodropout/benchmarks/internal/benchtest"
)

func TestPrintedCommands(t *testing.T) {
	benchtest.Program(benchmark.Run).RunsPrinted(t, "wikitext2", "synthetic", 1, "-train-size", "1000", "-test-size", "1000", "-epochs", "1", "-search-epochs", "1", "-finalists", "0", "-trials", "2",
		"-in-flight", "1", "-seeds", "1", "-layers", "1", "-width", "8", "-heads", "2", "-inner", "8", "-search-layers", "1", "-search-width", "8", "-search-inner", "8", "-method", "none,autodropout")
}
