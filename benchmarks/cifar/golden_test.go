package main

import (
	"strings"
	"testing"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/benchmarks/internal/experiment"
)

// TestGoldenRun holds all numbers of a run.
func TestGoldenRun(t *testing.T) {
	benchtest.Program(run).Golden(t, "-data", "synthetic", "-scenes", "cluttered", "-train-size", "20", "-test-size", "10", "-valid-size", "10", "-pixels", "0", "-batch", "12", "-epochs", "1", "-search-epochs", "1", "-trials", "4", "-finalists", "1", "-tune",
		"-in-flight", "2", "-seeds", "1", "-depth", "10", "-width", "1", "-search-depth", "10", "-search-width", "1", "-rate", "0.1", "-clip", "5", "-augment", "-randaugment", "2,9",
		"-method", strings.Join(experiment.Keys(new(config).Table()), ","))
}
