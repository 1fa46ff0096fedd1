package train

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/optim"
)

// network is a small convolutional classifier with one dropout site.
type network struct {
	params *autograd.Params
	conv   *layers.Conv2D
	norm   *layers.BatchNorm
	fc     *layers.Linear
}

func newNetwork(channels int) *network {
	s := layers.NewScope(1)
	return &network{
		params: s.Params(),
		conv:   layers.NewConv2D(s.Sub("conv"), layers.Conv2DConfig{In: 3, Out: channels, Size: 3, Stride: 4, Pad: 1, NoBias: true}),
		norm:   layers.NewBatchNorm(s.Sub("norm"), layers.BatchNormConfig{Channels: channels}),
		fc:     layers.NewLinear(s.Sub("fc"), layers.LinearConfig{In: channels, Out: 10}),
	}
}

func (n *network) Params() *autograd.Params { return n.params }

func (n *network) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	x = c.Drop("norm", n.norm.ForwardReLU(c, n.conv.Forward(c, x), nil))
	return n.fc.Forward(c, ops.GlobalAvgPool(x))
}

func images(t testing.TB) (fit, test *data.Set) {
	fit, test, err := data.Synthetic(data.SyntheticConfig{Train: 40, Test: 20})
	if err != nil {
		t.Fatal(err)
	}
	return fit, test
}

// exercise is a training with everything in it: 3 epochs of 4 steps, the last
// batch of an epoch smaller.
func exercise(t testing.TB, change func(*Config)) *Trainer {
	t.Helper()
	fit, _ := images(t)
	model := newNetwork(8)
	policy, err := dropout.NewDropBlock(3, 0.8, []dropout.Site{{Name: "norm", Kind: dropout.Norm, Stages: 1, Blocks: 1}})
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Epochs: 3, Batch: 12, Smoothing: 0.1, Augment: data.Augment{Flip: true, Pad: 4, Cutout: 8},
		Common: Common{ClipNorm: 0.2, EMA: 0.9, Policy: policy, Seed: 7}}
	if change != nil {
		change(&config)
	}
	trainer, err := New(model, fit, config)
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

func mustRun(t testing.TB, trainer *Trainer) {
	t.Helper()
	if err := trainer.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// finalBytes returns the checkpoint of a trainer as it is.
func finalBytes(t testing.TB, trainer *Trainer) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state")
	if err := trainer.Save(path); err != nil {
		t.Fatal(err)
	}
	return readFile(t, path)
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTrainingLearns(t *testing.T) {
	fit, _ := images(t)
	model := newNetwork(16)
	trainer, err := New(model, fit, Config{Epochs: 40, Batch: 20})
	if err != nil {
		t.Fatal(err)
	}
	before, err := Evaluate(t.Context(), model, fit)
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, trainer)
	after, err := trainer.Evaluate(t.Context(), fit)
	if err != nil {
		t.Fatal(err)
	}
	if after.Loss > 0.8*before.Loss || after.Accuracy() < 0.4 || after.Images != 40 {
		t.Errorf("before training %+v, after it %+v", before, after)
	}
	if math.Abs(after.ErrorRate()-100*(1-after.Accuracy())) > 1e-9 {
		t.Errorf("error %v %% with accuracy %v", after.ErrorRate(), after.Accuracy())
	}
}

// TestPlainLoop compares a trainer with the same training written out.
func TestPlainLoop(t *testing.T) {
	trainer := exercise(t, nil)
	mustRun(t, trainer)

	fit, test := images(t)
	c := trainer.config
	model := newNetwork(8)
	opt := optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4})
	ema := optim.NewEMA(model.Params(), c.EMA)
	loader, err := data.NewLoader(fit, data.LoaderConfig{Batch: c.Batch, Seed: c.Seed, Augment: c.Augment})
	if err != nil {
		t.Fatal(err)
	}
	const total = 12
	step := 0
	for epoch := range c.Epochs {
		for batch := range loader.Epoch(t.Context(), epoch, 0) {
			tape := autograd.NewTape(model.Params())
			ctx := &layers.Ctx{Tape: tape, Policy: c.Policy,
				Stream: dropout.Stream{Seed: c.Seed, Step: uint64(step), Progress: float64(step) / total}}
			loss := ops.CrossEntropy(model.Forward(ctx, tape.Input(batch.X, batch.Shape...)), batch.Y, ops.CrossEntropySpec{Smoothing: c.Smoothing})
			if loss.Item() != trainer.losses[step] {
				t.Fatalf("step %d: the trainer has loss %v, want %v", step, trainer.losses[step], loss.Item())
			}
			grads := tape.Backward(loss)
			optim.ClipNorm(grads, c.ClipNorm)
			opt.Step(optim.Cosine(0.1, total)(step), grads)
			tape.Commit()
			ema.Update()
			step++
		}
	}
	if !slices.Equal(model.Params().Flat(), trainer.model.Params().Flat()) {
		t.Error("the weights differ")
	}
	ema.Swap()
	want, err := Evaluate(t.Context(), model, test)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := trainer.Evaluate(t.Context(), test); err != nil || got != want {
		t.Errorf("the trainer's average scores %+v (error %v), want %+v", got, err, want)
	}
}

func TestSameOnAnyNumberOfCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want string
	for _, cores := range []int{1, 2, 2, 7} {
		runtime.GOMAXPROCS(cores)
		trainer := exercise(t, nil)
		mustRun(t, trainer)
		got := finalBytes(t, trainer)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("on %d cores the checkpoint differs from that on 1", cores)
		}
	}
	trainer := exercise(t, func(c *Config) { c.Seed = 8 })
	mustRun(t, trainer)
	if finalBytes(t, trainer) == want {
		t.Error("another seed gives the same checkpoint")
	}
}

// TestRecompute wants the same training from a tape that gives outputs up.
func TestRecompute(t *testing.T) {
	train := func(recompute bool) *Trainer {
		var trainer *Trainer
		trainer = exercise(t, func(c *Config) {
			c.Recompute = recompute
			c.OnStep = func(Step) {
				if trainer.workers[0].tape.Recompute != recompute {
					t.Error("the setting has not reached the tape")
				}
			}
		})
		mustRun(t, trainer)
		return trainer
	}
	plain, recomputed := train(false), train(true)
	if finalBytes(t, recomputed) != finalBytes(t, plain) {
		t.Error("the weights differ")
	}
}

func TestDivergence(t *testing.T) {
	fit, _ := images(t)
	infinite := func(step int) float32 { // ruins the weights in step 2
		if step == 2 {
			return float32(math.Inf(1))
		}
		return 0.1
	}
	for name, c := range map[string]struct {
		model    layers.Model
		schedule optim.Schedule
		step     int
		loss     bool // is what was not finite, else the gradient
	}{
		"loss":     {newNetwork(8), infinite, 3, true},
		"gradient": {steep{newNetwork(8)}, nil, 0, false},
	} {
		trainer, err := New(c.model, fit, Config{Epochs: 3, Batch: 20, Common: Common{Schedule: c.schedule}})
		if err != nil {
			t.Fatal(err)
		}
		before := slices.Clone(c.model.Params().Flat())
		err = trainer.Run(t.Context())
		var diverged *DivergedError
		if !errors.As(err, &diverged) {
			t.Fatalf("%s: got error %v, want a DivergedError", name, err)
		}
		if diverged.Step != c.step || trainer.Done() != c.step {
			t.Errorf("%s: diverged at step %d after %d steps, want %d and %d", name, diverged.Step, trainer.Done(), c.step, c.step)
		}
		if c.loss == finite(float64(diverged.Loss)) || c.loss != (diverged.Norm == 0) {
			t.Errorf("%s: %v", name, err)
		}
		if !c.loss && !slices.Equal(before, c.model.Params().Flat()) {
			t.Errorf("%s: the weights changed", name)
		}
	}
}

// steep is a network with an infinite gradient.
type steep struct{ *network }

func (n steep) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	x = n.network.Forward(c, x)
	return autograd.Do(autograd.Op{
		Name: "steep", Inputs: []*autograd.Tensor{x}, Shape: x.Shape(),
		Forward: func(y *autograd.Output) { copy(y.Data(), x.Data()) },
		Backward: func(g *autograd.Grad) {
			dx := g.New(0).Data()
			for i := range dx {
				dx[i] = float32(math.Inf(1))
			}
		},
	})
}

func TestEvaluateRefuses(t *testing.T) {
	_, test := images(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Evaluate(ctx, newNetwork(8), test); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got error %v", err)
	}
	empty := *test
	empty.Images, empty.Labels = nil, nil
	if _, err := Evaluate(t.Context(), newNetwork(8), &empty); err == nil {
		t.Error("no error for a set without images")
	}
}

func TestNewRefuses(t *testing.T) {
	fit, _ := images(t)
	for _, c := range []Config{{Epochs: -1}, {Epochs: math.MaxInt, Batch: 1}, {Batch: -1}, {Smoothing: 2}, {Common: Common{Accumulate: -1}}, {Batch: 5, Common: Common{Accumulate: 6}}, {Common: Common{Shards: 2}},
		{Common: Common{Patience: 1}}, {Common: Common{BestWeights: "best"}}, {Common: Common{Patience: -1}}, {Common: Common{EMA: 1}}} {
		if _, err := New(newNetwork(8), fit, c); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

func TestSteadyStateAllocatesNoBuffers(t *testing.T) {
	var counts []int
	var tape *autograd.Tape
	var trainer *Trainer
	trainer = exercise(t, func(c *Config) {
		c.OnStep = func(Step) {
			now := trainer.workers[0].tape
			if tape != nil && now != tape {
				t.Error("the trainer made another tape")
			}
			tape, counts = now, append(counts, now.Stats().Allocations)
		}
	})
	mustRun(t, trainer)
	perEpoch := trainer.loader.Batches()
	if first, last := counts[perEpoch-1], counts[len(counts)-1]; first != last {
		t.Errorf("%d buffers after one epoch, %d after three", first, last)
	}
}
