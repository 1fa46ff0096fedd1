package main

import (
	"flag"
	"math"
	"strings"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/data/imaging"
	"autodropout/dropout"
)

// config holds the settings of a run.
type config struct {
	experiment.Plan
	experiment.Baselines
	data                string
	trainSize, testSize int // 0: all
	pixels, resize      int // 0: the model's, and 8/7 of pixels

	model    string
	channels int // 0: the published number

	epochs, batch, accumulate int
	optimizer, schedule       string
	rate                      float64 // for a batch of 256
	warmUp                    int     // epochs
	milestones                []int   // epochs
	weightDecay, clip         float64
	smoothing, ema            float64
	crop                      float64
	flip                      bool
	cutout                    int
	randAugment               imaging.RandAugment

	searchTrain, searchValid     int // 0: nine tenths and one tenth
	searchChannels, searchEpochs int // 0 channels: half
}

// Optimizers and schedules.
const (
	sgd         = "sgd"
	rmsprop     = "rmsprop"
	cosine      = "cosine"
	step        = "step"
	exponential = "exponential"
)

const builtIn = "builtin" // the data that needs no files

var command = cli.Command[config]{
	Name: "imagenet",
	Summary: `
Searches dropout patterns for ResNets and EfficientNets on photographs in ImageNet's layout, with the controller and at
random, trains the network with the best ones and with hand-made baselines, and prints the accuracies beside the
AutoDropout paper's numbers.

  go run ./benchmarks/imagenet                              the whole pipeline in a few minutes, on a built-in data set
  go run ./benchmarks/imagenet -data DIR                    on the photographs in DIR/train/CLASS and DIR/val/CLASS
  go run ./benchmarks/imagenet -preset paper -data DIR      the recipe of ResNet-50; paper-efficientnet has EfficientNet-B0's
  go run ./benchmarks/imagenet -pattern best.json           train with a pattern that was learned before
  go run ./benchmarks/imagenet -resume -out runs/NAME       continue a run that was stopped

A search scores a pattern by the accuracy on training images, held out; the images in val are used once, for the final
rows. Images that cannot be decoded are left out, counted and listed.`,
	Presets: []cli.Preset[config]{
		{Name: "quick", Help: "the full pipeline at toy scale, in minutes: a demonstration, not evidence", Config: quick},
		{Name: "study", Help: "ResNet-18 of 32 channels on 96x96 pixels: on ten classes such as Imagenette's about a day on a small machine", Config: study},
		{Name: "paper", Help: "ResNet-50 on ImageNet for 270 epochs; prints how long that takes", Config: paper},
		{Name: "paper-efficientnet", Help: "EfficientNet-B0 on ImageNet for 350 epochs, with RMSProp", Config: paperEfficientNet},
	},
	Register: register,
	Free:     experiment.FreeFlags,
}

// ResNet-50 is trained as the DropBlock paper did. The number of trials and the
// length of a child's training were not published: they are choices of this
// program. So is the number of parts of a batch, for memory.
var paper = config{
	Plan: experiment.Plan{Methods: experiment.Keys(new(config).table()), Seeds: 1, Trials: 500, InFlight: 8, Algorithm: string(controller.Reinforce)},
	data: builtIn, model: "resnet-50",
	epochs: 270, batch: 256, accumulate: 8, optimizer: sgd, schedule: step, rate: 0.1, warmUp: 5, milestones: []int{125, 200, 250},
	weightDecay: 1e-4, smoothing: 0.1, crop: 0.08, flip: true,
	searchTrain: 80000, searchValid: 5000, searchEpochs: 30,
	Baselines: experiment.Baselines{Dropout: 0.2, SpatialDropout: 0.1, DropBlock: 0.9, DropBlockSize: 7, StochasticDepth: 0.8},
}

var paperEfficientNet = func() config {
	c := paper
	c.model = "efficientnet-b0"
	c.epochs, c.optimizer, c.schedule, c.rate, c.milestones = 350, rmsprop, exponential, 0.016, nil
	c.weightDecay, c.ema = 1e-5, 0.9999
	return c
}()

// Learning rates are those that suit short trainings.
var study = func() config {
	c := paper
	c.model, c.channels, c.pixels, c.resize = "resnet-18", 32, 96, 96
	c.epochs, c.batch, c.accumulate, c.schedule, c.rate, c.warmUp, c.milestones = 40, 64, 1, cosine, 0.4, 2, nil
	c.weightDecay, c.crop, c.Seeds = 5e-4, 0.35, 3
	c.searchTrain, c.searchValid, c.searchEpochs, c.Trials = 0, 0, 10, 60
	return c
}()

// A network as small as quick's, trained as briefly, learns nothing with the
// baselines' published rates or from cropped images.
var quick = func() config {
	c := study
	c.trainSize, c.testSize, c.pixels, c.resize, c.channels = 2000, 1000, 64, 64, 16
	c.epochs, c.batch, c.rate, c.warmUp, c.Seeds, c.crop, c.flip = 10, 32, 0.4, 1, 1, 0, false
	c.Dropout, c.SpatialDropout, c.DropBlock, c.StochasticDepth = 0.1, 0.02, 0.97, 0.95
	c.searchEpochs, c.Trials, c.InFlight = 3, 8, 4
	return c
}()

