package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/onnx"
	"autodropout/serve"
	"autodropout/weights"
)

func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// trained saves a narrow network for seven classes, and returns its file.
func trained(t *testing.T, name string) string {
	t.Helper()
	m, err := models.NewPhotographic(name, 4, 7, 5)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	if err := weights.Save(path, m.Params()); err != nil {
		t.Fatal(err)
	}
	return path
}

func tiny(file, out string, more ...string) []string {
	return append([]string{"-weights", file, "-data", "synthetic", "-train-size", "40", "-test-size", "20", "-pixels", "32", "-resize", "36",
		"-model", "resnet-18", "-channels", "4", "-batch", "10", "-epochs", "2", "-seeds", "1", "-method", "none,dropout", "-quiet", "-out", out}, more...)
}

// parameter returns a parameter of a file by its name.
func parameter(t *testing.T, path, name string) []float32 {
	t.Helper()
	arrays, err := weights.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range arrays {
		if a.Name == name {
			return a.Data
		}
	}
	t.Fatalf("%s has no %s", path, name)
	return nil
}

// TestRun trains, wants frozen layers to be those of the file and others not, and predicts with what is
// exported for serving.
func TestRun(t *testing.T) {
	file, out, served := trained(t, "resnet-18"), filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "served")
	code, stdout, stderr := call(t, tiny(file, out, "-freeze", "2")...)
	if code != 0 || !strings.Contains(stdout, "none") || !strings.Contains(stdout, "Dropout") {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	learned := runfolder.Folder(out).Weights("none-0")
	for name, frozen := range map[string]bool{"conv1.weight": true, "bn1.bias": true, "layer1.1.conv2.weight": true, "layer2.0.conv1.weight": false, "layer4.1.bn2.weight": false} {
		if same := slices.Equal(parameter(t, learned, name), parameter(t, file, name)); same != frozen {
			t.Errorf("%s is as in the file: %v, want %v", name, same, frozen)
		}
	}
	if code, stdout, stderr = call(t, "-export", out, served); code != 0 || !strings.Contains(stdout, "is ready to be served") {
		t.Fatalf("-export: exit code %d\n%s%s", code, stdout, stderr)
	}
	p, err := serve.Open(served, serve.Config{Batch: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	scores, err := p.PredictImage(t.Context(), imaging.New(50, 40))
	if err != nil || len(scores) != len(p.Classes()) || len(scores) != 10 {
		t.Errorf("a picture has the scores %v, error %v", scores, err)
	}
	exportedToONNX(t, out, learned)
}

// TestExportsPattern: a network that was trained with a given pattern is one of those that are exported.
func TestExportsPattern(t *testing.T) {
	space := dropout.ConvSpace([]int{2, 2, 2, 2})
	pattern, err := dropout.DecodeConv(space, make([]int, space.Decisions()))
	if err != nil {
		t.Fatal(err)
	}
	file, dir := trained(t, "resnet-18"), t.TempDir()
	given, out := filepath.Join(dir, "given.json"), filepath.Join(dir, "run")
	if err := pattern.Save(given); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := call(t, tiny(file, out, "-epochs", "1", "-method", "autodropout", "-pattern", given)...); code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := call(t, "-export", out, filepath.Join(dir, "served")); code != 0 || !strings.Contains(stdout, "pattern-0.safetensors is ready to be served") {
		t.Errorf("-export: exit code %d\n%s%s", code, stdout, stderr)
	}
}

// TestOtherWeights: a run does not go on from other weights that have taken the place of the first.
func TestOtherWeights(t *testing.T) {
	file, out := trained(t, "resnet-18"), filepath.Join(t.TempDir(), "run")
	if code, stdout, stderr := call(t, tiny(file, out, "-method", "none", "-steps", "2")...); code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if err := os.Rename(trained(t, "resnet-18"), file); err != nil { // equal ones
		t.Fatal(err)
	}
	if code, stdout, stderr := call(t, "-resume", "-out", out, "-steps", "1"); code != 0 {
		t.Fatalf("with a copy of the file: exit code %d\n%s%s", code, stdout, stderr)
	}
	other, err := models.NewPhotographic("resnet-18", 4, 7, 6)
	if err != nil {
		t.Fatal(err)
	}
	if err := weights.Save(file, other.Params()); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "-resume", "-out", out); code != 2 || !strings.Contains(stderr, "the data had the checksum") {
		t.Errorf("exit code %d and %q", code, stderr)
	}
}

// TestExportsPreparation: what is exported normalises pictures as the run did, with the built-in ones by
// their old name too.
func TestExportsPreparation(t *testing.T) {
	file, dir := trained(t, "resnet-18"), t.TempDir()
	out, path := filepath.Join(dir, "run"), filepath.Join(dir, "model.onnx")
	if code, stdout, stderr := call(t, tiny(file, out, "-data", "builtin", "-scenes", "plain", "-epochs", "1", "-method", "none")...); code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := call(t, "-export", out, path); code != 0 {
		t.Fatalf("-export: exit code %d\n%s%s", code, stdout, stderr)
	}
	n, err := onnx.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	fit, _, err := data.Synthetic(data.SyntheticConfig{Train: 40, Test: 20, Detail: 2, Difficulty: data.PlainDifficulty()})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][3]float32{"mean": fit.Mean, "std": fit.Std} {
		var got [3]float32
		if err := json.Unmarshal([]byte(n.Metadata[key]), &got); err != nil || got != want {
			t.Errorf("the %s is %v, error %v; that of the run was %v", key, got, err, want)
		}
	}
}

