// Command imagenet reproduces the ImageNet rows of the AutoDropout paper (Pham
// and Le, arXiv 2101.01761) at a scale of one's choice: it searches a dropout
// pattern with the controller and at random, trains a ResNet or an EfficientNet
// with each and with every hand-made baseline, and prints the accuracies beside
// the paper's numbers. Run it with -h for the flags.
package main

import (
	"cmp"
	"context"
	"flag"
	"io"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/models"
)

func main() { cli.Main(run) }

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return images.Run(ctx, &command, func(c config) images.Benchmark { return &c }, args, stdout, stderr)
}

// config holds the settings of a run.
type config struct {
	images.Supervised
	pixels, resize int // 0: the model's, and 8/7 of pixels

	model    string
	channels int // 0: the published number

	accumulate          int
	optimizer, schedule string
	warmUp              int   // epochs
	milestones          []int // epochs
	smoothing, ema      float64
	crop                float64
	flip                bool

	searchTrain, searchValid int // 0: nine tenths and one tenth
	searchChannels           int // 0: half
}

var command = cli.Command[config]{
	Name: "imagenet",
	Summary: `
Searches dropout patterns for ResNets and EfficientNets on photographs in ImageNet's layout. Trains the network with the
best patterns and with hand-made dropout. Prints the accuracies beside the AutoDropout paper's numbers.

  go run ./benchmarks/imagenet                              the whole pipeline in a few minutes, on a built-in data set
  go run ./benchmarks/imagenet -data DIR                    on the photographs in DIR/train/CLASS and DIR/val/CLASS
  go run ./benchmarks/imagenet -preset paper -data DIR      the recipe of ResNet-50; paper-efficientnet has EfficientNet-B0's
  go run ./benchmarks/imagenet -pattern best.json           train with a pattern that was learned before
  go run ./benchmarks/imagenet -resume -out runs/NAME       continue a run that was stopped

A search scores a pattern by the accuracy on held-out training images. The images in val are used once, for the final
rows. Images that cannot be decoded are left out, counted and listed.`,
	Presets: []cli.Preset[config]{
		{Name: "quick", Help: "the full pipeline at toy scale, in minutes: a demonstration, not evidence", Config: quick},
		{Name: "study", Help: "ResNet-18 of 32 channels on 96x96 pixels, for ten classes such as Imagenette's: about a day on a small machine", Config: study},
		{Name: "paper", Help: "ResNet-50 on ImageNet for 270 epochs; prints how long that takes", Config: paper},
		{Name: "paper-efficientnet", Help: "EfficientNet-B0 on ImageNet for 350 epochs, with RMSProp", Config: paperEfficientNet},
	},
	Register: func(fs *flag.FlagSet, c *config) { c.register(fs) },
	Topics:   experiment.Topics,
	Free:     experiment.FreeFlags,
	Before:   experiment.Before,
}

