package main

import (
	"testing"

	"autodropout/benchmarks/internal/benchtest"
)

// TestGoldenRun holds all numbers of a run.
func TestGoldenRun(t *testing.T) {
	benchtest.Program(run).Golden(t, "-data", "builtin", "-scenes", "cluttered", "-space", "paper", "-start", "share", "-algorithm", "ppo", "-trial-seeds", "0",
		"-dropout", "0.1", "-spatial-dropout", "0.02", "-dropblock", "0.97", "-dropblock-size", "7", "-stochastic-depth", "0.95",
		"-method", "none,dropout,spatialdropout,dropblock,stochasticdepth,random,autodropout,randaugment,autodropout-randaugment,shuffled,reinforce",
		"-train-size", "60", "-test-size", "20", "-pixels", "32", "-resize", "32", "-model", "resnet-18", "-channels", "4", "-batch", "12", "-epochs", "2",
		"-rate", "1", "-warm-up", "1", "-schedule", "step", "-milestones", "1", "-accumulate", "2", "-ema", "0.9", "-crop", "0.3", "-flip", "-cutout", "4", "-search-train", "20", "-search-valid", "20",
		"-search-channels", "3", "-search-epochs", "1", "-trials", "2", "-in-flight", "2", "-seeds", "1")
}
