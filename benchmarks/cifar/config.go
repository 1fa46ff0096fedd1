package main

import (
	"flag"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/data/imaging"
	"autodropout/dropout"
	"autodropout/models"
)

// config holds the settings of a run.
type config struct {
	experiment.Plan
	experiment.Baselines
	data                string
	trainSize, testSize int // 0: all
	validSize           int // 0: a tenth of the training images

	depth, width  int
	epochs, batch int
	rate          float64
	weightDecay   float64
	clip          float64
	augment       bool
	cutout        int
	randAugment   imaging.RandAugment

	searchDepth, searchWidth int
	searchEpochs             int
}

var command = cli.Command[config]{
	Name: "cifar",
	Summary: `
Searches dropout patterns for a Wide ResNet on CIFAR-10, with the controller and at random, trains the network with
the best ones and with hand-made baselines, and prints the test errors beside the AutoDropout paper's number.

  go run ./benchmarks/cifar                          the whole pipeline in a few minutes, on a built-in data set if there is no other
  go run ./benchmarks/cifar -data cifar10            download CIFAR-10 first
  go run ./benchmarks/cifar -pattern best.json       train with a pattern that was learned before
  go run ./benchmarks/cifar -resume -out runs/NAME   continue a run that was stopped

A search scores a pattern by the accuracy on training images that are held out, 10 % of them or, with -valid-size, some
that no row trains on; the test images are used once, for the final rows.`,
	Presets: []cli.Preset[config]{
		{Name: "quick", Help: "the full pipeline at toy scale, in minutes: a demonstration, not evidence", Config: quick},
		{Name: "study", Help: "2,000 images, where regularisation matters, WRN-10-1, tuned baselines, both algorithms and ablations: hours on a small machine", Config: study},
		{Name: "paper", Help: "the paper's scale: search on WRN-28-2, WRN-28-10 for 200 epochs; prints how long that takes", Config: paper},
	},
	Register: register,
	Free:     experiment.FreeFlags,
}

// The recipe is the usual one for WRNs on CIFAR-10; the rates of the baselines
// are those of their papers. The number of trials and the length of a child's
// training were not published: they are choices of this program.
var paper = config{
	Plan: experiment.Plan{Methods: methods, Seeds: 5, Trials: 500, InFlight: 8, Algorithm: string(controller.Reinforce)},
	data: "auto", depth: 28, width: 10, epochs: 200, batch: 128, rate: 0.1, weightDecay: 5e-4, clip: 5, augment: true,
	searchDepth: 28, searchWidth: 2, searchEpochs: 40,
	Baselines: experiment.Baselines{Dropout: 0.3, SpatialDropout: 0.1, DropBlock: 0.9, DropBlockSize: 7, StochasticDepth: 0.8},
}

// The study needs no stand-in for its network, and scores trials by so many images
// that chance has little to say.
var study = func() config {
	c := paper
	c.Methods, c.Tune, c.Finalists, c.InFlight = experiment.Keys(c.table()), true, 4, 2
	c.trainSize, c.validSize = 2000, 5000
	c.depth, c.width, c.epochs, c.batch, c.augment, c.DropBlockSize = 10, 1, 20, 50, false, 5
	c.searchDepth, c.searchWidth, c.searchEpochs, c.Trials = c.depth, c.width, c.epochs, 40
	return c
}()

// A network as small as quick's, trained as briefly, learns nothing with the
// baselines' published rates or from augmented images.
var quick = func() config {
	c := paper
	c.trainSize, c.testSize = 2000, 2000
	c.depth, c.width, c.epochs, c.batch, c.rate, c.Seeds, c.augment = 10, 1, 7, 32, 0.05, 2, false
	c.Dropout, c.SpatialDropout, c.DropBlock, c.StochasticDepth = 0.1, 0.02, 0.97, 0.95
	c.searchDepth, c.searchWidth, c.searchEpochs, c.Trials, c.InFlight = 10, 1, 3, 8, 4
	return c
}()

