package train

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/dropout"
	"autodropout/internal/golden"
	"autodropout/internal/seed"
	"autodropout/layers"
	"autodropout/optim"
)

// TestUDALoss compares the loss and its gradient with PyTorch's.
func TestUDALoss(t *testing.T) {
	file := golden.Load(t, "testdata/uda.safetensors")
	cases := 0
	for _, name := range file.Names() {
		key, isLoss := strings.CutSuffix(name, ".loss")
		if !isLoss {
			continue
		}
		cases++
		_, annealing, _ := strings.Cut(key, ",")
		settings := file.Tensor(key + ".settings").Data()
		c := UDAConfig{Annealing: Annealing(annealing), Smoothing: settings[1], Weight: settings[2], Threshold: settings[3], Temperature: settings[4]}
		ps := new(autograd.Params)
		want := file.Tensor(key + ".logits")
		p := ps.Add("logits", want.Shape()...)
		copy(p.Data(), want.Data())
		tape := autograd.NewTape(ps)
		loss, confident := c.loss(tape.Use(p), file.Ints(key+".labels"), float64(settings[0]))
		file.Compare(name, loss.Data(), 1e-6)
		file.Compare(key+".grad", tape.Backward(loss), 1e-6)
		file.Compare(key+".confident", []float32{float32(confident)}, 0)
	}
	if cases < 15 {
		t.Errorf("the file has only %d cases", cases)
	}
}

// TestUDALossFarFromZero shifts logits by a number that changes no difference
// between them, since they are multiples of 1/16.
func TestUDALossFarFromZero(t *testing.T) {
	c := UDAConfig{Annealing: LinearSignal, Smoothing: 0.1, Weight: 1, Threshold: 0.3, Temperature: 0.5}
	losses := func(shift float32) (loss float32, grad []float32) {
		ps := new(autograd.Params)
		p := ps.Add("logits", 12, 5)
		for i := range p.Data() {
			p.Data()[i] = shift + float32(i*7%37)/16
		}
		tape := autograd.NewTape(ps)
		y, _ := c.loss(tape.Use(p), []int{3, 0, 1, 4}, 0.5)
		return y.Item(), tape.Backward(y)
	}
	want, wantGrad := losses(0)
	for _, shift := range []float32{1 << 19, -1 << 19} {
		got, grad := losses(shift)
		if math.Abs(float64(got-want)) > 1e-6 || !slices.Equal(grad, wantGrad) {
			t.Errorf("the loss of logits about %g is %v, gradient %v, want %v, gradient %v", shift, got, grad, want, wantGrad)
		}
	}
}

// semi is a semi-supervised training with everything in it: 7 steps of 8
// labelled and 16 unlabelled images, of epochs of 2 and 2 steps.
func semi(t testing.TB, change func(*UDAConfig)) *UDATrainer {
	t.Helper()
	all, _ := images(t)
	labelled, _, err := data.Take(all, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := dropout.NewDropBlock(3, 0.8, []dropout.Site{{Name: "norm", Kind: dropout.Norm, Stages: 1, Blocks: 1}})
	if err != nil {
		t.Fatal(err)
	}
	weak := data.Augment{Flip: true, Pad: 4}
	strong := data.Augment{RandAugment: imaging.AuthorsRandAugment, Flip: true, Pad: 4, Cutout: 16}
	config := UDAConfig{Steps: 7, Batch: 8, Ratio: 2, Smoothing: 0.1, Annealing: LinearSignal, Threshold: 0.1, Temperature: 0.5,
		Augment: weak, Strong: strong, Common: Common{EMA: 0.9, Policy: policy, Seed: 7}}
	if change != nil {
		change(&config)
	}
	trainer, err := NewUDA(newNetwork(8), labelled, all, config)
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

func runSemi(t testing.TB, trainer *UDATrainer) *UDATrainer {
	t.Helper()
	if err := trainer.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return trainer
}

func checkpointOf(t testing.TB, l *Loop) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state")
	if err := l.Save(path); err != nil {
		t.Fatal(err)
	}
	return readFile(t, path)
}

// TestUDAPlainLoop compares a trainer with the same training written out.
func TestUDAPlainLoop(t *testing.T) {
	trainer := runSemi(t, semi(t, nil))
	c := trainer.config
	model := newNetwork(8)
	opt := optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4})
	batches := func(source data.Source, config data.LoaderConfig) (xs [][]float32, ys [][]int) {
		config.DropLast = true
		loader, err := data.NewLoader(source, config)
		if err != nil {
			t.Fatal(err)
		}
		for epoch := 0; len(xs) < c.Steps; epoch++ {
			for b := range loader.Epoch(t.Context(), epoch, 0) {
				xs, ys = append(xs, slices.Clone(b.X)), append(ys, slices.Clone(b.Y))
			}
		}
		return xs, ys
	}
	few, labels := batches(trainer.labelled, data.LoaderConfig{Batch: 8, Seed: 7, Augment: c.Augment})
	config := data.LoaderConfig{Batch: 16, Seed: seed.Derive(7, "unlabelled"), Augment: c.Augment}
	originals, _ := batches(trainer.unlabelled, config)
	config.Augment, config.Variation = c.Strong, 1
	augmented, _ := batches(trainer.unlabelled, config)
	for step, want := range trainer.Losses() {
		tape := autograd.NewTape(model.Params())
		progress := float64(step) / float64(c.Steps)
		ctx := &layers.Ctx{Tape: tape, Policy: c.Policy, Stream: dropout.Stream{Seed: 7, Step: uint64(step), Progress: progress}}
		x := slices.Concat(few[step], originals[step], augmented[step])
		loss, _ := c.loss(model.Forward(ctx, tape.Input(x, 40, 32, 32, 3)), labels[step], progress)
		if loss.Item() != want {
			t.Fatalf("step %d: the trainer has loss %v, want %v", step, want, loss.Item())
		}
		opt.Step(optim.PartialCosine(0.03, c.Steps)(step), tape.Backward(loss))
		tape.Commit()
	}
	if !slices.Equal(model.Params().Flat(), trainer.model.Params().Flat()) {
		t.Error("the weights differ")
	}
	// Its average, not these weights, is what it evaluates.
	_, test := images(t)
	raw, err := Evaluate(t.Context(), trainer.model, test)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := trainer.Evaluate(t.Context(), test); err != nil || got.Loss == raw.Loss {
		t.Errorf("the average scores %+v (error %v), as the last weights do", got, err)
	}
}

