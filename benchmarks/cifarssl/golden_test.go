package main

import (
	"testing"

	"autodropout/benchmarks/internal/benchtest"
)

// TestGoldenRun holds all numbers of a run.
func TestGoldenRun(t *testing.T) {
	benchtest.Program(benchmark.Run).Golden(t, "-data", "synthetic", "-scenes", "cluttered", "-pixels", "0", "-cutout", "8", "-finalists", "0", "-space", "paper", "-start", "share", "-algorithm", "ppo", "-trial-seeds", "0",
		"-dropout", "0.05", "-spatial-dropout", "0.02", "-dropblock", "0.97", "-dropblock-size", "7", "-stochastic-depth", "0.95", "-method", "supervised,uda,dropout,dropblock,random,autodropout,shuffled,reinforce",
		"-train-size", "60", "-test-size", "20", "-labels", "30", "-batch", "8", "-ratio", "1", "-training-steps", "3", "-search-steps", "2", "-trials", "2",
		"-in-flight", "2", "-seeds", "1", "-threshold", "0.1", "-ema", "0.5", "-rate", "0.03", "-annealing", "linear", "-label-smoothing", "0.1", "-accumulate", "2",
		"-depth", "10", "-width", "1", "-search-depth", "10", "-search-width", "1")
}