func register(fs *flag.FlagSet, c *config) {
	c.Plan.Register(fs, c.table())
	fs.StringVar(&c.data, "data", c.data, "auto (CIFAR-10 if it is in the cache, else the built-in set), synthetic (the built-in set), cifar10 (downloads it if need be), or a `path` to CIFAR-10 or -100 (archive or folder, binary or Python version), a .npz file, or a folder of Parquet files")
	cli.Whole(fs, &c.trainSize, "train-size", 0, "at most this `number` of training images is used, the same of every class; 0 is all")
	cli.Whole(fs, &c.validSize, "valid-size", 0, "at most this `number` of images, the same of every class, scores the trials, taken from those that -train-size leaves; 0 is a tenth of the training images, held out in a search")
	cli.Whole(fs, &c.testSize, "test-size", 0, "at most this `number` of test images is used, the same of every class; 0 is all")

	cli.Whole(fs, &c.depth, "depth", 10, "the `depth` of the WRN: 10, 16, 22, 28, ...")
	cli.Whole(fs, &c.width, "width", 1, "the width `factor` of the WRN")
	cli.Whole(fs, &c.epochs, "epochs", 1, "the `number` of epochs of a final training")
	cli.Whole(fs, &c.batch, "batch", 1, "the `number` of images in a batch")
	fs.Float64Var(&c.rate, "rate", c.rate, "the initial learning `rate`; it falls to 0 along a cosine")
	fs.Float64Var(&c.weightDecay, "weight-decay", c.weightDecay, "the weight decay `factor`")
	fs.Float64Var(&c.clip, "clip", c.clip, "the global `norm` that gradients are clipped to; 0 is no clipping")
	fs.BoolVar(&c.augment, "augment", c.augment, "flip training images and shift them by up to 4 pixels, at random")
	cli.Whole(fs, &c.cutout, "cutout", 0, "the side in `pixels` of the square that is cut out of training images; 0 is none")
	cli.RandAugment(fs, &c.randAugment, "randaugment", imaging.PaperRandAugment, "how training images are varied by RandAugment, which is usually joined by -cutout 16")

	cli.Whole(fs, &c.searchDepth, "search-depth", 10, "the `depth` of the networks that a search trains")
	cli.Whole(fs, &c.searchWidth, "search-width", 1, "the width `factor` of the networks that a search trains")
	cli.Whole(fs, &c.searchEpochs, "search-epochs", 1, "the `number` of epochs for which a search trains a network")

	c.Baselines.Register(fs, "an element")
}

// check returns the dropout sites of the network, and what is wrong with the
// settings beyond the single flag.
func (c *config) check() ([]dropout.Site, error) {
	switch {
	case !(c.rate > 0):
		return nil, usage.Errorf("-rate %v is not a learning rate: it must be above 0", c.rate)
	case !(c.weightDecay >= 0):
		return nil, usage.Errorf("-weight-decay %v must not be negative", c.weightDecay)
	case !(c.clip >= 0):
		return nil, usage.Errorf("-clip %v must not be negative", c.clip)
	}
	if c.validSize > 0 && c.trainSize == 0 {
		return nil, usage.Errorf("-valid-size %d needs -train-size, to leave as many images", c.validSize)
	}
	for _, size := range [][2]int{{c.depth, c.width}, {c.searchDepth, c.searchWidth}} {
		if (size[0]-4)%6 != 0 {
			return nil, usage.Errorf("a WRN has depth 10, 16, 22, 28, ... (6n+4), not %d", size[0])
		}
	}
	small, err := models.NewWRN(models.WRNConfig{Depth: c.depth, Width: 1, Classes: 1})
	if err != nil {
		return nil, usage.Errorf("%v", err)
	}
	return small.Sites(), experiment.CheckPolicies(c.Rows(c.table()), small.Sites())
}
