package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/benchmarks/internal/kills"
	"autodropout/controller"
	"autodropout/dropout"
)

// TestSameAlways runs one experiment without a break, on one core and in pieces.
func TestSameAlways(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	mustCall(t, tiny(whole, "-workers", "2")...)

	t.Run("one core", func(t *testing.T) {
		runtime.GOMAXPROCS(1)
		folder := filepath.Join(dir, "one")
		mustCall(t, tiny(folder)...)
		runtime.GOMAXPROCS(2)
		kills.Compare(t, folder, whole)
	})
	t.Run("other seed", func(t *testing.T) {
		folder := filepath.Join(dir, "seed")
		mustCall(t, tiny(folder, "-seed", "1")...)
		if savedWeights(t, folder) == savedWeights(t, whole) {
			t.Error("the weights are those of another seed")
		}
		if slices.Equal(firstTokens(t, folder), firstTokens(t, whole)) {
			t.Error("the search is that of another seed")
		}
	})
	t.Run("pieces", func(t *testing.T) {
		folder := filepath.Join(dir, "pieces")
		stdout := mustCall(t, tiny(folder, "-steps", "3")...)
		if !strings.Contains(stdout, "-resume -out "+folder) || strings.Contains(stdout, "| none") {
			t.Errorf("stopped by -steps the output is\n%s", stdout)
		}
		if _, err := os.Stat(filepath.Join(folder, "checkpoints", "none-0.safetensors")); err != nil {
			t.Errorf("there is no checkpoint: %v", err)
		}
		// 10 steps of the first training, 3 trials of 5 steps, 10 steps, and so on.
		_, _, stderr := call(t, "-resume", "-out", folder, "-steps", "4")
		if !strings.Contains(stderr, "none, seed 0: continuing after step 3\n") {
			t.Errorf("the second piece prints\n%s", stderr)
		}
		for _, steps := range []int{6, 7, 5, 6} {
			mustCall(t, "-resume", "-out", folder, "-steps", strconv.Itoa(steps))
		}
		mustCall(t, "-resume", "-out", folder)
		kills.Compare(t, folder, whole)
		// A finished run trains nothing when it is resumed.
		before := modified(t, folder)
		if stdout := mustCall(t, "-resume", "-out", folder); !strings.Contains(stdout, "To do: nothing.\n") || !strings.Contains(stdout, "| AutoDropout") {
			t.Errorf("the finished run prints\n%s", stdout)
		}
		if after := modified(t, folder); !after.Equal(before) {
			t.Error("the finished run trained again")
		}
	})
}

