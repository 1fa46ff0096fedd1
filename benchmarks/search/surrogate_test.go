package main

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/pages"
	"autodropout/internal/seed"
)

// TestFit: rewards that are made of the features, and noise, are found again.
func TestFit(t *testing.T) {
	space := dropout.ConvSpace([]int{1, 1})
	made := &surrogate{space: space, weight: make([]float64, 19)}
	for i := range made.weight {
		made.weight[i] = float64(i%5) - 2
	}
	folder := t.TempDir()
	_, err := controller.Search(t.Context(), controller.Config{Path: filepath.Join(folder, "random", "trials.jsonl"), Trials: 1}, space, nil)
	if err == nil {
		t.Fatal("a folder that is not there is no error")
	}
	path := filepath.Join(folder, "trials.jsonl")
	_, err = controller.Search(t.Context(), controller.Config{Path: path, Trials: 600, Algorithm: controller.Random}, space,
		func(_ context.Context, trial controller.Trial) (controller.Outcome, error) {
			return controller.Outcome{Reward: made.at(trial.Point) + 0.1*seed.New(trial.Seed, "noise").NormFloat64()}, nil
		})
	if err != nil {
		t.Fatal(err)
	}
	samples, of, _, err := read([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	found, err := fit(samples, of, 0)
	if err != nil {
		t.Fatal(err)
	}
	if found.trials != 600 || found.fit < 0.9 || math.Abs(found.misfit-0.1) > 0.03 {
		t.Errorf("of %d trials it explains %g and misses by %g, want 0.1", found.trials, found.fit, found.misfit)
	}
	rng, worst := seed.New(1, "points"), 0.0
	for range 200 {
		point := space.Draw(nil, rng)
		worst = max(worst, math.Abs(found.at(point)-made.at(point)))
	}
	if worst > 0.6 {
		t.Errorf("a point is worth %g more or less than it is", worst)
	}
}

// TestRun: the whole comparison, by the commands that are printed, with few searches, on the committed logs.
func TestRun(t *testing.T) {
	var out strings.Builder
	for _, args := range pages.Printed(t, "benchmarks/search") {
		out.Reset()
		if err := run(append(args, "-run", "../results/study/cifar", "-seeds", "2", "-trials", "12"), &out); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); strings.Count(text, "\n") != 5+14 || !strings.Contains(text, "evolution  mild") || strings.Contains(text, "NaN") {
			t.Errorf("%v: the output is\n%s", args, text)
		}
	}
	for _, wrong := range [][]string{{"-run", t.TempDir()}, {"-run", "../results/study/ptb"}, {"-seeds", "1"}} {
		if err := run(wrong, &out); err == nil {
			t.Errorf("%v is accepted", wrong)
		}
	}
}
