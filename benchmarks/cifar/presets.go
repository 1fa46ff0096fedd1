package main

import (
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/controller"
	"autodropout/dropout"
)

// methods are the rows of a run unless others are asked for.
var methods = []string{"none", "dropout", "spatialdropout", "dropblock", "stochasticdepth", "random", "autodropout"}

// The recipe is the usual one for WRNs on CIFAR-10; the rates of the baselines
// are those of their papers. The number of trials and the length of a child's
// training were not published: they are choices of this program.
var paper = config{
	Supervised: images.Supervised{Epochs: 200, SearchEpochs: 40, Settings: images.Settings{
		Plan:      experiment.Plan{Methods: methods, Seeds: 5, Trials: 500, InFlight: 8, Algorithm: string(experiment.Algorithm), StartShare: dropout.MildConv},
		Baselines: experiment.Baselines{Dropout: 0.3, SpatialDropout: 0.1, DropBlock: 0.9, DropBlockSize: 7, StochasticDepth: 0.8},
		Data:      "auto", Batch: 128, Rate: 0.1, WeightDecay: 5e-4, Clip: 5,
	}},
	recipe: wideResNet, depth: 28, width: 10, searchDepth: 28, searchWidth: 2, augment: true,
}

// The study needs no stand-in for its network, and scores trials by so many images
// that chance has little to say.
var study = func() config {
	c := paper
	c.Methods, c.Tune, c.Finalists, c.InFlight = experiment.Keys(c.Table()), true, 4, 2
	c.TrainSize, c.validSize = 2000, 5000
	c.depth, c.width, c.Epochs, c.Batch, c.augment, c.DropBlockSize = 10, 1, 20, 50, false, 5
	c.searchDepth, c.searchWidth, c.SearchEpochs, c.Trials = c.depth, c.width, c.Epochs, 40
	return c
}()

// quick has few and small images, many with wrong labels, which a small network learns by
// heart. The search begins with the hand-made rows, and trains what the table has.
var quick = func() config {
	c := paper
	c.Methods = []string{"none", "dropout", "fresh", "autodropout"}
	c.Algorithm, c.Space, c.Start, c.TrialSeeds = string(controller.Evolution), experiment.Wide, experiment.ByBest, 1
	c.Scenes, c.TrainSize, c.validSize, c.TestSize, c.pixels, c.augment = images.Plain, 2000, 4000, 2000, 8, false
	c.depth, c.width, c.Epochs, c.Batch, c.Seeds = 10, 1, 25, 64, 5
	c.Dropout, c.SpatialDropout, c.DropBlock, c.DropBlockSize, c.StochasticDepth = 0.3, 0.05, 0.9, 3, 0.9
	c.searchDepth, c.searchWidth, c.SearchEpochs = c.depth, c.width, c.Epochs
	c.Trials, c.Finalists, c.InFlight = 24, 3, 2
	return c
}()

// fast and fast96 are the recipes of Jordan, for batches of 1,000, of which fast96 trains on
// 500: see [config.trainFast].
var (
	fast = func() config {
		c := paper
		c.Methods, c.Seeds = []string{"none"}, 3
		c.recipe, c.channels, c.augment = fastNet, []int{64, 256, 256}, true
		c.Epochs, c.SearchEpochs, c.Batch = 10, 10, 1000
		c.Rate, c.Momentum, c.WeightDecay, c.Clip = 1.465, 0.85, 0.00133, 0
		c.Dropout, c.SpatialDropout, c.DropBlock, c.DropBlockSize = 0.05, 0.02, 0.95, 3
		return c
	}()
	fast96 = func() config {
		c := fast
		c.Seeds = 1
		c.recipe, c.channels, c.Cutout = fastNet96, []int{128, 384, 512}, 12
		c.Epochs, c.SearchEpochs, c.Rate, c.WeightDecay = 55, 55, 0.573, 0.00267
		return c
	}()
)
