package main

import (
	"testing"

	"autodropout/benchmarks/internal/benchtest"
)

// TestGoldenRun holds all numbers of a run.
func TestGoldenRun(t *testing.T) {
	benchtest.Program(benchmark.Run).Golden(t, "-data", "synthetic", "-space", "paper", "-start", "share", "-algorithm", "ppo", "-trial-seeds", "0", "-dropout", "0.05", "-drop-input", "0.05", "-drop-projection", "0.05", "-drop-output", "0.05",
		"-method", "none,dropout,variational,transferred,random,autodropout,shuffled,reinforce", "-train-size", "100", "-test-size", "10", "-epochs", "2", "-search-epochs", "1", "-seeds", "1", "-tokens", "200", "-longest", "30", "-warm-up", "2", "-beam", "2",
		"-in-flight", "2", "-trials", "2", "-layers", "1", "-width", "8", "-heads", "2", "-inner", "8", "-search-layers", "1", "-search-width", "8", "-search-inner", "8")
}
