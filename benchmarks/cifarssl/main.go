// Command cifarssl reproduces the row of the AutoDropout paper (Pham and Le,
// arXiv 2101.01761) for CIFAR-10 with 4,000 labels at a scale of one's choice: it
// trains Wide ResNets by UDA (Xie et al., arXiv 1904.12848) with dropout patterns
// that the controller found, that were found at random, or made by hand. Run it
// with -h for the flags.
package main

import (
	"context"
	"io"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/fewlabels"
	"autodropout/benchmarks/internal/images"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/models"
)

func main() { cli.Main(benchmark.Run) }

var benchmark = fewlabels.Benchmark{
	Name: "cifarssl", Title: "CIFAR-10", Network: "Wide ResNet",
	Split: "test",
	Open:  open,
	NewModel: func(depth, width, classes int, seed uint64) (images.Model, error) {
		return models.NewWRN(models.WRNConfig{Depth: depth, Width: width, Classes: classes, Seed: seed})
	},
	UDA:         runfolder.Paper{Value: 4.31, Setting: "UDA's authors: 4,000 labels, WRN-28-2"},
	AutoDropout: runfolder.Paper{Value: 4.2, Setting: "4,000 labels, WRN-28-2"},
	DataHelp:    images.SmallHelp,
	WidthHelp:   "the width `factor` of the WRN",
	Paper:       paper, Study: study, Quick: quick,
}

func open(ctx context.Context, c *fewlabels.Config, stderr io.Writer) (images.Images, error) {
	return images.OpenSmall(ctx, &c.Settings, 0, c.Pixels, stderr)
}

// The recipe is that of UDA's authors. How long a child trains was not published.
var paper = fewlabels.Config{
	Settings: images.Settings{
		Plan:      fewlabels.Plan,
		Baselines: experiment.Baselines{Dropout: 0.3, SpatialDropout: 0.1, DropBlock: 0.9, DropBlockSize: 7, StochasticDepth: 0.8},
		Data:      "auto", Batch: 64, Rate: 0.03, WeightDecay: 5e-4, RandAugment: imaging.AuthorsRandAugment, Cutout: 16,
	},
	Labels: 4000, Depth: 28, Width: 2, Steps: 500_000, Ratio: 7, Accumulate: 1, Augment: data.StandardAugment(),
	Average: 0.9999, Weight: 1, Sure: 0.8, Sharpening: 0.4, Annealing: "none",
	SearchDepth: 28, SearchWidth: 2, SearchSteps: 20_000,
}

// A training of the study by UDA takes about an hour and a half on two cores. With
// the published learning rate, or with as small a share of labelled images, a network
// is sure of too little by then.
var study = func() fewlabels.Config {
	c := paper
	c.Depth, c.Width, c.Steps, c.Batch, c.Ratio, c.Average, c.Rate = 16, 2, 4400, 96, 2, 0.999, 0.1
	c.RandAugment = imaging.RandAugment{Operations: 2, Magnitude: 10}
	c.Dropout, c.SpatialDropout, c.DropBlock, c.StochasticDepth = 0.1, 0.05, 0.97, 0.95
	c.Seeds, c.Trials, c.SearchDepth, c.SearchWidth, c.SearchSteps = 1, 40, 10, 1, 600
	return c
}()

// quick has small images, as that of cifar, and so many steps that a network knows its labels
// by heart. More dropout leaves it sure of too little to teach itself.
var quick = func() fewlabels.Config {
	c := study
	fewlabels.Quick(&c)
	c.TrainSize, c.TestSize, c.Labels, c.Pixels = 4000, 2000, 1000, 8
	c.Depth, c.Width, c.Steps, c.Batch, c.Ratio, c.Average, c.Sure = 10, 1, 800, 32, 1, 0.98, 0.8
	c.Rate, c.Augment = 0.1, data.Augment{Flip: true}
	c.RandAugment, c.Cutout = imaging.RandAugment{Operations: 1, Magnitude: 5}, 2
	c.Dropout, c.SpatialDropout, c.DropBlock, c.DropBlockSize, c.StochasticDepth = 0.05, 0.02, 0.85, 3, 0.95
	c.SearchDepth, c.SearchWidth, c.SearchSteps = c.Depth, c.Width, c.Steps
	return c
}()
