package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/fewlabels"
	"autodropout/benchmarks/internal/kills"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/models"
	"autodropout/train"
)

// tiny is the smallest experiment with everything in it.
func tiny(out string, more ...string) []string {
	return append([]string{"-data", "synthetic", "-scenes", "cluttered", "-pixels", "0", "-cutout", "8", "-finalists", "0", "-space", "paper", "-start", "share", "-start-share", "0", "-algorithm", "ppo", "-trial-seeds", "0",
		"-dropout", "0.05", "-spatial-dropout", "0.02", "-dropblock", "0.97", "-dropblock-size", "7", "-stochastic-depth", "0.95", "-method", "supervised,uda,dropout,dropblock,random,autodropout",
		"-train-size", "60", "-test-size", "20", "-labels", "30", "-batch", "8", "-ratio", "1",
		"-training-steps", "3", "-search-steps", "2", "-trials", "2", "-in-flight", "2", "-seeds", "1", "-threshold", "0.1", "-ema", "0.5", "-rate", "0.03",
		"-depth", "10", "-width", "1", "-search-depth", "10", "-search-width", "1", "-out", out}, more...)
}

func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = benchmark.Run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func mustCall(t *testing.T, args ...string) (stdout string) {
	t.Helper()
	code, stdout, stderr := call(t, args...)
	if code != 0 {
		t.Fatalf("%v: exit code %d\n%s%s", args, code, stdout, stderr)
	}
	return stdout
}

func weights(t *testing.T, folder, key string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "weights", key+"-0.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPipeline(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	stdout := mustCall(t, tiny(folder)...)
	for _, want := range []string{"synthetic set, not CIFAR-10", "labels of 30 training images", "Estimated time", "with 30 labels",
		"Paper: 4.31 is UDA's authors", "Paper: 4.2 is 4,000 labels",
		"To do: 5 trainings of WRN-10-1 with 3 steps of about ", "; 1 training of WRN-10-1 with 3 steps of about "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the output does not have %q:\n%s", want, stdout)
		}
	}
	trained := map[string]string{}
	for _, key := range fewlabels.Methods {
		text := weights(t, folder, key)
		if other, ok := trained[text]; ok {
			t.Errorf("%s and %s have the same weights", key, other)
		}
		trained[text] = key
	}
	checkRows(t, folder)
	checkReward(t, folder)

	// A run in pieces gives the same.
	pieces := filepath.Join(t.TempDir(), "pieces")
	mustCall(t, tiny(pieces, "-steps", "4")...)
	mustCall(t, "-resume", "-out", pieces, "-steps", "5")
	mustCall(t, "-resume", "-out", pieces)
	kills.Compare(t, pieces, folder)

	// A learned pattern takes the place of the searches.
	given := filepath.Join(t.TempDir(), "given")
	mustCall(t, tiny(given, "-method", "uda,autodropout", "-pattern", filepath.Join(folder, "best-pattern.json"))...)
	if weights(t, given, "uda") != weights(t, folder, "uda") || weights(t, given, "pattern") == weights(t, given, "uda") {
		t.Error("the rows with -pattern are not UDA as before and UDA with a pattern")
	}
}

// checkRows compares the first rows with the same trainings written out.
func checkRows(t *testing.T, folder string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r runfolder.Result
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != len(fewlabels.Methods) || r.Model != "WRN-10-1" {
		t.Fatalf("the result is %+v", r)
	}
	all, test, labelled, _ := tinyImages(t)
	for row, ratio := range []int{0, 1} {
		trainer := newTrainer(t, seed.Derive(0, "final model", 0), labelled, all, ratio, 3, train.Common{Seed: seed.Derive(0, "final training", 0)})
		score, err := trainer.Evaluate(t.Context(), test)
		if err != nil || len(r.Rows[row].Values) != 1 || r.Rows[row].Values[0] != score.ErrorRate() {
			t.Errorf("%s has %v %% error, want %v (error %v)", r.Rows[row].Method, r.Rows[row].Values, score.ErrorRate(), err)
		}
	}
}

