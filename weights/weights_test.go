package weights_test

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/data/npy"
	"autodropout/internal/golden"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/weights"
)

func resNet(t *testing.T, classes int) *models.ResNet {
	t.Helper()
	m, err := models.NewResNet(models.ResNetConfig{Depth: 18, Channels: 4, Classes: classes, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTorchCheckpoint loads half-precision weights out of a checkpoint and demands
// PyTorch's logits.
func TestTorchCheckpoint(t *testing.T) {
	m := resNet(t, 5)
	report, err := weights.Load("testdata/resnet.pth", m.Params(), weights.Options{Prefix: "state_dict.module."})
	if err != nil {
		t.Fatal(err)
	}
	file := golden.Load(t, "testdata/logits.safetensors")
	file.Compare("logits", layers.Predict(m, file.Tensor("images")).Data(), 1e-5)
	if want := len(layers.State(m.Params())); report.Loaded != want || len(report.Kept) != 0 {
		t.Errorf("%d loaded, %v kept, want all %d", report.Loaded, report.Kept, want)
	}
	if !slices.Contains(report.Unused, "state_dict_ema.module.fc.bias") {
		t.Errorf("the report does not say that the other weights are not used: %v", report.Unused)
	}
}

// TestTwoCandidates demands that the file's two networks are named, and nothing is loaded.
func TestTwoCandidates(t *testing.T) {
	m := resNet(t, 5)
	before := layers.State(m.Params())
	_, err := weights.Load("testdata/resnet.pth", m.Params(), weights.Options{})
	if err == nil || !strings.Contains(err.Error(), `"state_dict.module." and "state_dict_ema.module."`) {
		t.Errorf("error %v", err)
	}
	if !slices.EqualFunc(before, layers.State(m.Params()), func(a, b layers.Array) bool { return slices.Equal(a.Data, b.Data) }) {
		t.Error("the model has changed")
	}
}

// TestOtherClasses keeps the classifier of a model with another number of classes.
func TestOtherClasses(t *testing.T) {
	m, from := resNet(t, 7), resNet(t, 5)
	options := weights.Options{Prefix: "state_dict.module."}
	if _, err := weights.Load("testdata/resnet.pth", from.Params(), options); err != nil {
		t.Fatal(err)
	}
	_, err := weights.Load("testdata/resnet.pth", m.Params(), options)
	if err == nil || !strings.Contains(err.Error(), "fc.weight has shape [5 32], the model's has [7 32]") {
		t.Errorf("error %v", err)
	}
	classifier := slices.Clone(m.Params().Lookup("fc.weight").Data())
	options.Keep = []string{"fc."}
	report, err := weights.Load("testdata/resnet.pth", m.Params(), options)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(report.Kept, []string{"fc.weight", "fc.bias"}) {
		t.Errorf("kept %v", report.Kept)
	}
	if !slices.Equal(classifier, m.Params().Lookup("fc.weight").Data()) {
		t.Error("the classifier has changed")
	}
	for _, a := range layers.State(m.Params()) {
		i := slices.IndexFunc(layers.State(from.Params()), func(b layers.Array) bool { return b.Name == a.Name })
		if !strings.HasPrefix(a.Name, "fc.") && !slices.Equal(a.Data, layers.State(from.Params())[i].Data) {
			t.Errorf("%s was not loaded", a.Name)
		}
	}
	options.Keep = []string{"classifier."}
	if _, err := weights.Load("testdata/resnet.pth", m.Params(), options); err == nil || !strings.Contains(err.Error(), "no classifier. to keep") {
		t.Errorf("error %v", err)
	}
}

// TestTorchvisionEfficientNet renames a whole network.
func TestTorchvisionEfficientNet(t *testing.T) {
	m, err := models.NewEfficientNet(models.EfficientNetConfig{Classes: 10})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("testdata/efficientnet.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var arrays []npy.Named
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		a := npy.Named{Name: "net." + words[0]}
		elements := 1
		for _, word := range words[1:] {
			n, err := strconv.Atoi(word)
			if err != nil {
				t.Fatal(err)
			}
			a.Shape = append(a.Shape, n)
			elements *= n
		}
		a.Data = make([]float32, elements)
		arrays = append(arrays, a)
	}
	path := filepath.Join(t.TempDir(), "net.npz")
	if err := npy.WriteArchive(path, arrays); err != nil {
		t.Fatal(err)
	}
	report, err := weights.Load(path, m.Params(), weights.Options{Rename: models.TorchvisionEfficientNet})
	if err != nil {
		t.Fatal(err)
	}
	if report.Prefix != "net." || report.Loaded != len(layers.State(m.Params())) {
		t.Errorf("%v", report)
	}
	if y := layers.Predict(m, autograd.New(1, 32, 32, 3)); y.Data()[0] != 0 {
		t.Errorf("without weights the logits are %v", y.Data())
	}
	if _, err := weights.Load(path, m.Params(), weights.Options{}); err == nil {
		t.Error("torchvision's names were taken for timm's")
	}
}

// TestRename leaves out what is renamed to nothing, and complains about what the model has not.
func TestRename(t *testing.T) {
	scope := layers.NewScope(1)
	layers.NewLinear(scope.Sub("fc"), layers.LinearConfig{In: 1, Out: 1})
	path := filepath.Join(t.TempDir(), "a.npz")
	err := npy.WriteArchive(path, []npy.Named{
		{Name: "head.weight", Array: npy.Array{Shape: []int{1, 1}, Data: []float32{4}}},
		{Name: "head.bias", Array: npy.Array{Shape: []int{1}, Data: []float32{5}}},
		{Name: "scale", Array: npy.Array{Shape: []int{1}, Data: []float32{6}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	rename := func(name string) string { return strings.Replace(name, "head.", "fc.", 1) }
	_, err = weights.Load(path, scope.Params(), weights.Options{Rename: rename})
	if err == nil || !strings.Contains(err.Error(), "the model has no scale") {
		t.Errorf("error %v", err)
	}
	report, err := weights.Load(path, scope.Params(), weights.Options{Rename: func(name string) string {
		if name == "scale" {
			return ""
		}
		return rename(name)
	}})
	if err != nil || scope.Params().Lookup("fc.bias").Data()[0] != 5 {
		t.Errorf("%v, %v", scope.Params().Lookup("fc.bias").Data(), err)
	}
	if want := "2 parameters and buffers were loaded, and of the file scale were not used."; report.String() != want {
		t.Errorf("report %q, want %q", report, want)
	}
}

func TestReadNamesTheFile(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{
		"missing.pth":      "",
		"text.safetensors": "weights",
		"empty.pth":        "",
		"short.pth":        "PK",
		"text.npz":         "PK\x03\x04",
	} {
		path := filepath.Join(folder, name)
		if name != "missing.pth" {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := weights.Read(path); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
