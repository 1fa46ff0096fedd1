package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/benchmarks/internal/kills"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/models"
	"autodropout/train"
	"autodropout/weights"
)

func TestMain(m *testing.M) { kills.Main(m, run) }

// tiny is the smallest experiment with a search. It takes nothing from a preset
// that the tests rely on.
func tiny(out string, more ...string) []string {
	return append([]string{"-data", "synthetic", "-train-size", "60", "-test-size", "20", "-batch", "12", "-epochs", "2",
		"-scenes", "cluttered", "-valid-size", "0", "-pixels", "0", "-space", "paper", "-start", "share", "-algorithm", "reinforce", "-trial-seeds", "0", "-finalists", "0",
		"-search-epochs", "1", "-trials", "3", "-in-flight", "2", "-seeds", "1", "-method", "none,random,autodropout", "-out", out,
		"-depth", "10", "-width", "1", "-search-depth", "10", "-search-width", "1", "-rate", "0.1", "-clip", "5", "-augment"}, more...)
}

// call runs the benchmark in this process.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
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

func readResult(t *testing.T, folder string) runfolder.Result {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r runfolder.Result
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

// table has every row.
var table = new(config).Table()

func TestPipeline(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	stdout := mustCall(t, tiny(folder, "-start-share", "0", "-method", strings.Join(experiment.Keys(table), ","))...)
	first, rest, _ := strings.Cut(stdout, "\n")
	if !strings.Contains(first, "synthetic set, not CIFAR-10") || !strings.Contains(rest, "demonstration") {
		t.Errorf("the output begins with %q", first)
	}
	for _, want := range []string{"Estimated time", folder, "paper, in its own setting", "Paper: 3.2 is 96.8 % accuracy", "curves and the pattern layer by layer, is", "memory"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the output does not have %q:\n%s", want, stdout)
		}
	}
	for _, line := range strings.Split(stdout, "\n") {
		if strings.HasPrefix(line, "| ") && strings.Contains(line, "| 3.2 ") != strings.HasPrefix(line, "| AutoDropout  ") {
			t.Errorf("only the row of AutoDropout has a confirmed number: %s", line)
		}
	}
	r := readResult(t, folder)
	if len(r.Rows) != len(table) || r.Model != "WRN-10-1" || r.Preset != "quick" || r.Dataset != "synthetic" || len(r.BestPattern) < 10 {
		t.Errorf("the result is %+v", r)
	}
	for i, row := range r.Rows {
		if row.Method != table[i].Title || len(row.Values) != 1 || row.Mean == nil || row.Std != nil || row.Seconds <= 0 {
			t.Errorf("row %d is %+v", i, row)
		}
	}
	if p := r.Rows[slices.Index(experiment.Keys(table), "autodropout")].Paper; p == nil || p.Value != 3.2 {
		t.Errorf("the paper's number is %+v", p)
	}
	for _, name := range []string{"best-pattern.png", "report.html", "loss.svg", "search.svg", "table.txt", "config.toml", "weights/dropblock-0.safetensors"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, err := os.ReadDir(filepath.Join(folder, "checkpoints")); err != nil || len(left) > 0 {
		t.Errorf("checkpoints stay behind: %v, error %v", left, err)
	}

	checkDifferent(t, folder)
	checkError(t, folder, r.Rows[0].Values[0])
	checkReward(t, folder)

	// A learned pattern takes the place of the searches.
	given := filepath.Join(t.TempDir(), "given")
	mustCall(t, "-data", "synthetic", "-train-size", "60", "-test-size", "20", "-epochs", "1", "-seeds", "1", "-depth", "16",
		"-method", "none,autodropout", "-pattern", filepath.Join(folder, "best-pattern.json"), "-out", given)
	r = readResult(t, given)
	if len(r.Rows) != 2 || r.Rows[1].Method != "pattern best-pattern.json" || r.Rows[1].Paper != nil {
		t.Errorf("with -pattern the rows are %+v", r.Rows)
	}
}

func TestAblations(t *testing.T) {
	space := dropout.ConvSpace([]int{1, 1, 1})
	for key, fixed := range map[string][]string{"no-geometry": {"rotate", "shear_x", "shear_y"}, "no-share-c": {"share_c"}, "no-residual": {"residual"}} {
		m := table[slices.Index(experiment.Keys(table), key)]
		for _, token := range m.Ablated(space).Choices {
			if one := len(token.Values) == 1; one != slices.Contains(fixed, token.Name) || one && token.Values[0] != 0 {
				t.Errorf("%s: the token %s has the values %v", key, token.Name, token.Values)
			}
		}
	}
}

// TestNear: a search that begins near DropBlock says so in its log.
func TestNear(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	mustCall(t, tiny(folder, "-method", "near", "-trials", "2", "-steps", "1")...)
	log, err := os.ReadFile(filepath.Join(folder, "near", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(string(log), "\n")
	if want := `"start":[1,2,7,0,3,3,0,0,1,2,7,0,3,3,0,0,1,2,7,0,3,3,0,0]`; !strings.Contains(header, want) {
		t.Errorf("the log begins with %s, want %s in it", header, want)
	}
}

// TestValidSize: trials are scored by images that no training sees.
func TestValidSize(t *testing.T) {
	c := quick
	c.Data, c.TrainSize, c.TestSize, c.validSize = "synthetic", 40, 10, 20
	found, err := c.Open(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	part, rest, err := images.AtMost(found.Train, c.TrainSize, "-train-size")
	if err != nil {
		t.Fatal(err)
	}
	final, child, err := c.Divide(part, rest, found.Test, true)
	if err != nil {
		t.Fatal(err)
	}
	if child.Fit.Len() != 40 || child.Fit != final.Fit || child.Score.Len() != 20 {
		t.Errorf("%d images are trained on and %d score", child.Fit.Len(), child.Score.Len())
	}
	for i := range child.Score.Len() {
		for j := range child.Fit.Len() {
			a, _ := child.Score.Load(i)
			b, _ := child.Fit.Load(j)
			if slices.Equal(a.Pix, b.Pix) {
				t.Errorf("image %d scores and is trained on", i)
			}
		}
	}
}

// checkDifferent makes sure that no two rows trained alike. In two trials the rows
// that are not among the usual ones have no time to differ from AutoDropout.
func checkDifferent(t *testing.T, folder string) {
	t.Helper()
	trained := map[string]string{}
	for _, key := range methods {
		weights, err := os.ReadFile(filepath.Join(folder, "weights", key+"-0.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := trained[string(weights)]; ok {
			t.Errorf("%s and %s have the same weights", key, other)
		}
		trained[string(weights)] = key
	}
}

// checkError compares the first row's value with what its weights score on the
// test images.
func checkError(t *testing.T, folder string, want float64) {
	t.Helper()
	_, test := tinyImages(t)
	model := newModel(t, 0)
	if _, err := weights.Load(filepath.Join(folder, "weights", "none-0.safetensors"), model.Params(), weights.Options{}); err != nil {
		t.Fatal(err)
	}
	if score, err := train.Evaluate(t.Context(), model, test); err != nil || score.ErrorRate() != want {
		t.Errorf("the weights have %v %% test error (error %v), the row says %v %%", score.ErrorRate(), err, want)
	}
}

// checkReward compares the reward of a trial with a training written out: on
// nine tenths of the training images, scored on the others.
func checkReward(t *testing.T, folder string) {
	t.Helper()
	report, err := controller.ReadLog(filepath.Join(folder, "autodropout", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	all, _ := tinyImages(t)
	fit, valid, err := data.HoldOut(all, 0, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	trial := report.Trials[0]
	model := newModel(t, seed.Derive(trial.Seed, "child model"))
	pattern, err := dropout.DecodeConv(dropout.ConvSpace(model.Blocks()), trial.Point)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := pattern.Policy(model.Sites())
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := train.New(model, fit, train.Config{Batch: 12, Augment: data.StandardAugment(),
		Common: train.Common{ClipNorm: 5, Policy: policy, Seed: seed.Derive(trial.Seed, "child training")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if score, err := trainer.Evaluate(t.Context(), valid); err != nil || score.Accuracy() != report.Results[0].Reward {
		t.Errorf("the reward is %v, want %v (error %v)", report.Results[0].Reward, score.Accuracy(), err)
	}
}

func tinyImages(t *testing.T) (fit, test *data.Set) {
	t.Helper()
	fit, test, err := data.Synthetic(data.SyntheticConfig{Train: 60, Test: 20})
	if err != nil {
		t.Fatal(err)
	}
	return fit, test
}

func newModel(t *testing.T, base uint64) *models.WRN {
	t.Helper()
	model, err := models.NewWRN(models.WRNConfig{Depth: 10, Width: 1, Classes: 10, Seed: base})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func TestDivergedRow(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	stdout := mustCall(t, tiny(folder, "-method", "none", "-rate", "1e30", "-clip", "0")...)
	if !strings.Contains(stdout, "The report, with curves, is") {
		t.Errorf("a run without patterns promises one:\n%s", stdout)
	}
	if !strings.Contains(stdout, "| diverged") {
		t.Errorf("the output is\n%s", stdout)
	}
	if row := readResult(t, folder).Rows[0]; row.Mean != nil || len(row.Values) != 0 {
		t.Errorf("the row is %+v", row)
	}
}