func (c *config) register(fs *flag.FlagSet) {
	c.Supervised.Register(fs, c.Table(), images.Help{
		Photos: true, Data: "synthetic (drawn images of 64x64 pixels), or a `folder` with train/CLASS/*.JPEG and val/CLASS/*.JPEG (or .jpg, .png, .webp, .gif, .bmp, .tif, .ppm)",
		Rate: "the learning `rate` for batches of 256 images; for others it is in proportion", WeightDecay: "the weight decay `factor`, except of biases and normalisations",
		RandAugment: "how training images are varied by RandAugment in all rows", Dropped: "an input of the classifier", PaperRandAugment: paperRandAugment,
	})
	cli.Whole(fs, &c.pixels, "pixels", 0, "the side in `pixels` of the squares that the network sees; 0: the size that the model was designed for")
	cli.Whole(fs, &c.resize, "resize", 0, "for scoring, resize the shorter side to this many `pixels` before the middle is cut out; 0: 8/7 of -pixels")
	cli.Choice(fs, &c.model, "model", models.PhotographNames, "the `name` of the network")
	cli.Whole(fs, &c.channels, "channels", 0, "the `number` of channels after the first convolution, of an EfficientNet that of B0, which the larger ones multiply; all other widths are in proportion. 0: the published number")
	cli.Whole(fs, &c.accumulate, "accumulate", 1, "to save memory, compute a batch in this `number` of parts, one after another; each part has its own batch statistics")
	cli.Choice(fs, &c.optimizer, "optimizer", []string{sgd, rmsprop}, "`sgd or rmsprop`, both with -momentum")
	cli.Choice(fs, &c.schedule, "schedule", []string{cosine, step, exponential}, "how the learning rate falls: `cosine`, to 0; step, to a tenth at each of the milestones; exponential, by 3 % every 2.4 epochs")
	cli.Whole(fs, &c.warmUp, "warm-up", 0, "the `number` of epochs of warm-up, in which the learning rate grows")
	cli.Wholes(fs, &c.milestones, "milestones", 1, "the `epochs` after which the schedule step lowers the learning rate")
	cli.Share(fs, &c.smoothing, "smoothing", "label smoothing: the `share` of a label that is spread evenly over all classes")
	cli.Share(fs, &c.ema, "ema", "score a moving average of weights and batch statistics with this `decay`; 0: no average")
	fs.Float64Var(&c.crop, "crop", c.crop, "train on a random crop with at least this `share` of an image's area; 0: on the middle")
	fs.BoolVar(&c.flip, "flip", c.flip, "mirror half of the training images")
	cli.Whole(fs, &c.searchTrain, "search-train", 0, "a search trains on at most this `number` of training images, equally many of every class; 0: all that it does not hold out")
	cli.Whole(fs, &c.searchValid, "search-valid", 0, "a search holds out at most this `number` of training images, equally many of every class; 0: a tenth")
	cli.Whole(fs, &c.searchChannels, "search-channels", 0, "-channels of the networks that a search trains, a `number`; 0: half as many as the final network has")
}

// Check implements [images.Benchmark]. It replaces zeros that stand for other values.
func (c *config) Check() error {
	switch {
	case !(c.crop >= 0 && c.crop <= 1):
		return usage.Errorf("-crop %v must be from 0 to 1", c.crop)
	case c.accumulate > c.Batch:
		return usage.Errorf("-accumulate %d is more than -batch %d: a part has at least one image", c.accumulate, c.Batch)
	case c.schedule == step && len(c.milestones) == 0:
		return usage.Errorf("-schedule step needs -milestones, the epochs at which the rate falls")
	}
	model, err := models.NewPhotographic(c.model, 1, 1, 0)
	if err != nil {
		return usage.Errorf("%v", err)
	}
	c.pixels = cmp.Or(c.pixels, model.Pixels())
	if c.resize == 0 {
		c.resize = data.ShorterSide(c.pixels)
	}
	if c.resize < c.pixels {
		return usage.Errorf("-resize %d is less than -pixels %d: no square can be cut out", c.resize, c.pixels)
	}
	return nil
}

// About implements [images.Benchmark].
func (c *config) About() experiment.About {
	return experiment.About{Name: "imagenet", Task: "image classification", Split: "validation", Higher: true,
		Side:  56, // for 224 pixels
		Trial: controller.Task{Pixels: c.pixels}}
}

// Open implements [images.Benchmark].
func (c *config) Open(ctx context.Context, _ io.Writer) (images.Images, error) {
	return images.OpenPhotos(ctx, &c.Settings)
}

// Divide implements [images.Benchmark].
func (c *config) Divide(fit, rest, test data.Source, search bool) (final, child images.Sets, err error) {
	filter := imaging.Bilinear
	if !c.isResNet() {
		filter = imaging.Bicubic // as EfficientNet's authors do
	}
	if final.Fit, err = data.Resized(fit, c.pixels, c.resize, filter); err != nil {
		return final, child, err
	}
	if rest != nil {
		if final.Valid, err = data.Resized(rest, c.pixels, c.resize, filter); err != nil {
			return final, child, err
		}
	}
	if final.Score, err = data.Resized(test, c.pixels, c.resize, filter); err != nil || !search {
		return final, child, err
	}
	base := uint64(c.Seed)
	if c.searchValid == 0 {
		const heldOut = 0.1
		child.Fit, child.Score, err = data.HoldOut(final.Fit, base, heldOut)
	} else {
		const half = 0.5 // the other half is trained on
		child.Score, child.Fit, err = images.Take(final.Fit, base, c.searchValid, half, "-search-valid")
	}
	if err == nil && c.searchTrain > 0 {
		child.Fit, _, err = images.Take(child.Fit, base, c.searchTrain, 1, "-search-train")
	}
	return final, child, err
}
