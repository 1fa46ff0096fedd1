package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"autodropout/autograd"
	"autodropout/benchmarks/internal/flops"
	"autodropout/benchmarks/internal/machine"
	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
	"autodropout/internal/seed"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/ops"
	"autodropout/optim"
)

// stepFacts is what is known of a training step besides its speed, or, in part, of a
// prediction.
type stepFacts struct {
	Model             string  `json:"model"`
	Steps             int     `json:"steps"`
	ItemsPerSecond    float64 `json:"items_per_s"`
	PeakRSS           float64 `json:"peak_rss_mb"`        // of the process, in 10^6 bytes; 0: unknown
	PeakRSSGrowth     float64 `json:"peak_rss_growth_mb"` // since the warm-up
	EarlyPeakRSS      float64 `json:"peak_rss_early_mb"`  // after earlySteps; 0: there were fewer
	OpsPerStep        int     `json:"ops_per_step"`       // recorded operations
	AllocsPerStep     float64 `json:"allocs_per_step"`    // by the Go runtime, once warmed up
	AllocBytesPerStep float64 `json:"alloc_bytes_per_step"`
	CPU               float64 `json:"cpu_ms,omitempty"` // of all threads, for an item; of predictions only
}

// earlySteps is how many steps a long run takes before its memory must have
// stopped growing.
const earlySteps = 100

// trainee is a model whose training step can be measured.
type trainee interface {
	// String returns the name that newModel knows the model by.
	String() string
	// batch is the usual number of examples in a step.
	batch() int
	// items returns what an example consists of, images or words, how many of
	// them, and what one is called.
	items() (count int, name string)
	// flops returns how many floating-point operations a step takes.
	flops(batch int) float64
	// step returns a training step on random examples, and its tapes.
	step(batch int) (kernel, []*autograd.Tape, error)
}

// newModel returns the model called name.
func newModel(name string) (trainee, error) {
	for _, m := range namedModels() {
		if m.String() == name {
			return m, nil
		}
	}
	return newImageModel(name)
}

// namedModels returns all models but the Wide ResNets, whose names have their sizes.
func namedModels() []trainee {
	var all []trainee
	all = appendModels(all, languageModels())
	all = appendModels(all, translationModels())
	all = appendModels(all, recurrentModels())
	return appendModels(all, photographModels())
}

func appendModels[M trainee](all []trainee, models []M) []trainee {
	for _, m := range models {
		all = append(all, m)
	}
	return all
}

// imageModel is a Wide ResNet for small square colour images.
type imageModel struct {
	depth, width int
	size         int // of the images, in pixels
	classes      int
}

func newImageModel(name string) (imageModel, error) {
	const most = 1000 // so that sizes do not overflow
	m := imageModel{size: 32, classes: 10}
	if _, err := fmt.Sscanf(name, "wrn-%d-%d", &m.depth, &m.width); err != nil || name != m.String() {
		return m, usage.Errorf("there is no model %q: take wrn-D-K, such as wrn-28-10, resnet50-224, resnet50-160, efficientnet-b0-224, fastnet, fastnet-96, txl-ptb, txl-wt2, mt-iwslt, lstm-512 or lstm-ptb", name)
	}
	if m.depth > most || m.width > most {
		return m, usage.Errorf("-model %s is too large: depth and width are at most %d", name, most)
	}
	if m.depth < 10 || (m.depth-4)%6 != 0 || m.width < 1 {
		return m, usage.Errorf("there is no model %q: a wrn-D-K has depth D = 10, 16, 22, 28, ... and width K of at least 1", name)
	}
	return m, nil
}

func (m imageModel) String() string { return fmt.Sprintf("wrn-%d-%d", m.depth, m.width) }

func (m imageModel) items() (int, string) { return 1, "images" }

func (m imageModel) batch() int {
	if m.width >= 10 {
		return 16
	}
	return 64
}

func (m imageModel) flops(batch int) float64 {
	return float64(batch) * flops.WRN(m.depth, m.width, m.size, m.classes)
}

