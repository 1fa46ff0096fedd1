package train

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/internal/golden"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/ops"
	"autodropout/optim"
)

// twoBatches is the task of testdata/fastnet/golden.py.
type twoBatches struct {
	model  *models.FastNet
	images *autograd.Tensor // (2, N, H, W, 3)
}

func (t *twoBatches) Params() *autograd.Params { return t.model.Params() }
func (t *twoBatches) Steps() int               { return 10 }
func (t *twoBatches) Identity() any            { return "two batches" }

func (t *twoBatches) batch(i int) []float32 {
	n := t.images.Len() / 2
	return t.images.Data()[i*n : (i+1)*n]
}

func (t *twoBatches) Batches(ctx context.Context, from int) iter.Seq2[Batch, error] {
	return Epochs(ctx, from, 10, func(_, step int) (Batch, error) {
		labels := goldenLabels(step, t.images.Dim(1))
		return Batch{Examples: len(labels), Loss: func(c *layers.Ctx, _ *Part) (*autograd.Tensor, error) {
			logits := t.model.Forward(c, c.Tape.Input(t.batch(step%2), t.images.Shape()[1:]...))
			return ops.CrossEntropy(logits, labels, ops.CrossEntropySpec{Smoothing: 0.2}), nil
		}}, nil
	})
}

// oneStep takes a step of a training.
func oneStep(t *testing.T, l *Loop) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l.config.OnStep = func(Step) { cancel() }
	if err := l.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// goldenLabels are those of a step.
func goldenLabels(step, n int) []int {
	labels := make([]int, n)
	for i := range labels {
		labels[i] = (step%2*7 + i*3) % 10
	}
	return labels
}

// goldenFastNet is the network with the initial weights of that name.
func goldenFastNet(t *testing.T, file *golden.File, name string, config models.FastNetConfig) *models.FastNet {
	t.Helper()
	config.Widths, config.Classes = [3]int{8, 12, 10}, 10
	model, err := models.NewFastNet(config)
	if err != nil {
		t.Fatal(err)
	}
	var initial []layers.Array
	for _, key := range file.Names() {
		if short, ok := strings.CutPrefix(key, name+".initial."); ok {
			x := file.Tensor(key)
			initial = append(initial, layers.Array{Name: short, Shape: x.Shape(), Data: x.Data()})
		}
	}
	if err := layers.LoadState(model.Params(), initial); err != nil {
		t.Fatal(err)
	}
	return model
}

// goldenSGD is the optimizer of golden.py.
func goldenSGD(model *models.FastNet, until map[string]int) optim.Optimizer {
	return optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: 0.85, Nesterov: true, WeightDecay: 0.01,
		Factor: func(p *autograd.Param) float32 {
			if strings.Contains(p.Name, "norm") {
				return 64
			}
			return 1
		},
		Until: func(p *autograd.Param) int { return until[p.Name] },
	})
}

// TestFastNetTrainsAsPyTorch takes ten steps with all parts of the recipe, in one go and
// stopped after each step.
func TestFastNetTrainsAsPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/fastnet/fastnet.safetensors")
	for name, residual := range map[string]bool{"plain": false, "residual": true} {
		make := func() (*twoBatches, *Loop) {
			model := goldenFastNet(t, file, name, models.FastNetConfig{Residual: residual, Learns: 0.3, Views: layers.FlipShiftViews()})
			task := &twoBatches{model, file.Tensor(name + ".images")}
			return task, mustLoop(t, task, Common{
				Lookahead: Lookahead{Every: 5, Decay: 0.95 * 0.95 * 0.95 * 0.95 * 0.95},
				Schedule:  optim.Constant(0.1),
				Optimizer: goldenSGD(model, map[string]int{"whiten.bias": 3}),
			})
		}
		task, loop := make()
		if err := loop.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		file.Compare(name+".losses", loop.Losses(), 2e-5)
		if err := loop.averaged(func() error {
			for _, a := range layers.State(task.Params()) {
				if key := name + ".after." + a.Name; file.Has(key) {
					file.Compare(key, a.Data, 2e-4)
				}
			}
			y := layers.Predict(task.model, autograd.FromSlice(task.batch(0), task.images.Shape()[1:]...))
			file.Compare(name+".predicted", y.Data(), 2e-4)
			return nil
		}); err != nil {
			t.Fatal(err)
		}

		path := t.TempDir() + "/checkpoint"
		for step := range 10 {
			again, stopped := make()
			if step > 0 {
				if err := stopped.Load(path); err != nil {
					t.Fatal(err)
				}
			}
			oneStep(t, stopped)
			if err := stopped.Save(path); err != nil {
				t.Fatal(err)
			}
			if step == 9 && (!slices.Equal(again.Params().Flat(), task.Params().Flat()) || !slices.Equal(stopped.Losses(), loop.Losses())) {
				t.Errorf("%s: stopped after every step it ends elsewhere", name)
			}
		}
	}
}

func TestLookahead(t *testing.T) {
	run := func(change func(*Config)) *Trainer {
		trainer := exercise(t, func(c *Config) { c.EMA = 0; change(c) }) // 12 steps
		mustRun(t, trainer)
		return trainer
	}
	plain := run(func(c *Config) {})
	same := run(func(c *Config) { c.Lookahead.Every = 5 })
	if !slices.Equal(plain.Losses(), same.Losses()) {
		t.Error("a look-ahead that holds on to nothing changes the training")
	}
	if steps := same.average.State().Steps; steps != 2 {
		t.Errorf("there were %d updates in 12 steps, want 2: after steps 5 and 10", steps)
	}
	held := run(func(c *Config) { c.Lookahead = Lookahead{Every: 4, Decay: 1} })
	if slices.Equal(plain.Losses(), held.Losses()) || !slices.Equal(plain.Losses()[:4], held.Losses()[:4]) {
		t.Error("a look-ahead changes the steps before it, or none after it")
	}
	// The last one, after step 12 of 12, holds on to all of the average.
	if decay := held.config.Lookahead.decay(2, 12); decay != 1 {
		t.Errorf("the last decay is %v, want 1", decay)
	}
	model := newNetwork(8)
	fit, _ := images(t)
	for _, bad := range []Common{
		{Lookahead: Lookahead{Every: -1}}, {Lookahead: Lookahead{Every: 5, Decay: 1.5}}, {Lookahead: Lookahead{Every: 5}, EMA: 0.9},
	} {
		if _, err := New(model, fit, Config{Common: bad}); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}
