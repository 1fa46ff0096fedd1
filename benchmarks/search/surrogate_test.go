package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/runfolder"
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
	dir := t.TempDir()
	for _, args := range pages.Printed(t, "benchmarks/search") {
		out.Reset()
		wantLog, wantPage, wantVariants := "", "", ""
		for i := range args[:max(0, len(args)-1)] {
			switch args[i] {
			case "-log":
				args[i+1] = filepath.Join(dir, "log.jsonl")
				wantLog = args[i+1]
			case "-variants":
				args[i+1] = filepath.Join(dir, "variants.jsonl")
				wantVariants = args[i+1]
			case "-page":
				args[i+1] = filepath.Join(dir, "doc")
				wantPage = args[i+1]
			}
		}
		if err := run(append(args, "-run", "../results/study/cifar", "-results", "../results", "-seeds", "2", "-trials", "12"), &out); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		if wantPage != "" {
			if _, err := os.Stat(filepath.Join(wantPage, "search", "late.svg")); err != nil {
				t.Error(err)
			}
			continue
		}
		if wantVariants != "" {
			c, found, err := readVariants(wantVariants)
			if err != nil || c.Searches != 2 || len(found) != len(variants(c.Shared)) || len(found[0].Chosen[0]) != 2 || len(found[len(found)-1].Late[0]) != 2*cheap {
				t.Errorf("the log has %d variants of %+v, error %v", len(found), c, err)
			}
			if strings.Contains(out.String(), "NaN") || !strings.Contains(out.String(), "trials share two seeds, with a reference") {
				t.Errorf("the output is\n%s", &out)
			}
			continue
		}
		if text := out.String(); strings.Count(text, "\n") != 5+14 || !strings.Contains(text, "evolution  mild") || strings.Contains(text, "NaN") {
			t.Errorf("%v: the output is\n%s", args, text)
		}
		if wantLog != "" {
			f, curves, err := readSearches(wantLog)
			if err != nil || len(curves) != 28 || f.Searches != 2 || len(curves[0].Best) != 1 {
				t.Errorf("the log has %d searches, %+v, error %v", len(curves), f, err)
			}
		}
	}
	for _, wrong := range [][]string{{"-run", t.TempDir()}, {"-run", "../results/study/ptb"}, {"-seeds", "1"}, {"-page", dir, "-results", dir}} {
		if err := run(wrong, &out); err == nil {
			t.Errorf("%v is accepted", wrong)
		}
	}
}

// TestFlags: -h lists the flags and is no error, and words that are no flags are not passed over.
func TestFlags(t *testing.T) {
	var out strings.Builder
	if err := run([]string{"-h"}, &out); err != nil || !strings.Contains(out.String(), "-variants") {
		t.Errorf("-h: error %v, and it prints\n%s", err, &out)
	}
	for _, args := range [][]string{{"page", "doc"}, {"-pages", "doc"}} {
		out.Reset()
		if err := run(args, &out); err == nil || !strings.Contains(err.Error(), "-h lists") || out.String() != "" {
			t.Errorf("%v: error %v, and it prints\n%s", args, err, &out)
		}
	}
}

// TestPage: the committed page and its curves are what the command writes from the
// committed logs, which have searches enough, and nothing is better than the default.
func TestPage(t *testing.T) {
	p, err := readPage("../results")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.check(); err != nil {
		t.Error(err)
	}
	written, err := p.written()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range written {
		committed, err := os.ReadFile(filepath.Join("../../doc", name))
		if err != nil || string(committed) != string(content) {
			t.Errorf("doc/%s is not what go run ./benchmarks/search -page doc writes (error %v)", name, err)
		}
	}
	for _, k := range kinds() {
		seeds := map[uint64]bool{}
		for _, c := range p.curves {
			if c.Algorithm == k.algorithm && c.Begins == k.begins {
				seeds[c.Seed] = true
			}
		}
		if len(seeds) < 5 {
			t.Errorf("%v has %d searches on the surrogate", k, len(seeds))
		}
	}
	for _, way := range p.Trained {
		if len(way.searches) < 2 {
			t.Errorf("%s has %d searches on real trainings", way.title, len(way.searches))
		}
	}
	if rows := strings.Count(p.Optuna(), "Optuna's"); rows != 2 {
		t.Errorf("%d rows of Optuna", rows)
	}
}

// TestPairs: a part of chance that rows share by seed does not count in differences.
func TestPairs(t *testing.T) {
	folder, err := runfolder.Folder(filepath.Join(t.TempDir(), "run")).Create("", "")
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	shared := []float64{3, -1, 0, 2, -4}
	for s, luck := range shared {
		for r, row := range []string{"none", "dropout"} {
			own := float64((s*2+r)%3) / 10
			if err := folder.Append(runfolder.Unit{Method: row, Seed: s, Score: runfolder.Score{Value: float64(10*r) + luck + own}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, err := pairs(folder.Folder)
	if err != nil || p.Rows != 2 || p.Seeds != 5 || p.Single < 2.5 || p.Single > 3 || p.Difference > 0.3 || p.Saves() < 100 {
		t.Errorf("the pairing is %+v, error %v", p, err)
	}
}