// TestAlgorithms runs searches that have no controller, and the control that searches
// nothing, without a break, on one core and in pieces.
func TestAlgorithms(t *testing.T) {
	dir := t.TempDir()
	for algorithm, begin := range map[string][]string{
		"evolution": {"-space", "wide", "-start", "best", "-trial-seeds", "1", "-method", "dropblock,stochasticdepth,fresh,autodropout",
			"-dropout", "0.2", "-spatial-dropout", "0.02", "-dropblock", "0.95"},
		"local":      {"-start-share", "0.1", "-method", "fresh,autodropout,shuffled", "-trial-seeds", "2", "-reference", "none"},
		"coordinate": {"-trials", "21", "-tune", "-tune-trials", "2", "-finalists", "2", "-trial-seeds", "1", "-method", "dropblock,places"},
	} {
		args := append([]string{"-algorithm", algorithm, "-trials", "14"}, begin...)
		whole, pieces := filepath.Join(dir, algorithm), filepath.Join(dir, algorithm+" in pieces")
		mustCall(t, tiny(whole, append(args, "-workers", "2")...)...)
		mustCall(t, tiny(pieces, append(args, "-workers", "1", "-steps", "13")...)...)
		mustCall(t, "-resume", "-out", pieces, "-steps", "58")
		mustCall(t, "-resume", "-out", pieces)
		mustCall(t, "-resume", "-out", pieces) // what has ended can be read
		kills.Compare(t, pieces, whole)
	}
	log, err := controller.ReadLog(filepath.Join(dir, "evolution", "autodropout", "trials.jsonl"))
	if err != nil || log.Space.Name != "wide convnet" || log.Trials[0].Seed != log.Trials[13].Seed {
		t.Fatalf("the log is of the space %q, error %v", log.Space.Name, err)
	}
	for i, want := range []string{"cells 1 scatter 0.2 at hidden", "size 1 scatter 0.02", "cells 3 scatter 0.05 up", "scatter 0.1 share_c at branch"} {
		if pattern, err := dropout.Decode(log.Space, log.Trials[i].Point); err != nil || !strings.Contains(fmt.Sprint(pattern), want) {
			t.Errorf("trial %d has the pattern %v, error %v, want one with %q", i+1, pattern, err, want)
		}
	}
	// A row made by hand is tuned block by block, and compared with what it was with seeds
	// of their own.
	log, err = controller.ReadLog(filepath.Join(dir, "coordinate", "places", "trials.jsonl"))
	if err != nil || log.Space.Name != "wide convnet" || len(log.Config.Starts) != 4 {
		t.Fatalf("the log is of the space %q, with %d starts, error %v", log.Space.Name, len(log.Config.Starts), err)
	}
	if tuned, err := controller.ReadLog(filepath.Join(dir, "coordinate", "dropblock", "trials.jsonl")); err != nil || len(tuned.Trials) != 2 {
		t.Errorf("a rate was chosen by %d trials, error %v", len(tuned.Trials), err)
	}
	for i := range log.Space.Decisions() {
		if name := log.Space.Choice(i).Name; name == "scatter" {
			continue
		} else if v := log.Trials[14].Point[i]; !slices.ContainsFunc(log.Config.Starts, func(p []int) bool { return p[i] == v }) {
			t.Errorf("trial 15 has changed %s", name)
		}
	}
	again, err := controller.ReadLog(filepath.Join(dir, "coordinate", "places", "finalists.jsonl"))
	if err != nil || again.Config.Algorithm != controller.Grid || again.Config.Starts != nil || len(again.Config.Points) > 2 {
		t.Errorf("what was found is compared by %+v, error %v", again.Config, err)
	}
	// The reference drops nothing, once with each seed.
	log, err = controller.ReadLog(filepath.Join(dir, "local", "autodropout", "trials.jsonl"))
	if err != nil || log.References != 2 || log.Trials[0].Seed == log.Trials[1].Seed || log.Trials[0].Seed != log.Trials[2].Seed {
		t.Fatalf("the log has %d references, error %v", log.References, err)
	}
	for i := range 2 {
		if pattern, err := dropout.Decode(log.Space, log.Trials[i].Point); err != nil || strings.Count(fmt.Sprint(pattern), "none") != 3 {
			t.Errorf("reference %d has the pattern %v, error %v", i+1, pattern, err)
		}
	}
	if page := string(benchtest.Read(t, dir, "local", "report.html")); !strings.Contains(page, "less the reward of “none” with the same seed (2 seeds).") {
		t.Error("the report does not say what the reference is worth")
	}
	// What has been found is shuffled in the row that shares its search.
	weights := func(row string) []byte {
		return benchtest.Read(t, dir, "local", "weights", row+"-0.safetensors")
	}
	if bytes.Equal(weights("shuffled"), weights("autodropout")) {
		t.Error("what was found trains as well in another order")
	}
	if _, err := os.Stat(filepath.Join(dir, "local", "shuffled")); err == nil {
		t.Error("the control that is shuffled has a search of its own")
	}
	folder := filepath.Join(dir, "wrong")
	for want, args := range map[string][]string{
		"it must be from 0.0041 to 0.75":           {"-space", "paper", "-start", "share", "-start-share", "0.9"},
		"which only -space wide holds":             {"-space", "paper", "-start", "best"},
		"leave -async out":                         {"-space", "wide", "-start", "best", "-async"},
		"in order: leave -async out":               {"-method", "places", "-async"},
		"give -trial-seeds too":                    {"-reference", "none"},
		"results in order: leave -async":           {"-reference", "none", "-trial-seeds", "1", "-async"},
		"leaves nothing of -trials 2":              {"-reference", "none", "-trial-seeds", "2", "-trials", "2"},
		"-reference fresh: the":                    {"-reference", "fresh", "-trial-seeds", "1", "-space", "wide"},
		"-reference dropout: the":                  {"-reference", "dropout", "-trial-seeds", "1", "-space", "paper", "-start", "share"},
		"-reference random is not a hand-made row": {"-reference", "random", "-trial-seeds", "1"},
	} {
		if code, _, stderr := call(t, tiny(folder, args...)...); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%v ends with %d and %q, want %q", args, code, stderr, want)
		}
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("a run that cannot begin leaves a folder")
	}
}