func TestUDAResumesExactly(t *testing.T) {
	want := checkpointOf(t, runSemi(t, semi(t, nil)).Loop)
	for _, stop := range []int{1, 2, 5} {
		path, log := filepath.Join(t.TempDir(), "checkpoint"), filepath.Join(t.TempDir(), "log")
		ctx, cancel := context.WithCancel(t.Context())
		build := func(onStep func(Step)) *UDATrainer {
			return semi(t, func(c *UDAConfig) { c.Checkpoint, c.Log, c.OnStep = path, log, onStep })
		}
		first := build(func(s Step) {
			if s.Step == stop-1 {
				cancel()
			}
		})
		if err := first.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("a cancelled run ends with %v", err)
		}
		second := build(nil)
		if err := second.Load(path); err != nil {
			t.Fatal(err)
		}
		if second.Done() != stop {
			t.Errorf("resumed after %d steps, want %d", second.Done(), stop)
		}
		if checkpointOf(t, runSemi(t, second).Loop) != want {
			t.Errorf("stopped after %d: the final checkpoint differs", stop)
		}
		steps, err := ReadLog(log)
		if err != nil || len(steps) != 7 || steps[6].Size != 40 || steps[0].Confident == 0 {
			t.Errorf("the log has %+v, error %v", steps, err)
		}
	}
}

func TestUDAIsTheSameOnAnyNumberOfCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want string
	for _, cores := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(cores)
		got := checkpointOf(t, runSemi(t, semi(t, nil)).Loop)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("on %d cores the checkpoint differs from that on 1", cores)
		}
	}
}

// Each setting changes the training, and another training does not continue a
// checkpoint.
func TestUDASettingsMatter(t *testing.T) {
	plain := semi(t, nil)
	path := filepath.Join(t.TempDir(), "state")
	if err := plain.Save(path); err != nil {
		t.Fatal(err)
	}
	losses := runSemi(t, plain).Losses()
	for name, change := range map[string]func(*UDAConfig){
		"batch":       func(c *UDAConfig) { c.Batch = 4 },
		"ratio":       func(c *UDAConfig) { c.Ratio = 1 },
		"supervised":  func(c *UDAConfig) { c.Ratio = 0 },
		"parts":       func(c *UDAConfig) { c.Accumulate = 2 },
		"smoothing":   func(c *UDAConfig) { c.Smoothing = 0 },
		"annealing":   func(c *UDAConfig) { c.Annealing = NoAnnealing },
		"weight":      func(c *UDAConfig) { c.Weight = 20 },
		"threshold":   func(c *UDAConfig) { c.Threshold = 0.9 },
		"temperature": func(c *UDAConfig) { c.Temperature = 1 },
		"augment":     func(c *UDAConfig) { c.Augment.Flip = false },
		"strong":      func(c *UDAConfig) { c.Strong.Cutout = 0 },
		"seed":        func(c *UDAConfig) { c.Seed = 8 },
		"policy":      func(c *UDAConfig) { c.Policy = nil },
	} {
		other := semi(t, change)
		if slices.Equal(runSemi(t, other).Losses(), losses) {
			t.Errorf("%s: the losses are the same", name)
		}
		if err := semi(t, change).Load(path); err == nil {
			t.Errorf("%s: it continues another training", name)
		}
	}
}