// exportedToONNX wants the file of ONNX to have the weights, and what a program that predicts
// with it needs to know, and to be taken for weights.
func exportedToONNX(t *testing.T, run, learned string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.onnx")
	if code, stdout, stderr := call(t, "-export", run, path); code != 0 || !strings.Contains(stdout, "-network "+path) {
		t.Fatalf("-export: exit code %d\n%s%s", code, stdout, stderr)
	}
	n, err := onnx.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"filter": `"bilinear"`, "shorter": "36", "mean": "[0."} {
		if !strings.HasPrefix(n.Metadata[key], want) {
			t.Errorf("the metadata say that %s is %s, want %s", key, n.Metadata[key], want)
		}
	}
	if !strings.HasPrefix(n.Metadata["classes"], `["`) || n.Check() != nil {
		t.Errorf("classes are %s, and the network runs: %v", n.Metadata["classes"], n.Check())
	}
	c := config{model: "resnet-18", channels: 4, weights: path}
	m, err := c.Model(experiment.Final, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range layers.State(m.Params()) {
		if a.Name == "layer2.0.conv1.weight" && !slices.Equal(a.Data, parameter(t, learned, a.Name)) {
			t.Errorf("%s is not that of the file", a.Name)
		}
	}
}

func TestFactors(t *testing.T) {
	for name, want := range map[string]map[string]float32{
		"resnet-18":       {"conv1.weight": 0, "layer1.0.bn1.weight": 0.125, "layer3.1.conv1.weight": 0.5, "layer4.0.downsample.0.weight": 1, "fc.weight": 8, "fc.bias": 8},
		"efficientnet-b0": {"conv_stem.weight": 0, "bn1.bias": 0, "blocks.0.0.conv_dw.weight": 1. / 64, "blocks.6.0.bn1.weight": 1, "conv_head.weight": 1, "bn2.weight": 1, "classifier.bias": 8},
	} {
		m, err := models.NewPhotographic(name, 4, 7, 5)
		if err != nil {
			t.Fatal(err)
		}
		c := config{headRate: 8, layerDecay: 0.5, freeze: 1}
		factor := c.factors(m)
		found := 0
		for _, p := range m.Params().All() {
			if w, ok := want[p.Name]; ok {
				found++
				if got := factor(p); got != w {
					t.Errorf("%s: the factor of %s is %v, want %v", name, p.Name, got, w)
				}
			}
		}
		if found != len(want) {
			t.Errorf("%s has %d of %d parameters", name, found, len(want))
		}
	}
	c := config{headRate: 1, layerDecay: 1}
	m, _ := models.NewPhotographic("resnet-50", 4, 7, 5)
	if slices.ContainsFunc(m.Params().All(), func(p *autograd.Param) bool { return c.factors(m)(p) != 1 }) {
		t.Error("without decay some factor is not 1")
	}
}

// TestOptimizer: -momentum is beta1 of AdamW.
func TestOptimizer(t *testing.T) {
	m, err := models.NewPhotographic("resnet-18", 4, 7, 5)
	if err != nil {
		t.Fatal(err)
	}
	c := full
	c.Momentum = 0.5
	if got := c.optimizer(m).Describe(); !strings.Contains(got, "beta1 0.5,") {
		t.Errorf("with -momentum 0.5 the optimizer is %s", got)
	}
}

// TestResize: smaller squares come from images that are resized as much smaller.
func TestResize(t *testing.T) {
	file := trained(t, "resnet-18")
	for pixels, want := range map[int]int{96: 110, 64: 73} {
		c := quick
		c.weights, c.channels, c.pixels, c.Momentum = file, 4, pixels, 0.9
		if err := c.Check(); err != nil || c.resize != want {
			t.Errorf("-pixels %d: -resize %d, error %v; want %d", pixels, c.resize, err, want)
		}
	}
}

func TestWrongInput(t *testing.T) {
	file, none, other := trained(t, "resnet-18"), filepath.Join(t.TempDir(), "nothing"), t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "config.toml"), []byte("channels = []\n"), 0o666); err != nil { // of cifar
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{tiny("", none), 2, "-weights FILE is missing"},
		{tiny(none, none), 2, "no such file"},
		{tiny(file, none, "-channels", "8"), 2, "-weights does not fit -model resnet-18 with -channels 8"},
		{tiny(file, none, "-momentum", "0"), 2, "-momentum 0 is too small for AdamW"},
		{tiny(file, none, "-freeze", "5"), 2, "freeze at most 4"},
		{tiny("../../onnx/testdata/images-dynamo.onnx", none), 2, "or train the network of the file: -model onnx"},
		{[]string{"-export", none}, 2, "takes the folder of a run"},
		{[]string{"-export", none, none}, 1, "cannot read a run"},
		{[]string{"-export", other, none}, 1, "is not the configuration of a run of finetune"},
	} {
		code, _, stderr := call(t, c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d and %q, want %d and %q", c.args, code, stderr, c.code, c.want)
		}
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("a refused run has made a folder")
	}
}