// TestRunOfBefore: a run that began before searches began mildly, and before there was
// another space, has no word of that, and goes on as it began.
func TestRunOfBefore(t *testing.T) {
	dir := t.TempDir()
	args := []string{"-start-share", "0", "-method", "random,autodropout"}
	whole, folder := filepath.Join(dir, "whole"), filepath.Join(dir, "run")
	mustCall(t, tiny(whole, args...)...)
	mustCall(t, tiny(folder, append(args, "-steps", "8")...)...)
	path := filepath.Join(folder, "config.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(text)) {
		if name, _, _ := strings.Cut(line, " = "); !slices.Contains([]string{"space", "start", "start-share", "trial-seeds", "tune-trials"}, name) && !strings.Contains(name, "checksum") {
			kept = append(kept, line)
		}
	}
	if err := os.WriteFile(path, []byte(strings.Join(kept, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, "identity.json")); err != nil {
		t.Fatal(err)
	}
	mustCall(t, "-resume", "-out", folder)
	if got, want := readResult(t, folder).Rows, readResult(t, whole).Rows; got[0].Values[0] != want[0].Values[0] || got[1].Values[0] != want[1].Values[0] {
		t.Errorf("it has the scores %v, where one that knows all has %v", got, want)
	}
	log, err := controller.ReadLog(filepath.Join(folder, "autodropout", "trials.jsonl"))
	if err != nil || log.Config.StartProbs != nil || len(log.Curve()) != 3 {
		t.Errorf("the search is %+v, error %v", log, err)
	}
	log, err = controller.ReadLog(filepath.Join(dir, "whole", "autodropout", "trials.jsonl"))
	if err != nil || log.Config.StartProbs != nil {
		t.Errorf("-start-share 0 begins with %v, error %v", log.Config.StartProbs, err)
	}
}

// TestMildByDefault: searches of every preset begin with the share of hand-made dropout.
func TestMildByDefault(t *testing.T) {
	for name, c := range map[string]config{"paper": paper, "study": study, "quick": quick} {
		if c.StartShare != dropout.MildConv {
			t.Errorf("%s begins with the share %g", name, c.StartShare)
		}
	}
	folder := filepath.Join(t.TempDir(), "run")
	_, _, stderr := call(t, tiny(folder, "-method", "random,reinforce", "-space", "wide", "-trials", "1")...)
	if !strings.Contains(stderr, "at first a pattern drops 6.0 % of all elements on average") {
		t.Errorf("it prints\n%s", stderr)
	}
	log, err := controller.ReadLog(filepath.Join(folder, "random", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if share, err := dropout.ExpectedShare(log.Space, log.Config.StartProbs); err != nil || math.Abs(share-dropout.MildConv) > 1e-6 {
		t.Errorf("the search begins with the share %g, error %v", share, err)
	}
	// The paper's controller does as published.
	log, err = controller.ReadLog(filepath.Join(folder, "reinforce", "trials.jsonl"))
	if err != nil || log.Space.Name != "convnet" || log.Config.Algorithm != controller.Reinforce || log.Config.StartProbs != nil {
		t.Errorf("the paper's controller has the log %+v, error %v", log.Config, err)
	}
}

// TestResultsOnly: what a repository keeps of a run is enough to go on with it.
func TestResultsOnly(t *testing.T) {
	whole, part := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "part")
	mustCall(t, tiny(whole)...)
	for _, name := range []string{"config.toml", "units.jsonl", "random/trials.jsonl"} {
		text, err := os.ReadFile(filepath.Join(whole, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "units.jsonl" {
			text = text[:bytes.IndexByte(text, '\n')+1] // the first training
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(part, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(part, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if stdout := mustCall(t, "-resume", "-out", part); !strings.Contains(stdout, "To do: 2 trainings") || !strings.Contains(stdout, "1 search with 3 trials") {
		t.Errorf("the run goes on with\n%s", stdout)
	}
	got, want := readResult(t, part), readResult(t, whole)
	for i, row := range want.Rows {
		if !slices.Equal(got.Rows[i].Values, row.Values) {
			t.Errorf("%s has %v, where the whole run has %v", row.Method, got.Rows[i].Values, row.Values)
		}
	}
}

// TestFinalists: the best pattern of a search is tried again, its mean is its reward,
// and a run that is stopped in between goes on with that.
func TestFinalists(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	rows := []string{"-method", "random", "-trials", "5", "-finalists", "1"}
	mustCall(t, tiny(whole, rows...)...)
	search, err := controller.ReadLog(filepath.Join(whole, "random", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	best, _, _ := search.Best()
	again, err := controller.ReadLog(filepath.Join(whole, "random", "finalists.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if len(search.Trials) != 2 || len(again.Trials) != 3 {
		t.Errorf("%d trials are sampled and %d repeated", len(search.Trials), len(again.Trials))
	}
	mean := 0.0
	for i, trial := range again.Trials {
		if !slices.Equal(trial.Point, best.Point) || slices.Contains([]uint64{search.Trials[0].Seed, search.Trials[1].Seed}, trial.Seed) {
			t.Errorf("trial %d of the finalists is %+v", i, trial)
		}
		mean += again.Results[i].Reward / 3
	}
	pattern, err := dropout.LoadPattern(filepath.Join(whole, "random", "pattern.json"))
	if err != nil {
		t.Fatal(err)
	}
	if reward := pattern.(*dropout.ConvPattern).Origin.Reward; math.Abs(reward-mean) > 1e-12 {
		t.Errorf("the pattern's reward is %v, not the mean %v", reward, mean)
	}

	pieces := filepath.Join(t.TempDir(), "pieces")
	mustCall(t, tiny(pieces, append(rows, "-steps", "17")...)...) // two trials of 5 steps and a part of the others
	_, _, stderr := call(t, "-resume", "-out", pieces)
	if !strings.Contains(stderr, "finalists.jsonl: ") {
		t.Errorf("the second piece prints\n%s", stderr)
	}
	kills.Compare(t, pieces, whole)
	// Rounds of rejects go by results in order, in a search that does not too.
	async := filepath.Join(t.TempDir(), "async")
	mustCall(t, tiny(async, append(rows, "-async")...)...)
	for name, want := range map[string]bool{"trials.jsonl": true, "finalists.jsonl": false} {
		if log, err := controller.ReadLog(filepath.Join(async, "random", name)); err != nil || log.Config.Async != want {
			t.Errorf("with -async %s begins with %+v, error %v", name, log.Config, err)
		}
	}
	// Before there were successive rejects, finalists were points of a grid; such a run goes on
	// with that.
	before := filepath.Join(t.TempDir(), "before")
	mustCall(t, tiny(before, append(rows, "-steps", "10")...)...)
	header, _, _ := strings.Cut(string(benchtest.Read(t, whole, "random", "finalists.jsonl")), "\n")
	header = strings.Replace(strings.Replace(header, `"algorithm":"rejects"`, `"algorithm":"grid"`, 1), `,"repeats":3`, "", 1)
	header, _, _ = strings.Cut(header, `,"crc"`)
	if err := os.WriteFile(filepath.Join(before, "random", "finalists.jsonl"), []byte(header+"}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	mustCall(t, "-resume", "-out", before)
	if again, err = controller.ReadLog(filepath.Join(before, "random", "finalists.jsonl")); err != nil || again.Config.Algorithm != controller.Grid || len(again.Curve()) != 3 {
		t.Errorf("finalists of before go on with %+v, error %v", again.Config, err)
	}
	if code, _, stderr := call(t, tiny(filepath.Join(t.TempDir(), "few"), append(rows, "-trials", "6", "-finalists", "2")...)...); code != 2 || !strings.Contains(stderr, "-finalists 2") {
		t.Errorf("too many finalists: exit code %d, %s", code, stderr)
	}
}

// TestFinalsTogether: final trainings that run beside each other leave what those leave
// that run one after another, also where they are stopped together.
func TestFinalsTogether(t *testing.T) {
	whole, pieces := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "pieces")
	rows := []string{"-method", "none,dropout", "-seeds", "3"}
	mustCall(t, tiny(whole, append(rows, "-workers", "1")...)...)
	mustCall(t, tiny(pieces, append(rows, "-workers", "3", "-steps", "7")...)...)
	mustCall(t, "-resume", "-out", pieces, "-workers", "3", "-steps", "33")
	mustCall(t, "-resume", "-out", pieces, "-workers", "2")
	kills.Compare(t, pieces, whole)
}

// Run as doc/resuming.md says, with AUTODROPOUT_KILLS=100.
func TestKills(t *testing.T) {
	kills.Test(t, tiny("", "-workers", "2", "-method", "none,autodropout", "-trials", "2", "-seeds", "2")...)
}

func savedWeights(t *testing.T, folder string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "weights", "none-0.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func firstTokens(t *testing.T, folder string) []int {
	t.Helper()
	report, err := controller.ReadLog(filepath.Join(folder, "random", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return report.Trials[0].Point
}

func modified(t *testing.T, folder string) time.Time {
	t.Helper()
	info, err := os.Stat(filepath.Join(folder, "weights", "none-0.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime()
}