// Without what depends on the batch, parts have the gradient of the whole.
func TestUDAParts(t *testing.T) {
	plain := func(parts int) *UDATrainer {
		trainer := semi(t, func(c *UDAConfig) {
			c.Accumulate, c.Policy, c.Annealing, c.Steps = parts, nil, NoAnnealing, 1
			c.Augment, c.Strong = data.Augment{}, data.Augment{Cutout: 16}
		})
		trainer.model = evaluated{trainer.model}
		return runSemi(t, trainer)
	}
	want, got := plain(1), plain(4)
	if d := math.Abs(float64(got.losses[0] - want.losses[0])); d > 1e-5 {
		t.Errorf("the loss is %v in parts, %v as a whole", got.losses[0], want.losses[0])
	}
	for i, w := range want.model.Params().Flat() {
		if g := got.model.Params().Flat()[i]; math.Abs(float64(g-w)) > 1e-6 {
			t.Fatalf("parameter %d is %v after a step in parts, %v after a whole one", i, g, w)
		}
	}
}

// evaluated normalises by running statistics.
type evaluated struct{ layers.Model }

func (e evaluated) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	return e.Model.Forward(&layers.Ctx{Tape: c.Tape, Mode: layers.Prediction}, x)
}

func TestNewUDARefuses(t *testing.T) {
	all, _ := images(t)
	small := *all
	small.Height = 16
	small.Labels = all.Labels[:20]
	for name, c := range map[string]struct {
		unlabelled data.Source
		config     UDAConfig
	}{
		"steps":           {all, UDAConfig{Steps: -1}},
		"batch":           {all, UDAConfig{Batch: 41}},
		"ratio":           {all, UDAConfig{Batch: 8, Ratio: -1}},
		"too many":        {all, UDAConfig{Batch: 8, Ratio: 6}},
		"parts":           {all, UDAConfig{Batch: 8, Common: Common{Accumulate: 3}}},
		"smoothing":       {all, UDAConfig{Batch: 8, Smoothing: 2}},
		"annealing":       {all, UDAConfig{Batch: 8, Annealing: "fast"}},
		"weight":          {all, UDAConfig{Batch: 8, Weight: -1}},
		"threshold":       {all, UDAConfig{Batch: 8, Threshold: 1}},
		"temperature":     {all, UDAConfig{Batch: 8, Temperature: -1}},
		"average":         {all, UDAConfig{Batch: 8, Common: Common{EMA: 1}}},
		"different sizes": {&small, UDAConfig{Batch: 8, Ratio: 1}},
	} {
		if _, err := NewUDA(newNetwork(8), all, c.unlabelled, c.config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestBreaksOffStep: a step of several parts ends early where nothing is lost by it,
// and otherwise is finished.
func TestBreaksOffStep(t *testing.T) {
	for name, checkpoint := range map[string]string{"no checkpoint": "", "one at every step": filepath.Join(t.TempDir(), "a"), "one each hour": filepath.Join(t.TempDir(), "b")} {
		for _, at := range []int{0, 1} {
			ctx, cancel := context.WithCancel(t.Context())
			parts, step := 0, 0
			trainer := semi(t, func(c *UDAConfig) {
				c.Steps, c.Accumulate, c.Checkpoint, c.CheckpointEvery = 3, 4, checkpoint, time.Nanosecond
				if name == "one each hour" {
					c.CheckpointEvery = time.Hour
				}
				c.OnPart = func(part, of int) {
					if parts++; step == at && part == 1 {
						cancel()
					}
					if of != 4 {
						t.Errorf("a step has %d parts", of)
					}
				}
				c.OnStep = func(Step) { step++ }
			})
			if err := trainer.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%s, step %d: error %v", name, at, err)
			}
			want, done := 4*at+2, at
			if name == "one each hour" && at > 0 {
				want, done = 4*at+4, at+1
			}
			if parts != want || trainer.Done() != done {
				t.Errorf("%s, step %d: %d parts and %d steps were computed, want %d and %d", name, at, parts, trainer.Done(), want, done)
			}
			if err := trainer.Run(t.Context()); (err != nil) != (parts%4 != 0) {
				t.Errorf("%s, step %d: going on gives error %v", name, at, err)
			}
			os.Remove(checkpoint)
			os.Remove(checkpoint + ".1")
		}
	}
}
