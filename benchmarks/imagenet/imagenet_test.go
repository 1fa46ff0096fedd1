package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/kills"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/models"
	"autodropout/optim"
	"autodropout/train"
)

// tiny is the smallest experiment with a search. It takes nothing from a preset
// that the tests rely on.
func tiny(out string, more ...string) []string {
	return append([]string{"-data", "synthetic", "-scenes", "cluttered", "-space", "paper", "-start", "share", "-start-share", "0", "-algorithm", "ppo", "-trial-seeds", "0",
		"-dropout", "0.1", "-spatial-dropout", "0.02", "-dropblock", "0.97", "-dropblock-size", "7", "-stochastic-depth", "0.95",
		"-method", "none,dropout,spatialdropout,dropblock,stochasticdepth,random,autodropout,randaugment,autodropout-randaugment",
		"-train-size", "60", "-test-size", "20", "-pixels", "32", "-resize", "32",
		"-model", "resnet-18", "-channels", "4", "-batch", "12", "-epochs", "2", "-rate", "1", "-warm-up", "1", "-schedule", "cosine",
		"-search-epochs", "1", "-search-train", "0", "-search-valid", "0", "-search-channels", "0", "-trials", "3", "-in-flight", "2", "-seeds", "1", "-out", out}, more...)
}

// call runs the benchmark in this process.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func mustCall(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	code, stdout, stderr := call(t, args...)
	if code != 0 {
		t.Fatalf("%v: exit code %d\n%s%s", args, code, stdout, stderr)
	}
	return stdout, stderr
}

