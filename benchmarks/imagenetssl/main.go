// Command imagenetssl reproduces the row of the AutoDropout paper (Pham and Le,
// arXiv 2101.01761) for ImageNet with a tenth of its labels at a scale of one's
// choice: it trains ResNets by UDA (Xie et al., arXiv 1904.12848) with dropout
// patterns that the controller found, that were found at random, or made by hand.
// Run it with -h for the flags.
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
	Name: "imagenetssl", Title: "photographs in ImageNet's layout", Network: "ResNet",
	Split: "validation", Accuracy: true,
	Open: open,
	NewModel: func(depth, width, classes int, seed uint64) (images.Model, error) {
		return models.NewResNet(models.ResNetConfig{Depth: depth, Channels: width, Classes: classes, Seed: seed})
	},
	UDA:         runfolder.Paper{Value: 68.78, Setting: "UDA's authors: ImageNet, 10 % of the labels, ResNet-50"},
	AutoDropout: runfolder.Paper{Value: 72.9, Setting: "ImageNet, 10 % of the labels, ResNet-50"},
	Photos:      true,
	DataHelp:    "synthetic (drawn images of 64x64 pixels), or a `path` to a folder with photographs in train/CLASS and val/CLASS",
	WidthHelp:   "the `channels` of the ResNet's first stage, 64 as published",
	Paper:       paper, Study: study, Quick: quick,
}

func open(ctx context.Context, c *fewlabels.Config, _ io.Writer) (images.Images, error) {
	found, err := images.OpenPhotos(ctx, &c.Settings)
	if err != nil {
		return images.Images{}, err
	}
	return found, found.Resize(c.Pixels, c.Pixels*8/7)
}

// The settings of UDA's loss are those published; a step is computed in parts
// since no machine holds the activations of 31,744 photographs. The number of
// steps is that of the code of UDA, the learning rate the usual 0.1 per 256
// labelled images and ResNet-50's weight decay.
var paper = fewlabels.Config{
	Settings: images.Settings{
		Plan:      fewlabels.Plan,
		Baselines: experiment.Baselines{Dropout: 0.2, SpatialDropout: 0.1, DropBlock: 0.9, DropBlockSize: 7, StochasticDepth: 0.8},
		Data:      images.BuiltIn, Batch: 1024, Rate: 0.4, WeightDecay: 1e-4, RandAugment: imaging.RandAugment{Operations: 2, Magnitude: 9},
	},
	Pixels: 224, Depth: 50, Width: 64, Steps: 40_000, Ratio: 15, Accumulate: 512, Augment: data.Augment{Crop: 0.08, Flip: true},
	Average: 0.999, Smoothing: 0.1, Weight: 20, Sure: 0.6, Sharpening: 0.5, Annealing: "none",
	SearchDepth: 50, SearchWidth: 32, SearchSteps: 2000,
}

// study is for ten classes of 96x96 pixels such as Imagenette's.
var study = func() fewlabels.Config {
	c := paper
	c.Pixels, c.Depth, c.Width, c.Steps, c.Batch, c.Ratio, c.Accumulate = 96, 18, 32, 4000, 32, 3, 1
	c.Rate, c.Weight, c.Augment.Crop = 0.03, 1, 0.35
	c.Dropout, c.SpatialDropout, c.DropBlock, c.StochasticDepth = 0.1, 0.05, 0.97, 0.95
	c.Seeds, c.Trials, c.SearchDepth, c.SearchWidth, c.SearchSteps = 1, 40, 18, 16, 400
	return c
}()

// quick's networks begin to learn after some hundred steps. Luck decides when, the more so with fewer
// labels or channels, a higher rate or more dropout, and from cropped images they learn nothing.
var quick = func() fewlabels.Config {
	c := study
	fewlabels.Quick(&c)
	c.Seeds, c.TrainSize, c.TestSize, c.Labels = 3, 2000, 1000, 1000
	c.Pixels, c.Width, c.Steps, c.Batch, c.Ratio, c.Average, c.Sure = 32, 8, 500, 32, 1, 0.99, 0.5
	c.Rate, c.Augment, c.RandAugment = 0.05, data.Augment{}, imaging.RandAugment{Operations: 1, Magnitude: 5}
	c.Dropout, c.SpatialDropout, c.DropBlock, c.DropBlockSize, c.StochasticDepth = 0.03, 0.02, 0.95, 3, 0.95
	c.SearchWidth, c.SearchSteps = c.Width, 400
	return c
}()
