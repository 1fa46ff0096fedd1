package main

import (
	"context"
	"fmt"
	"time"

	"autodropout/autograd"
	"autodropout/benchmarks/internal/machine"
	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
	"autodropout/internal/seed"
	"autodropout/layers"
	"autodropout/ops"
)

// measurePredict measures a forward pass for prediction, on one batch.
func (c *config) measurePredict(ctx context.Context, p *printer) error {
	m, model, err := c.photographic()
	if err != nil {
		return err
	}
	batch := max(c.batch, 1)
	if c.clients > 0 {
		return c.measureClients(ctx, p, m, model)
	}
	frozen, images := layers.Freeze(model), autograd.FromSlice(randomImages(batch, m.size), batch, m.size, m.size, 3)
	k := kernel(func() time.Duration {
		start := time.Now()
		frozen.Predict(images)
		return time.Since(start)
	})
	p.title("Predictions, convolutions counted as the direct algorithm computes them", "%-20s %6s %9s %9s", "model", "batch", "images/s", "peak")
	k.warmUp()
	flops := m.flops(batch) / 3 // without the backward pass
	speed, err := measure(ctx, k, flops, c.steps, c.round)
	if err != nil {
		return err
	}
	peak := machine.PeakMemory()
	facts := stepFacts{Model: m.name, Steps: c.steps, ItemsPerSecond: speed.flops / flops * float64(batch), PeakRSS: float64(peak) / 1e6}
	facts.AllocsPerStep, facts.AllocBytesPerStep = allocations(k)
	used := machine.CPUTime()
	for range c.steps {
		k()
	}
	facts.CPU = float64((machine.CPUTime() - used).Microseconds()) / 1e3 / float64(c.steps*batch)
	r := c.result(fmt.Sprintf("predict-%s-b%d", m, batch), speed)
	r.Batch, r.stepFacts = batch, &facts
	return p.print(r, fmt.Sprintf("%-20s %6d %9.2f %9s", facts.Model, batch, facts.ItemsPerSecond, words.Memory(peak)))
}

// photographic returns the network for photographs that -model names.
func (c *config) photographic() (photographModel, layers.Model, error) {
	found, err := newModel(c.model)
	if err != nil {
		return photographModel{}, nil, err
	}
	m, ok := found.(photographModel)
	if !ok {
		return m, nil, usage.Errorf("-run %s measures networks for photographs: take -model resnet50-224, efficientnet-b0-224 or cnn-64", c.run)
	}
	model, err := m.model()
	return m, model, err
}

// randomImages returns images of so many pixels' height and width.
func randomImages(n, size int) []float32 {
	rng := seed.New(0, "speed")
	x := make([]float32, n*size*size*3)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// smallNet is a ConvNet of four stages for pictures of 64 pixels.
type smallNet struct {
	params *autograd.Params
	convs  []*layers.Conv2D
	norms  []*layers.BatchNorm
	fc     *layers.Linear
}

// smallWidths are the channels of its stages.
var smallWidths = []int{16, 32, 64, 128}

func newSmallNet() (layers.Model, error) {
	s := layers.NewScope(0)
	m := &smallNet{params: s.Params()}
	in := 3
	for i, out := range smallWidths {
		stage := s.Sub(fmt.Sprint("stage", i+1))
		m.convs = append(m.convs, layers.NewConv2D(stage.Sub("conv"), layers.Conv2DConfig{In: in, Out: out, Size: 3, Stride: 2, Pad: 1, NoBias: true}))
		m.norms = append(m.norms, layers.NewBatchNorm(stage.Sub("bn"), layers.BatchNormConfig{Channels: out}))
		in = out
	}
	m.fc = layers.NewLinear(s.Sub("fc"), layers.LinearConfig{In: in, Out: photographClasses})
	return m, nil
}

// Params implements [layers.Model].
func (m *smallNet) Params() *autograd.Params { return m.params }

// Forward implements [layers.Layer].
func (m *smallNet) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	for i, conv := range m.convs {
		if c.Trains() {
			x = m.norms[i].ForwardReLU(c, conv.Forward(c, x), nil)
		} else {
			x = m.norms[i].After(c, conv, x, ops.ConvEnd{Activation: ops.WithReLU})
		}
	}
	return m.fc.Forward(c, ops.GlobalAvgPool(x))
}

// smallNetConvs returns its convolutions.
func smallNetConvs(size int) (shapes []convShape, features int) {
	in := 3
	for _, out := range smallWidths {
		shapes = append(shapes, convShape{Size: size, In: in, Out: out, Kernel: 3, Stride: 2})
		in, size = out, size/2
	}
	return shapes, in
}