// checkReward compares the reward of a trial with a training written out: on
// four fifths of the labelled images, scored on the others.
func checkReward(t *testing.T, folder string) {
	t.Helper()
	report, err := controller.ReadLog(filepath.Join(folder, "random", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	_, _, labelled, rest := tinyImages(t)
	fit, valid, err := data.HoldOut(labelled, 0, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	trial := report.Trials[0]
	model, err := models.NewWRN(models.WRNConfig{Depth: 10, Width: 1, Classes: 10})
	if err != nil {
		t.Fatal(err)
	}
	pattern, err := dropout.DecodeConv(dropout.ConvSpace(model.Blocks()), trial.Point)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := pattern.Policy(model.Sites())
	if err != nil {
		t.Fatal(err)
	}
	trainer := newTrainer(t, seed.Derive(trial.Seed, "child model"), fit, rest, 1, 2,
		train.Common{Seed: seed.Derive(trial.Seed, "child training"), Policy: policy})
	if score, err := trainer.Evaluate(t.Context(), valid); err != nil || score.Accuracy() != report.Results[0].Reward {
		t.Errorf("the reward is %v, want %v (error %v)", report.Results[0].Reward, score.Accuracy(), err)
	}
}

func tinyImages(t *testing.T) (all, test, labelled, rest data.Source) {
	t.Helper()
	fit, score, err := data.Synthetic(data.SyntheticConfig{Train: 60, Test: 20})
	if err != nil {
		t.Fatal(err)
	}
	taken, others, err := data.Take(fit, 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	return fit, score, taken, others
}

// newTrainer returns what has trained as the settings of tiny say.
func newTrainer(t *testing.T, modelSeed uint64, labelled, unlabelled data.Source, ratio, steps int, common train.Common) *train.UDATrainer {
	t.Helper()
	model, err := models.NewWRN(models.WRNConfig{Depth: 10, Width: 1, Classes: 10, Seed: modelSeed})
	if err != nil {
		t.Fatal(err)
	}
	weak, strong := quick.Augment, quick.Augment
	strong.RandAugment, strong.Cutout = imaging.RandAugment{Operations: 1, Magnitude: 5}, 8
	common.EMA = 0.5
	trainer, err := train.NewUDA(model, labelled, unlabelled, train.UDAConfig{
		Steps: steps, Batch: 8, Ratio: ratio, Threshold: 0.1, Temperature: 0.4, Augment: weak, Strong: strong, Common: common})
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return trainer
}

func TestWrongInput(t *testing.T) {
	for args, want := range map[string]string{
		"-depth 11":                  "depth",
		"-search-depth 12":           "depth",
		"-rate 0":                    "-rate",
		"-weight -1":                 "-weight",
		"-temperature 0":             "-temperature",
		"-threshold 1":               "-threshold",
		"-ema 1":                     "-ema",
		"-label-smoothing 2":         "-label-smoothing",
		"-weight-decay -1":           "-weight-decay",
		"-clip -1":                   "-clip",
		"-batch 9 -accumulate 2":     "-accumulate",
		"-annealing quick":           "none, linear, log or exp",
		"-randaugment much":          "randaugment",
		"-dropblock 0":               "DropBlock",
		"-labels 5":                  "cannot take 5 images",
		"-labels 10":                 "holding out",
		"-batch 31":                  "-batch 31",
		"-batch 25":                  "-batch 25",
		"-pattern missing.json":      "missing.json",
		"-data missing":              "missing",
		"-ratio 5":                   "-ratio 5",
		"-method supervised,magic":   "magic",
		"-training-steps 0":          "-training-steps",
		"-preset huge":               "huge",
		"-resume -config other.toml": "-config",
	} {
		code, _, stderr := call(t, tiny(filepath.Join(t.TempDir(), "run"), strings.Fields(args)...)...)
		if code == 0 || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, want one line with %q:\n%s", args, code, want, stderr)
		}
	}
}

// The preset paper is the recipe of UDA's authors.
func TestPaperPreset(t *testing.T) {
	if c := paper; c.Depth != 28 || c.Width != 2 || c.Labels != 4000 || c.Batch != 64 || c.Ratio != 7 || c.Steps != 500_000 ||
		c.Rate != 0.03 || c.Sure != 0.8 || c.Sharpening != 0.4 || c.Weight != 1 || c.Average != 0.9999 || c.Cutout != 16 {
		t.Errorf("the preset is %+v", c)
	}
}