func register(fs *flag.FlagSet, c *config) {
	c.Plan.Register(fs, c.table())
	fs.StringVar(&c.data, "data", c.data, "builtin, or a `folder` with train/CLASS/*.JPEG and val/CLASS/*.JPEG (or .jpg, .png, .webp, .gif, .bmp, .tif, .ppm)")
	cli.Whole(fs, &c.trainSize, "train-size", 0, "at most this `number` of training images is used, the same of every class; 0 is all")
	cli.Whole(fs, &c.testSize, "test-size", 0, "at most this `number` of validation images is used, the same of every class; 0 is all")
	cli.Whole(fs, &c.pixels, "pixels", 0, "the height and width in `pixels` of what the network sees; 0 is what the model was made for")
	cli.Whole(fs, &c.resize, "resize", 0, "the length in `pixels` that the shorter side is resized to before the middle is cut out, for scoring; 0 is 8/7 of -pixels")

	cli.Choice(fs, &c.model, "model", modelNames, "the `name` of the network: resnet-18, -34, -50, -101, efficientnet-b0 to -b7")
	cli.Whole(fs, &c.channels, "channels", 0, "the `number` of channels after the first convolution, which every width follows; 0 is the published one")

	cli.Whole(fs, &c.epochs, "epochs", 1, "the `number` of epochs of a final training")
	cli.Whole(fs, &c.batch, "batch", 1, "the `number` of images in a batch")
	cli.Whole(fs, &c.accumulate, "accumulate", 1, "the `number` of parts of a batch that are computed one after another, to save memory; each has its own batch statistics")
	cli.Choice(fs, &c.optimizer, "optimizer", []string{sgd, rmsprop}, "`sgd or rmsprop`, both with momentum 0.9")
	cli.Choice(fs, &c.schedule, "schedule", []string{cosine, step, exponential}, "how the learning rate falls: `cosine`, to 0; step, to a tenth at each of the milestones; exponential, by 3 % every 2.4 epochs")
	fs.Float64Var(&c.rate, "rate", c.rate, "the learning `rate` for batches of 256 images; for others it is in proportion")
	cli.Whole(fs, &c.warmUp, "warm-up", 0, "the `number` of epochs in which the learning rate grows at first")
	cli.Wholes(fs, &c.milestones, "milestones", 1, "the `epochs` after which the schedule step lowers the learning rate")
	fs.Float64Var(&c.weightDecay, "weight-decay", c.weightDecay, "the weight decay `factor`, except of biases and normalisations")
	fs.Float64Var(&c.clip, "clip", c.clip, "the global `norm` that gradients are clipped to; 0 is no clipping")
	fs.Float64Var(&c.smoothing, "smoothing", c.smoothing, "the `share` of a label that goes to all classes alike")
	fs.Float64Var(&c.ema, "ema", c.ema, "the `decay` of the moving average of weights and batch statistics that is scored; 0 is none")
	fs.Float64Var(&c.crop, "crop", c.crop, "cut a random box with at least this `share` of the area out of training images; 0 takes the middle")
	fs.BoolVar(&c.flip, "flip", c.flip, "mirror half of the training images")
	cli.Whole(fs, &c.cutout, "cutout", 0, "the side in `pixels` of the square that is cut out of training images; 0 is none")
	cli.RandAugment(fs, &c.randAugment, "randaugment", imageNetRandAugment, "how training images are varied by RandAugment in all rows")

	cli.Whole(fs, &c.searchTrain, "search-train", 0, "at most this `number` of training images is what a search trains on, the same of every class; 0 is all that it does not hold out")
	cli.Whole(fs, &c.searchValid, "search-valid", 0, "at most this `number` of training images is held out by a search, the same of every class; 0 is a tenth")
	cli.Whole(fs, &c.searchChannels, "search-channels", 0, "the `number` of channels, as -channels, of the networks that a search trains; 0 is half of those of the final one")
	cli.Whole(fs, &c.searchEpochs, "search-epochs", 1, "the `number` of epochs for which a search trains a network")

	c.Baselines.Register(fs, "an input of the classifier")
}

// The RandAugment paper's setting for ResNet-50.
var imageNetRandAugment = imaging.RandAugment{Operations: 2, Magnitude: 9}

// check returns the dropout sites of the network, and what is wrong with the
// settings beyond the single flag. It replaces zeros that stand for other values.
func (c *config) check() ([]dropout.Site, error) {
	switch {
	case !(c.rate > 0):
		return nil, usage.Errorf("-rate %v is not a learning rate: it must be above 0", c.rate)
	case !(c.weightDecay >= 0):
		return nil, usage.Errorf("-weight-decay %v must not be negative", c.weightDecay)
	case !(c.clip >= 0):
		return nil, usage.Errorf("-clip %v must not be negative", c.clip)
	case !(c.smoothing >= 0 && c.smoothing < 1):
		return nil, usage.Errorf("-smoothing %v must be at least 0 and below 1", c.smoothing)
	case !(c.ema >= 0 && c.ema < 1):
		return nil, usage.Errorf("-ema %v must be at least 0 and below 1", c.ema)
	case !(c.crop >= 0 && c.crop <= 1):
		return nil, usage.Errorf("-crop %v must be from 0 to 1", c.crop)
	case c.accumulate > c.batch:
		return nil, usage.Errorf("-accumulate %d is more than -batch %d: a part has at least one image", c.accumulate, c.batch)
	case c.schedule == step && len(c.milestones) == 0:
		return nil, usage.Errorf("-schedule step needs -milestones")
	}
	model, pixels, err := c.network(c.channels, 1, 0)
	if err != nil {
		return nil, usage.Errorf("%v", err)
	}
	if c.pixels == 0 {
		c.pixels = pixels
	}
	if c.resize == 0 {
		c.resize = int(math.Round(float64(c.pixels) * 256 / 224))
	}
	if c.resize < c.pixels {
		return nil, usage.Errorf("-resize %d is less than -pixels %d: no square can be cut out", c.resize, c.pixels)
	}
	return model.Sites(), experiment.CheckPolicies(c.Rows(c.table()), model.Sites())
}

// isResNet tells the two families apart.
func (c *config) isResNet() bool { return strings.HasPrefix(c.model, "resnet") }