func readResult(t *testing.T, folder string) (r runfolder.Result) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func weights(t *testing.T, folder, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "weights", name+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPipeline(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	stdout, stderr := mustCall(t, tiny(folder)...)
	first, _, _ := strings.Cut(stdout, "\n")
	if !strings.Contains(first, "built-in synthetic set, no photographs") {
		t.Errorf("the output begins with %q", first)
	}
	if n := strings.Count(stderr, "waited for data"); n != 9 {
		t.Errorf("%d trainings tell how long they waited, want 9:\n%s", n, stderr)
	}
	args := tiny(folder)
	methods := strings.Split(args[slices.Index(args, "-method")+1], ",")
	table := slices.DeleteFunc((&config{model: "resnet-18"}).Table(), func(row experiment.Row) bool { return !slices.Contains(methods, row.Key) })
	r := readResult(t, folder)
	if len(r.Rows) != len(table) || r.Model != "ResNet-18 of 4 channels" || r.Metric != "top-1 accuracy" || r.Split != "validation" {
		t.Errorf("the result is %+v", r)
	}
	papers := map[string]float64{"none": 76.5, "AutoDropout": 78.7, "AutoDropout + RandAugment": 80.3}
	trained := map[string]string{}
	for i, row := range r.Rows {
		if row.Method != table[i].Title || len(row.Values) != 1 {
			t.Errorf("row %d is %+v", i, row)
		}
		if want := papers[row.Method]; row.Paper == nil != (want == 0) || row.Paper != nil && row.Paper.Value != want {
			t.Errorf("the paper's number of %s is %+v", row.Method, row.Paper)
		}
		w := weights(t, folder, table[i].Key+"-0")
		if other, ok := trained[w]; ok {
			t.Errorf("%s and %s have the same weights", row.Method, other)
		}
		trained[w] = row.Method
	}
	// Both rows of AutoDropout share a search.
	if strings.Count(stdout, "2 searches with 6 trials") != 1 || strings.Count(stderr, "AutoDropout: trial 3 of 3") != 1 {
		t.Errorf("the output is\n%s%s", stdout, stderr)
	}
	if _, err := os.Stat(filepath.Join(folder, "autodropout-randaugment")); err == nil {
		t.Error("the last row has a search of its own")
	}
	checkReward(t, folder)

	given := filepath.Join(t.TempDir(), "given")
	mustCall(t, tiny(given, "-method", "none,autodropout,autodropout-randaugment", "-pattern", filepath.Join(folder, "best-pattern.json"))...)
	if r := readResult(t, given); len(r.Rows) != 3 || r.Rows[2].Method != "pattern best-pattern.json, as in AutoDropout + RandAugment" {
		t.Errorf("with a pattern the rows are %+v", r.Rows)
	}
	for a, b := range map[string]string{"none-0": "none-0", "pattern-0": "autodropout-0", "pattern-autodropout-randaugment-0": "autodropout-randaugment-0"} {
		if weights(t, given, a) != weights(t, folder, b) {
			t.Errorf("%s with a pattern and %s with the search that found it differ", a, b)
		}
	}
}

// checkReward compares the reward of a trial with a training written out: a network
// of half the channels on nine tenths of the training images, scored on the others.
func checkReward(t *testing.T, folder string) {
	t.Helper()
	report, err := controller.ReadLog(filepath.Join(folder, "autodropout", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	set, _, err := data.Synthetic(data.SyntheticConfig{Train: 60, Test: 20, Detail: 2})
	if err != nil {
		t.Fatal(err)
	}
	images, err := data.Resized(set, 32, 32, imaging.Bilinear)
	if err != nil {
		t.Fatal(err)
	}
	fit, valid, err := data.HoldOut(images, 0, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	trial := report.Trials[0]
	model, err := models.NewResNet(models.ResNetConfig{Depth: 18, Channels: 2, Classes: 10, Seed: seed.Derive(trial.Seed, "child model")})
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
	for _, p := range model.Params().All() {
		p.NoDecay = !strings.HasSuffix(p.Name, "weight") || strings.Contains(p.Name, "bn") || strings.Contains(p.Name, "downsample.1")
	}
	const rate = 12.0 / 256
	trainer, err := train.New(model, fit, train.Config{Batch: 12, Smoothing: 0.1, Common: train.Common{
		Policy: policy, Seed: seed.Derive(trial.Seed, "child training"),
		Optimizer: optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: 0.9, WeightDecay: 5e-4}),
		Schedule:  optim.WarmUp(2, optim.Cosine(rate, 5)),
	}})
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

// photographs writes a folder of two classes, with an image in each that cannot
// be used.
func photographs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"train", "val"} {
		for class, folder := range []string{"n01", "n02"} {
			path := filepath.Join(dir, part, folder)
			if err := os.MkdirAll(path, 0o777); err != nil {
				t.Fatal(err)
			}
			for i := range 10 {
				m := image.NewNRGBA(image.Rect(0, 0, 36+i, 40))
				for j := range m.Pix {
					m.Pix[j] = uint8(60*class + 7*j*i)
				}
				m.SetNRGBA(0, 0, color.NRGBA{A: 255})
				var b bytes.Buffer
				encode := func() error { return jpeg.Encode(&b, m, nil) }
				if i%2 == 0 {
					encode = func() error { return png.Encode(&b, m) }
				}
				if err := encode(); err != nil {
					t.Fatal(err)
				}
				if i == 3 {
					b.Truncate(b.Len() / 2)
				}
				if err := os.WriteFile(filepath.Join(path, fmt.Sprintf("%d.JPEG", i)), b.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return dir
}

func TestPhotographs(t *testing.T) {
	dir := photographs(t)
	whole := filepath.Join(t.TempDir(), "whole")
	flags := func(out string) []string {
		return tiny(out, "-data", dir, "-train-size", "0", "-test-size", "0", "-method", "none,autodropout", "-crop", "0.3", "-flip", "-randaugment", "2,9",
			"-search-train", "10", "-search-valid", "4", "-accumulate", "3", "-ema", "0.9")
	}
	stdout, _ := mustCall(t, flags(whole)...)
	if !strings.Contains(stdout, "20 training and 20 validation photographs of 2 classes") || !strings.Contains(stdout, "4 images could not be used; bad-images.txt lists them") {
		t.Errorf("the output is\n%s", stdout)
	}
	list, err := os.ReadFile(filepath.Join(whole, "bad-images.txt"))
	if err != nil || strings.Count(string(list), "3.JPEG: ") != 4 {
		t.Errorf("the list is\n%s (error %v)", list, err)
	}
	// 18 images are left to score, so that accuracies are multiples of 1/18.
	if v := readResult(t, whole).Rows[0].Values[0] / 100 * 18; v < 0 || v-float64(int(v+0.5)) > 1e-9 {
		t.Errorf("%v of 18 images are right", v)
	}

	pieces := filepath.Join(t.TempDir(), "pieces")
	mustCall(t, append(flags(pieces), "-steps", "3")...)
	mustCall(t, "-resume", "-out", pieces, "-steps", "2")
	mustCall(t, "-resume", "-out", pieces)
	kills.Compare(t, pieces, whole)
}

func TestEfficientNet(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	mustCall(t, tiny(folder, "-model", "efficientnet-b0", "-channels", "8", "-optimizer", "rmsprop", "-schedule", "exponential", "-rate", "0.1",
		"-epochs", "1", "-method", "none,dropout,autodropout", "-trials", "1")...)
	r := readResult(t, folder)
	if r.Model != "EfficientNet-B0 times 0.25" || r.Rows[0].Paper != nil || r.Rows[2].Paper.Value != 77.5 {
		t.Errorf("the result is %+v", r)
	}
	if weights(t, folder, "none-0") == weights(t, folder, "dropout-0") {
		t.Error("dropout changes nothing")
	}
}

func TestFlagsReachTheTrainer(t *testing.T) {
	trained := map[string]string{}
	for _, flags := range []string{
		"", "-ema 0.5", "-clip 0.01", "-smoothing 0.3", "-weight-decay 0.1", "-accumulate 2", "-optimizer rmsprop", "-schedule exponential", "-warm-up 0", "-rate 0.5",
		"-flip=false", "-crop 0.5", "-cutout 8", "-randaugment paper", "-resize 40", "-seed 1",
	} {
		folder := filepath.Join(t.TempDir(), "run")
		mustCall(t, append(tiny(folder, "-train-size", "20", "-test-size", "10", "-batch", "10", "-method", "none", "-epochs", "1", "-crop", "0", "-flip", "-smoothing", "0.1", "-weight-decay", "0"), strings.Fields(flags)...)...)
		w := weights(t, folder, "none-0")
		if other, ok := trained[w]; ok {
			t.Errorf("%q trains as %q does", flags, other)
		}
		trained[w] = flags
	}
}

func TestRates(t *testing.T) {
	c := config{schedule: step, milestones: []int{30, 60}, warmUp: 10}
	c.Batch, c.Rate, c.Epochs, c.SearchEpochs = 64, 0.4, 90, 9
	at := func(n experiment.Network, step int) float32 {
		const perEpoch = 10
		return 1e6 * c.rates(n, perEpoch*c.Length(n).Epochs)(step)
	}
	near := func(a, b float32) bool { return a-b < 1 && b-a < 1 }
	for _, test := range []struct {
		n    experiment.Network
		step int
		want float32
	}{
		{experiment.Final, 0, 1e3}, {experiment.Final, 99, 1e5}, {experiment.Final, 299, 1e5}, {experiment.Final, 300, 1e4}, {experiment.Varied, 600, 1e3},
		{experiment.Child, 0, 1e4}, {experiment.Child, 29, 1e5}, {experiment.Child, 30, 1e4}, {experiment.Child, 60, 1e3},
	} {
		if got := at(test.n, test.step); !near(got, test.want) {
			t.Errorf("network %d has rate %v at step %d, want %v", test.n, got, test.step, test.want)
		}
	}
	c.schedule, c.warmUp = exponential, 0
	if a, b := at(experiment.Final, 23), at(experiment.Final, 24); !near(a, 1e5) || !near(b, 0.97e5) {
		t.Errorf("after 2.4 epochs the rate goes from %v to %v", a, b)
	}
}

func TestWrongFlags(t *testing.T) {
	out := filepath.Join(t.TempDir(), "none")
	for _, test := range []struct {
		flags []string
		want  string
	}{
		{[]string{"-data", "no/such/folder"}, "there is no folder"},
		{[]string{"-resize", "20"}, "no square can be cut out"},
		{[]string{"-accumulate", "13"}, "at least one image"},
		{[]string{"-schedule", "step", "-milestones", ""}, "needs -milestones"},
		{[]string{"-crop", "1.5"}, "-crop 1.5"},
		{[]string{"-ema", "1"}, "flag -ema: it takes a number of at least 0 and below 1"},
		{[]string{"-smoothing", "1"}, "flag -smoothing: it takes a number of at least 0 and below 1"},
		{[]string{"-rate", "0"}, "above 0"},
		{[]string{"-weight-decay", "-1"}, "of at least 0"},
		{[]string{"-clip", "-1"}, "of at least 0"},
		{[]string{"-model", "resnet-20"}, "resnet-18, resnet-34"},
		{[]string{"-randaugment", "0,9"}, "such as 2,9"},
		{[]string{"-randaugment", "2"}, "such as 2,9"},
		{[]string{"-search-valid", "5"}, "cannot take 5 images"},
		{[]string{"-search-train", "5"}, "cannot take 5 images"},
		{[]string{"-dropout", "2"}, "Dropout"},
	} {
		code, _, stderr := call(t, tiny(out, test.flags...)...)
		if code != 2 && !(code == 1 && test.flags[0] == "-data") || !strings.Contains(stderr, test.want) {
			t.Errorf("%v: exit code %d and\n%swant %q", test.flags, code, stderr, test.want)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a wrong command left a folder")
	}
	for _, name := range []string{"quick", "study", "paper", "paper-efficientnet"} {
		c, _, err := command.Parse(t.Context(), []string{"-preset", name}, nil)
		if err == nil {
			err = c.Check()
		}
		if err != nil {
			t.Errorf("preset %s: %v", name, err)
		}
		if name == "paper-efficientnet" && (c.pixels != 224 || c.resize != 256 || c.childChannels() != 16) {
			t.Errorf("EfficientNet-B0 gets %d pixels, %d before cutting, and %d channels in a search", c.pixels, c.resize, c.childChannels())
		}
	}
}
