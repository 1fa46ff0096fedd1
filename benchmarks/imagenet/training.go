package main

import (
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/optim"
	"autodropout/train"
)

// Optimizers and schedules.
const (
	sgd         = "sgd"
	rmsprop     = "rmsprop"
	cosine      = "cosine"
	step        = "step"
	exponential = "exponential"
)

// The RandAugment paper's setting for ResNet-50.
var paperRandAugment = imaging.RandAugment{Operations: 2, Magnitude: 9}

// Train implements [images.Benchmark].
func (c *config) Train(n experiment.Network, model images.Model, sets images.Sets, steps int, common train.Common) (*train.Loop, images.Scorer, error) {
	augment := data.Augment{Crop: c.crop, Flip: c.flip, Cutout: c.Cutout, RandAugment: c.RandAugment}
	if n == experiment.Varied && c.RandAugment.Operations == 0 {
		augment.RandAugment = paperRandAugment
	}
	for _, p := range model.Params().All() {
		p.NoDecay = len(p.Shape()) == 1
	}
	if c.optimizer == rmsprop {
		common.Optimizer = optim.NewRMSProp(model.Params(), optim.RMSPropConfig{
			Momentum: float32(c.Momentum), Eps: 1e-3, WeightDecay: float32(c.WeightDecay)})
	} else {
		common.Optimizer = optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: float32(c.Momentum), WeightDecay: float32(c.WeightDecay)})
	}
	if common.Schedule == nil {
		common.Schedule = c.rates(n, steps)
	}
	common.ClipNorm, common.EMA, common.Accumulate = float32(c.Clip), c.ema, c.accumulate
	return c.Loop(n, model, sets, train.Config{Smoothing: float32(c.smoothing), Augment: augment, Common: common})
}

// rates returns the learning rates of so many steps. A child's training is a final one,
// shorter.
func (c *config) rates(n experiment.Network, steps int) optim.Schedule {
	rate, perEpoch := float32(c.Rate*float64(c.Batch)/256), steps/c.Length(n).Epochs
	shrink := func(epochs float64) int {
		return int(epochs * float64(perEpoch) * float64(c.Length(n).Epochs) / float64(c.Epochs))
	}
	var schedule optim.Schedule
	switch c.schedule {
	case cosine:
		schedule = optim.Cosine(rate, steps)
	case step:
		var milestones []int
		for _, epoch := range c.milestones {
			milestones = append(milestones, shrink(float64(epoch)))
		}
		schedule = optim.MultiStep(rate, 0.1, milestones...)
	case exponential:
		schedule = optim.Exponential(rate, 0.97, max(shrink(2.4), 1))
	}
	if c.warmUp > 0 {
		schedule = optim.WarmUp(max(shrink(float64(c.warmUp)), 1), schedule)
	}
	return schedule
}
