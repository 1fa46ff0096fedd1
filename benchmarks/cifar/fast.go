package main

import (
	"cmp"
	"context"
	"runtime/debug"
	"slices"
	"strings"

	"autodropout/autograd"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/benchmarks/internal/usage"
	"autodropout/data"
	"autodropout/internal/seed"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/optim"
	"autodropout/train"
)

// This file is the recipe of Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU"
// (arXiv 2404.00498), whose sections the comments name, and of its larger network, as he
// published it later (airbench96_faster). The sizes that a preset may change are settings:
// channels, epochs, batch, rate, momentum, weight decay, cutout.
const (
	whitened   = 5000 // images whose patches make the first layer (3.1)
	biasEpochs = 3    // in which that layer's bias is trained (3.1)
	normFactor = 64   // of the rate of normalisations' biases (3.3)
	smoothing  = 0.2  // of labels
	aheadEvery = 5    // steps, of the look-ahead (3.4)
	aheadDecay = 0.95 * 0.95 * 0.95 * 0.95 * 0.95
	firstShare = 0.2 // of the rate, at the first step
)

// fastRecipe is in what the recipes differ, beside their settings.
type fastRecipe struct {
	residual bool
	shift    int     // pixels by which training images are moved at most
	inside   bool    // squares that are cut out lie in the image as a whole
	rising   float64 // share of the steps in which the rate rises
	last     float32 // share of the rate at the last step
	hard     train.HardExamples
}

var fastRecipes = map[string]fastRecipe{
	fastNet:   {shift: 2, rising: 0.23, last: 0.07},
	fastNet96: {residual: true, shift: 4, inside: true, rising: 0.1, hard: train.HardExamples{Keep: 0.5, Every: 4}},
}

// proxyWidths are the channels of the network that chooses the images to train on.
var proxyWidths = [3]int{32, 64, 64}

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
		Widths: [3]int(c.channels), Residual: fastRecipes[c.recipe].residual, Classes: classes, Seed: seed,
		Learns: c.biasShare(n), Views: layers.FlipShiftViews(),
	})
}

// Length implements [images.Benchmark]. The recipes predict each image from several views,
// and train on a part of a batch.
func (c *config) Length(n experiment.Network) images.Length {
	length := c.Supervised.Length(n)
	if recipe, ok := fastRecipes[c.recipe]; ok {
		kept := cmp.Or(recipe.hard.Keep, 1) * float64(length.Images)
		length.Images = max(1, int(kept)/len(layers.FlipShiftViews()))
	}
	return length
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
	recipe := fastRecipes[c.recipe]
	augment := data.Augment{Cutout: c.Cutout, Inside: recipe.inside, RandAugment: c.RandAugment}
	if c.augment { // flips that alternate (3.6), and shifts with reflected borders
		augment.Flip, augment.Alternate = true, true
		augment.Pad, augment.Reflect = recipe.shift, true
	}
	common.Optimizer = c.fastOptimizer(model, int(c.biasShare(n)*float64(steps)))
	if common.Schedule == nil {
		rate := float32(c.Rate)
		common.Schedule = optim.Triangle(firstShare*rate, rate, recipe.last*rate, int(recipe.rising*float64(steps)), steps)
	}
	hard := recipe.hard
	if hard.Keep > 0 {
		if hard.Proxy, hard.Optimizer, err = c.proxy(n, len(sets.Fit.Header().Classes), first, steps/hard.Every, common.Seed); err != nil {
			return nil, nil, err
		}
	}
	common.Lookahead = train.Lookahead{Every: aheadEvery, Decay: aheadDecay}
	common.ClipNorm, common.Recompute = float32(c.Clip), true // a batch has a thousand images
	return c.Loop(n, model, sets, train.Config{Augment: augment, HardExamples: hard, Smoothing: smoothing, Common: common})
}

// fastOptimizer returns the optimizer of a network whose first layer's bias is trained in so
// many steps.
func (c *config) fastOptimizer(model *models.FastNet, biasSteps int) *optim.SGD {
	return optim.NewSGD(model.Params(), optim.SGDConfig{
		Momentum: float32(c.Momentum), Nesterov: c.Momentum > 0, WeightDecay: float32(c.WeightDecay),
		Factor: func(p *autograd.Param) float32 {
			if strings.Contains(p.Name, "norm") {
				return normFactor
			}
			return 1
		},
		Until: func(p *autograd.Param) int {
			if p.Name == "whiten.bias" {
				return max(1, biasSteps)
			}
			return 0
		},
	})
}

// proxy returns the network that chooses images, and its optimizer, for so many steps.
func (c *config) proxy(n experiment.Network, classes int, first *autograd.Tensor, steps int, base uint64) (*models.FastNet, optim.Optimizer, error) {
	proxy, err := models.NewFastNet(models.FastNetConfig{
		Widths: proxyWidths, Classes: classes, Seed: seed.Derive(base, "proxy"),
	})
	if err != nil {
		return nil, nil, err
	}
	if err := proxy.Whiten(first); err != nil {
		return nil, nil, err
	}
	return proxy, c.fastOptimizer(proxy, int(c.biasShare(n)*float64(steps))), nil
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
