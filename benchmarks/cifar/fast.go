package main

import (
	"context"
	"runtime/debug"
	"slices"
	"strings"

	"autodropout/autograd"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/benchmarks/internal/usage"
	"autodropout/data"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/optim"
	"autodropout/train"
)

// This file is the recipe of Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU"
// (arXiv 2404.00498), whose sections the comments name. The sizes that a preset may
// change are settings: channels, epochs, batch, rate, momentum, weight decay, cutout.
const (
	whitened    = 5000 // images whose patches make the first layer (3.1)
	biasEpochs  = 3    // in which that layer's bias is trained (3.1)
	normFactor  = 64   // of the rate of normalisations' biases (3.3)
	smoothing   = 0.2  // of labels
	aheadEvery  = 5    // steps, of the look-ahead (3.4)
	aheadDecay  = 0.95 * 0.95 * 0.95 * 0.95 * 0.95
	firstShare  = 0.2  // of the rate, at the first step
	lastShare   = 0.07 // and at the last one
	risingShare = 0.23 // of the steps
)

// shifts are how many pixels training images are moved by at most.
var shifts = map[string]int{fastNet: 2, fastNet96: 4}

// leastSide is that of the images: the network halves a map three times.
const leastSide = 9

// checkFast returns what is wrong with the settings of a fast recipe.
func (c *config) checkFast() error {
	switch {
	case len(c.channels) != 3:
		return usage.Errorf("-channels has a number for each of the three blocks, such as 64,256,256, and not %d numbers", len(c.channels))
	case c.pixels != 0 && c.pixels < leastSide:
		return usage.Errorf("-pixels %d is too small: recipe %s halves a map three times and needs at least %d", c.pixels, c.recipe, leastSide)
	}
	return nil
}

// fastModel makes the network (3.2): a first layer that whitens, then three blocks whose
// convolutions begin as the identity, with a maximum over pixels before the first
// normalisation; those have no scale. What it predicts from is each image, mirrored and
// shifted by a pixel (3.5).
func (c *config) fastModel(n experiment.Network, classes int, seed uint64) (images.Model, error) {
	return models.NewFastNet(models.FastNetConfig{
		Widths: [3]int(c.channels), Residual: c.recipe == fastNet96, Classes: classes, Seed: seed,
		Learns: c.biasShare(n), Views: layers.FlipShiftViews(),
	})
}

// biasShare is the share of a training in which the first layer's bias is trained.
func (c *config) biasShare(n experiment.Network) float64 {
	return min(1, biasEpochs/float64(c.Length(n).Epochs))
}

// trainFast returns a training of so many steps.
func (c *config) trainFast(n experiment.Network, model *models.FastNet, sets images.Sets, steps int, common train.Common) (*train.Loop, images.Scorer, error) {
	if h := sets.Fit.Header(); min(h.Height, h.Width) < leastSide {
		return nil, nil, usage.Errorf("images of %dx%d pixels are too small: recipe %s halves a map three times; make them larger with -pixels, at least %d", h.Width, h.Height, c.recipe, leastSide)
	}
	first, err := firstImages(sets.Fit, whitened)
	if err != nil {
		return nil, nil, err
	}
	if err := model.Whiten(first); err != nil {
		return nil, nil, err
	}
	// What reading the data and the images above took is garbage, which would otherwise
	// stay beside more than a gigabyte of the training's.
	debug.FreeOSMemory()
	augment := data.Augment{Cutout: c.Cutout, RandAugment: c.RandAugment}
	if c.augment { // flips that alternate (3.6), and shifts with reflected borders
		augment.Flip, augment.Alternate = true, true
		augment.Pad, augment.Reflect = shifts[c.recipe], true
	}
	common.Optimizer = optim.NewSGD(model.Params(), optim.SGDConfig{
		Momentum: float32(c.Momentum), Nesterov: c.Momentum > 0, WeightDecay: float32(c.WeightDecay),
		Factor: func(p *autograd.Param) float32 {
			if strings.Contains(p.Name, "norm") {
				return normFactor
			}
			return 1
		},
		Until: func(p *autograd.Param) int {
			if p.Name == "whiten.bias" {
				return max(1, int(c.biasShare(n)*float64(steps)))
			}
			return 0
		},
	})
	if common.Schedule == nil {
		rate := float32(c.Rate)
		common.Schedule = optim.Triangle(firstShare*rate, rate, lastShare*rate, int(risingShare*float64(steps)), steps)
	}
	common.Lookahead = train.Lookahead{Every: aheadEvery, Decay: aheadDecay}
	common.ClipNorm, common.Recompute = float32(c.Clip), true // a batch has a thousand images
	return c.Loop(n, model, sets, train.Config{Augment: augment, Smoothing: smoothing, Common: common})
}

// firstImages returns at most n images of a source as networks see them.
func firstImages(source data.Source, n int) (*autograd.Tensor, error) {
	loader, err := data.NewOrdered(source, min(n, source.Len()))
	if err != nil {
		return nil, err
	}
	first := autograd.New(0, source.Header().Height, source.Header().Width, data.Channels)
	for batch := range loader.Epoch(context.Background(), 0, 0) {
		first = autograd.FromSlice(slices.Clone(batch.X), batch.Shape...)
		break
	}
	return first, loader.Err()
}
