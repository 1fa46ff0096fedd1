package main

import (
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/dropout"
)

// methods are the rows of a run unless others are asked for.
var methods = []string{"none", "dropout", "spatialdropout", "dropblock", "stochasticdepth", "random", "autodropout", "randaugment", "autodropout-randaugment"}

// ResNet-50 is trained as the DropBlock paper did. The number of trials and the
// length of a child's training were not published: they are choices of this
// program. So is the number of parts of a batch, for memory.
var paper = config{
	Supervised: images.Supervised{Epochs: 270, SearchEpochs: 30, Settings: images.Settings{
		Plan:      experiment.Plan{Methods: methods, Seeds: 1, Trials: 500, InFlight: 8, Algorithm: string(experiment.Algorithm), StartShare: dropout.MildConv},
		Baselines: experiment.Baselines{Dropout: 0.2, SpatialDropout: 0.1, DropBlock: 0.9, DropBlockSize: 7, StochasticDepth: 0.8},
		Data:      images.BuiltIn, Batch: 256, Rate: 0.1, WeightDecay: 1e-4,
	}},
	model: "resnet-50", accumulate: 8, optimizer: sgd, schedule: step, warmUp: 5, milestones: []int{125, 200, 250},
	smoothing: 0.1, crop: 0.08, flip: true, searchTrain: 80000, searchValid: 5000,
}

var paperEfficientNet = func() config {
	c := paper
	c.model = "efficientnet-b0"
	c.Epochs, c.optimizer, c.schedule, c.Rate, c.milestones = 350, rmsprop, exponential, 0.016, nil
	c.WeightDecay, c.ema = 1e-5, 0.9999
	return c
}()

// Learning rates are those that suit short trainings.
var study = func() config {
	c := paper
	c.model, c.channels, c.pixels, c.resize = "resnet-18", 32, 96, 96
	c.Epochs, c.Batch, c.accumulate, c.schedule, c.Rate, c.warmUp, c.milestones = 40, 64, 1, cosine, 0.4, 2, nil
	c.WeightDecay, c.crop, c.Seeds = 5e-4, 0.35, 3
	c.searchTrain, c.searchValid, c.SearchEpochs, c.Trials = 0, 0, 10, 60
	return c
}()

// quick has few and small images, many with wrong labels, which a small network learns by
// heart. The search begins with the hand-made rows, and trains what the table has. A
// network trained as briefly learns nothing from cropped images.
var quick = func() config {
	c := study
	c.Methods = []string{"none", "dropout", "dropblock", "autodropout", "randaugment", "autodropout-randaugment"}
	c.Algorithm, c.Space, c.Start, c.TrialSeeds = string(controller.Evolution), experiment.Wide, experiment.ByBest, 1
	c.Scenes, c.TrainSize, c.TestSize, c.pixels, c.resize, c.channels = images.Plain, 1500, 1000, 32, 32, 16
	c.Epochs, c.Batch, c.Rate, c.warmUp, c.Seeds, c.crop, c.flip = 16, 32, 0.4, 1, 2, 0, false
	c.Dropout, c.SpatialDropout, c.DropBlock, c.DropBlockSize, c.StochasticDepth = 0.2, 0.05, 0.9, 3, 0.9
	c.searchTrain, c.searchValid, c.searchChannels, c.SearchEpochs, c.Trials, c.InFlight = 1000, 500, c.channels, c.Epochs, 8, 2
	return c
}()

// Table implements [images.Benchmark].
func (c *config) Table() []experiment.Row {
	rows := []experiment.Row{{Key: "none", Title: "none", Paper: c.published(76.5, 0, "without it")}}
	rows = append(rows, c.Baselines.Table()...)
	rows = append(rows, images.Found("", c.published(78.7, 77.5, "pattern found on 80,000 images"))...)
	const autoDropout = "autodropout"
	return append(rows,
		experiment.Row{Key: "randaugment", Title: "RandAugment", Network: experiment.Varied},
		experiment.Row{Key: autoDropout + "-randaugment", Title: "AutoDropout + RandAugment", Kind: sheet.Learned, Shares: autoDropout,
			Network: experiment.Varied, Paper: c.published(80.3, 0, "pattern found on 80,000 images")},
	)
}

// published returns the paper's accuracy with ResNet-50 or EfficientNet-B0,
// whichever is closer to the model; 0 is none.
func (c *config) published(resNet, efficientNet float64, how string) *runfolder.Paper {
	switch {
	case c.isResNet() && resNet > 0:
		return &runfolder.Paper{Value: resNet, Setting: "ResNet-50 on ImageNet, " + how}
	case !c.isResNet() && efficientNet > 0:
		return &runfolder.Paper{Value: efficientNet, Setting: "EfficientNet-B0 on ImageNet, " + how}
	}
	return nil
}