// measureStep measures a training step: forward pass, cross-entropy, backward
// pass, and the optimizer's update. The batch is the same each time: reading
// data is not in it. The objects that a step allocates are small and at most
// five for a recorded operation, which a test of package models holds it to.
func (c *config) measureStep(ctx context.Context, p *printer) error {
	m, batch, k, tapes, err := c.trainee()
	if err != nil {
		return err
	}
	count, name := m.items()
	p.title("Training steps, convolutions counted as the direct algorithm computes them",
		"%-20s %6s %9s %9s %12s %10s", "model", "batch", name+"/s", "peak", "allocs/step", "allocs/op")
	k.warmUp()
	warm := machine.PeakMemory()
	early, steps := int64(0), 0
	speed, err := measure(ctx, func() time.Duration {
		d := k()
		if steps++; steps == earlySteps {
			early = machine.PeakMemory()
		}
		return d
	}, m.flops(batch), c.steps, 0)
	if err != nil {
		return err
	}
	peak := machine.PeakMemory()
	facts := stepFacts{
		Model: m.String(), Steps: c.steps, ItemsPerSecond: speed.flops / m.flops(batch) * float64(batch*count),
		PeakRSS: float64(peak) / 1e6, PeakRSSGrowth: float64(peak-warm) / 1e6, EarlyPeakRSS: float64(early) / 1e6,
	}
	for _, tape := range tapes {
		facts.OpsPerStep += tape.Stats().Recorded
	}
	facts.AllocsPerStep, facts.AllocBytesPerStep = allocations(k)
	r := c.result(fmt.Sprintf("step-%s-b%d", m, batch), speed)
	r.Batch, r.stepFacts = batch, &facts
	return p.print(r, fmt.Sprintf("%-20s %6d %9.2f %9s %12.0f %10.1f",
		facts.Model, batch, facts.ItemsPerSecond, words.Memory(peak), facts.AllocsPerStep, facts.AllocsPerStep/float64(facts.OpsPerStep)))
}

// train takes the steps and nothing else.
func (c *config) train(ctx context.Context) error {
	_, _, k, _, err := c.trainee()
	if err != nil {
		return err
	}
	return k.repeat(ctx, c.steps)
}

// repeat runs k n times. Whoever traces the program can tell the steps by this
// function.
func (k kernel) repeat(ctx context.Context, n int) error {
	for range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		k()
	}
	return nil
}

// trainee returns the model that the flags name, its batch, a training step and
// the step's tapes.
func (c *config) trainee() (m trainee, batch int, k kernel, tapes []*autograd.Tape, err error) {
	if m, err = newModel(c.model); err != nil {
		return
	}
	if batch = c.batch; batch == 0 {
		batch = m.batch()
	}
	if k, tapes, err = m.step(batch); err != nil {
		return
	}
	for _, tape := range tapes {
		tape.Recompute = c.recompute
	}
	return
}

func (m imageModel) step(batch int) (kernel, []*autograd.Tape, error) {
	model, err := models.NewWRN(models.WRNConfig{Depth: m.depth, Width: m.width, Classes: m.classes})
	if err != nil {
		return nil, nil, err
	}
	k, tapes := imageStep(model, m.size, m.classes, batch)
	return k, tapes, nil
}

// imageStep returns a training step on square colour images, and its tape. It
// ends with stochastic gradient descent with Nesterov's momentum and weight
// decay.
func imageStep(model layers.Model, size, classes, batch int) (kernel, []*autograd.Tape) {
	const rate = 0.1
	sgd := optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4})
	tape := autograd.NewTape(model.Params())
	rng := seed.New(0, "speed")
	x, labels := make([]float32, batch*size*size*3), make([]int, batch)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	for i := range labels {
		labels[i] = rng.IntN(classes)
	}
	return func() time.Duration {
		start := time.Now()
		tape.Reset()
		logits := model.Forward(&layers.Ctx{Tape: tape}, tape.Input(x, batch, size, size, 3))
		grads := tape.Backward(ops.CrossEntropy(logits, labels, ops.CrossEntropySpec{}))
		sgd.Step(rate, grads)
		tape.Commit()
		return time.Since(start)
	}, []*autograd.Tape{tape}
}

// allocations returns how many objects, and how many bytes, a step allocates.
func allocations(step kernel) (objects, bytes float64) {
	const steps = 2
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range steps {
		step()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / steps, float64(after.TotalAlloc-before.TotalAlloc) / steps
}
