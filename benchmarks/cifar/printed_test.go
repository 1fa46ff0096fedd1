package main

import (
	"testing"

	"autodropout/benchmarks/internal/benchtest"
)

func TestPrintedCommands(t *testing.T) {
	benchtest.Program(run).RunsPrinted(t, "cifar", "synthetic", 8, "-train-size", "60", "-test-size", "20", "-valid-size", "0", "-pixels", "0", "-batch", "12", "-epochs", "1",
		"-search-epochs", "1", "-trials", "2", "-tune=false", "-finalists", "0", "-in-flight", "1", "-seeds", "1", "-depth", "10", "-width", "1",
		"-search-depth", "10", "-search-width", "1", "-channels", "8,16,16", "-method", "none,autodropout")
}
