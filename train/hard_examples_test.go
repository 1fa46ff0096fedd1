package train

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/internal/golden"
	"autodropout/layers"
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
	config := Config{Smoothing: 0.2}
	all, kept := file.Tensor("plain.images"), file.Tensor("hard.kept")
	shape := all.Shape()[1:]
	size := all.Len() / 2 / shape[0]
	for step := range kept.Dim(0) {
		images := all.Data()[step%2*shape[0]*size:][:shape[0]*size]
		labels := goldenLabels(step, shape[0])
		got, learn, err := hard.choose(step, &config, &data.Batch{X: slices.Clone(images), Y: slices.Clone(labels), Examples: []int{10, 11, 12, 13, 14, 15}, Shape: shape})
		if err != nil || (learn != nil) != (step%2 == 0) {
			t.Fatalf("in step %d the proxy learns: %v; error %v", step, learn != nil, err)
		}
		if learn != nil {
			learn(&Step{Rate: 0.1})
		}
		var wantX []float32
		var wantY, examples []int
		for _, i := range kept.Data()[step*3 : step*3+3] {
			wantX, wantY = append(wantX, images[int(i)*size:][:size]...), append(wantY, labels[int(i)])
			examples = append(examples, 10+int(i))
		}
		if !slices.Equal(got.X, wantX) || !slices.Equal(got.Y, wantY) || !slices.Equal(got.Examples, examples) || got.Shape[0] != 3 {
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
	for what, other := range map[string]*Trainer{
		"another proxy": mined(t, func(c *Config) {
			c.HardExamples.Proxy = newNetwork(5)
			c.HardExamples.Optimizer = optim.NewSGD(c.HardExamples.Proxy.Params(), optim.SGDConfig{})
		}),
		"another number of steps": mined(t, func(c *Config) { c.HardExamples.Every = 3 }),
	} {
		var changed *ChangedError
		if err := other.Load(path); !errors.As(err, &changed) || changed.Changes[0].Setting != "HardExamples" {
			t.Errorf("with %s the error is %v", what, err)
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

// TestHardExamplesDiverge: a proxy that diverges ends the training as a model does, and learns
// nothing from a step that the model does not take.
func TestHardExamplesDiverge(t *testing.T) {
	notANumber := float32(math.NaN())
	for name, at := range map[string]func(*Trainer) *autograd.Params{
		"proxy": func(t *Trainer) *autograd.Params { return t.config.HardExamples.Proxy.Params() },
		"model": func(t *Trainer) *autograd.Params { return t.model.Params() },
	} {
		var trainer *Trainer
		trainer = mined(t, func(c *Config) {
			c.HardExamples.Every = 1
			c.OnStep = func(s Step) {
				if s.Step == 1 {
					at(trainer).Flat()[0] = notANumber
				}
			}
		})
		err := trainer.Run(t.Context())
		var diverged *DivergedError
		if !errors.As(err, &diverged) || diverged.Step != 2 || strings.Contains(err.Error(), "chooses hard examples") != (name == "proxy") {
			t.Errorf("%s: the error is %v", name, err)
		}
		if steps := trainer.config.HardExamples.Optimizer.State().Steps; steps != trainer.Done() {
			t.Errorf("%s: the proxy has learned in %d of %d steps", name, steps, trainer.Done())
		}
	}
}

// clipped is an optimizer that looks at norms.
type clipped struct {
	optim.Optimizer
	largest float64
}

func (c *clipped) Step(rate float32, grads []float32) {
	c.largest = max(c.largest, optim.ClipNorm(slices.Clone(grads), 0))
	c.Optimizer.Step(rate, grads)
}

// TestHardExamplesAreClipped: the proxy learns as the model does, and has no memory where an
// evaluation is.
func TestHardExamplesAreClipped(t *testing.T) {
	const most = 0.01
	watched := &clipped{}
	var trainer *Trainer
	held := []bool{}
	trainer = mined(t, func(c *Config) {
		watched.Optimizer = c.HardExamples.Optimizer
		c.ClipNorm, c.HardExamples.Optimizer = most, watched
		c.Validate = func(context.Context) (Validation, error) {
			held = append(held, trainer.config.HardExamples.tape != nil)
			return Validation{}, nil
		}
	})
	mustRun(t, trainer)
	if watched.largest > most*1.001 || watched.largest < most/2 {
		t.Errorf("the proxy learns from gradients of norm %v, want at most %v", watched.largest, most)
	}
	if !slices.Equal(held, []bool{true, true, false}) {
		t.Errorf("evaluations beside the proxy's memory: %v, want all but the last", held)
	}
}

// TestHardExamplesOfOtherClasses: a proxy must have all classes.
func TestHardExamplesOfOtherClasses(t *testing.T) {
	scope := layers.NewScope(1)
	proxy := layers.NewModel(scope, layers.Sequential{layers.Func(ops.GlobalAvgPool), layers.NewLinear(scope.Sub("fc"), layers.LinearConfig{In: 3, Out: 3})})
	defer func() {
		if wrong, ok := recover().(*autograd.ShapeError); !ok || !strings.Contains(wrong.Error(), "train.HardExamples") {
			t.Errorf("it panics with %v", wrong)
		}
	}()
	hard := HardExamples{Keep: 0.5, Proxy: proxy}
	hard.choose(0, &Config{}, &data.Batch{X: make([]float32, 2*9*9*3), Y: []int{1, 3}, Examples: []int{0, 1}, Shape: []int{2, 9, 9, 3}})
}

// TestHardExamplesKeepAll: with a share of 0 the other settings say nothing.
func TestHardExamplesKeepAll(t *testing.T) {
	whole := exercise(t, nil)
	every := exercise(t, func(c *Config) { c.HardExamples.Every = 4 })
	mustRun(t, whole)
	mustRun(t, every)
	if finalBytes(t, whole) != finalBytes(t, every) {
		t.Error("without a share the steps of a proxy count")
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
