package train

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/internal/golden"
	"autodropout/models"
	"autodropout/ops"
	"autodropout/optim"
)

// TestHardExamplesAsPyTorch keeps what testdata/fastnet/golden.py keeps, and its proxy learns the
// same.
func TestHardExamplesAsPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/fastnet/fastnet.safetensors")
	proxy := goldenFastNet(t, file, "plain", models.FastNetConfig{})
	hard := HardExamples{Keep: 0.5, Every: 2, Proxy: proxy, Optimizer: goldenSGD(proxy, nil)}
	config := Config{Smoothing: 0.2, Common: Common{Schedule: optim.Constant(0.1)}}
	all, kept := file.Tensor("plain.images"), file.Tensor("hard.kept")
	shape := all.Shape()[1:]
	size := all.Len() / 2 / shape[0]
	for step := range kept.Dim(0) {
		images := all.Data()[step%2*shape[0]*size:][:shape[0]*size]
		labels := goldenLabels(step, shape[0])
		got, err := hard.apply(step, &config, &data.Batch{X: slices.Clone(images), Y: slices.Clone(labels), Shape: shape})
		if err != nil {
			t.Fatal(err)
		}
		var wantX []float32
		var wantY []int
		for _, i := range kept.Data()[step*3 : step*3+3] {
			wantX, wantY = append(wantX, images[int(i)*size:][:size]...), append(wantY, labels[int(i)])
		}
		if !slices.Equal(got.X, wantX) || !slices.Equal(got.Y, wantY) || got.Shape[0] != 3 {
			t.Errorf("step %d keeps %v with labels %v, want those with labels %v", step, got.Shape, got.Y, wantY)
		}
	}
	for _, p := range proxy.Params().All() {
		if key := "hard.after." + p.Name; file.Has(key) {
			file.Compare(key, p.Data(), 2e-5)
		}
	}
	if steps := hard.Optimizer.State().Steps; steps != 3 {
		t.Errorf("the proxy has learned in %d of 6 steps, want 3", steps)
	}
}

func TestExampleLosses(t *testing.T) {
	logits, labels := []float32{1, -2, 0.5, 300, 0, -300}, []int{1, 2}
	for i, got := range exampleLosses(logits, labels, 0.2) {
		want := ops.CrossEntropy(autograd.FromSlice(logits[i*3:i*3+3], 1, 3), labels[i:i+1], ops.CrossEntropySpec{Smoothing: 0.2}).Item()
		if math.Abs(got-float64(want)) > 1e-5*float64(want) {
			t.Errorf("the loss of example %d is %v, want %v", i, got, want)
		}
	}
}

func TestHardest(t *testing.T) {
	if got := hardest([]float64{2, 1, 3, 2, 2}, 3); !slices.Equal(got, []int{0, 2, 3}) {
		t.Errorf("the three hardest examples are %v, want 0, 2 and 3", got)
	}
}

// mined is a training that keeps a half of its images.
func mined(t *testing.T, change func(*Config)) *Trainer {
	return exercise(t, func(c *Config) {
		proxy := newNetwork(4)
		c.HardExamples = HardExamples{Keep: 0.5, Every: 2, Proxy: proxy, Optimizer: optim.NewSGD(proxy.Params(), optim.SGDConfig{Momentum: 0.9})}
		if change != nil {
			change(c)
		}
	})
}

// TestHardExamplesResume: a training that stops after every step ends as one that does not.
func TestHardExamplesResume(t *testing.T) {
	var sizes []int
	whole := mined(t, func(c *Config) { c.OnStep = func(s Step) { sizes = append(sizes, s.Size) } })
	mustRun(t, whole)
	if want := slices.Repeat([]int{6, 6, 6, 2}, 3); !slices.Equal(sizes, want) {
		t.Errorf("steps have %v images, want %v", sizes, want)
	}
	path := t.TempDir() + "/checkpoint"
	for step := range whole.Total() {
		part := mined(t, nil)
		if step > 0 {
			if err := part.Load(path); err != nil {
				t.Fatal(err)
			}
		}
		oneStep(t, part.Loop)
		if err := part.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	if readFile(t, path) != finalBytes(t, whole) {
		t.Error("stopped after every step the training ends otherwise")
	}
	for setting, other := range map[string]*Trainer{
		"Proxy": mined(t, func(c *Config) {
			c.HardExamples.Proxy = newNetwork(5)
			c.HardExamples.Optimizer = optim.NewSGD(c.HardExamples.Proxy.Params(), optim.SGDConfig{})
		}),
		"HardExamples": mined(t, func(c *Config) { c.HardExamples.Every = 3 }),
	} {
		var changed *ChangedError
		if err := other.Load(path); !errors.As(err, &changed) || changed.Changes[0].Setting != setting {
			t.Errorf("with another %s the error is %v", setting, err)
		}
	}
}

// TestHardExamplesRestore: a checkpoint without the proxy is refused.
func TestHardExamplesRestore(t *testing.T) {
	hard := &mined(t, nil).config.HardExamples
	state := hard.state()
	if err := hard.restore(state[1:]); err == nil || !strings.Contains(err.Error(), "the proxy: ") {
		t.Errorf("without a weight the error is %v", err)
	}
	if err := hard.restore(state[:len(state)-1]); err == nil || !strings.Contains(err.Error(), "the proxy's optimizer: ") {
		t.Errorf("without momentum the error is %v", err)
	}
}

// TestHardExamplesDiverge: a proxy that has no loss ends the training.
func TestHardExamplesDiverge(t *testing.T) {
	trainer := mined(t, nil)
	trainer.config.HardExamples.Proxy.Params().Flat()[0] = float32(math.NaN())
	if err := trainer.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "the proxy that chooses hard examples has diverged at step 0") {
		t.Errorf("the error is %v", err)
	}
}

func TestHardExamplesRefuse(t *testing.T) {
	proxy := newNetwork(4)
	optimizer := optim.NewSGD(proxy.Params(), optim.SGDConfig{})
	fit, _ := images(t)
	for want, hard := range map[string]HardExamples{
		"share of -0.5":             {Keep: -0.5, Proxy: proxy, Optimizer: optimizer},
		"share of 1.5":              {Keep: 1.5, Proxy: proxy, Optimizer: optimizer},
		"share of NaN":              {Keep: math.NaN(), Proxy: proxy, Optimizer: optimizer},
		"one of -1 steps":           {Keep: 0.5, Every: -1, Proxy: proxy, Optimizer: optimizer},
		"need a proxy":              {Keep: 0.5, Optimizer: optimizer},
		"a proxy and its optimizer": {Keep: 0.5, Proxy: proxy},
	} {
		if _, err := New(newNetwork(8), fit, Config{HardExamples: hard}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
}
