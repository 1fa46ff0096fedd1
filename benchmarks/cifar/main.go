// Command cifar reproduces the CIFAR-10 rows of the AutoDropout paper (Pham and
// Le, arXiv 2101.01761) at a scale of one's choice: it searches a dropout
// pattern with the controller and at random, trains a Wide ResNet with each and
// with every hand-made baseline, and prints the test errors beside the paper's
// number. Run it with -h for the flags.
package main

import (
	"context"
	"flag"
	"io"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/benchmarks/internal/usage"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/models"
	"autodropout/optim"
	"autodropout/train"
)

func main() { cli.Main(run) }

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return images.Run(ctx, &command, func(c config) images.Benchmark { return &c }, args, stdout, stderr)
}

// config holds the settings of a run.
type config struct {
	images.Supervised
	validSize int // 0: a tenth of the training images
	pixels    int // side; 0: as they are
	augment   bool

	recipe   string // of how networks are made and trained
	channels []int  // of a FastNet's blocks

	depth, width, searchDepth, searchWidth int
}

// The recipes.
const (
	wideResNet = "wrn"
	fastNet    = "fast"
	fastNet96  = "fast96"
)

var command = cli.Command[config]{
	Name: "cifar",
	Summary: `
Searches dropout patterns for a Wide ResNet on CIFAR-10. Trains the network with the best patterns and with hand-made
dropout. Prints the test errors beside the AutoDropout paper's number.

  go run ./benchmarks/cifar                          the whole pipeline in a few minutes, on a built-in data set if there is no other
  go run ./benchmarks/cifar -data cifar10            download CIFAR-10 first
  go run ./benchmarks/cifar -pattern best.json       train with a pattern that was learned before
  go run ./benchmarks/cifar -resume -out runs/NAME   continue a run that was stopped

A search scores a pattern by the accuracy on held-out images: a tenth of the training images or, with -valid-size, images
that no row trains on. The test images are used once, for the final rows.`,
	Presets: []cli.Preset[config]{
		{Name: "quick", Help: "the full pipeline at toy scale, in minutes: a demonstration, not evidence", Config: quick},
		{Name: "study", Help: "2,000 images, where regularisation matters, WRN-10-1, tuned baselines, both algorithms and ablations: hours on a small machine", Config: study},
		{Name: "fast", Help: "94 % on CIFAR-10 in ten epochs, with the network and the recipe of Jordan: a quarter of an hour a seed on two fast cores", Config: fast},
		{Name: "fast96", Help: "96 % on CIFAR-10, with a wider and deeper network and 55 epochs on the harder half of the images: two and a half hours a seed on two fast cores", Config: fast96},
		{Name: "paper", Help: "the paper's scale: search on WRN-28-2, WRN-28-10 for 200 epochs; prints how long that takes", Config: paper},
	},
	Register: func(fs *flag.FlagSet, c *config) { c.register(fs) },
	Topics:   experiment.Topics,
	Free:     experiment.FreeFlags,
	Before:   experiment.Before,
}

func (c *config) register(fs *flag.FlagSet) {
	c.Supervised.Register(fs, c.Table(), images.Help{
		Data: images.SmallHelp, Rate: "the initial learning `rate`; it falls to 0 along a cosine", WeightDecay: "the weight decay `factor`",
		RandAugment: "how RandAugment varies training images; usually together with -cutout 16",
		Dropped:     "an element", PaperRandAugment: imaging.PaperRandAugment,
	})
	cli.Whole(fs, &c.validSize, "valid-size", 0, "score trials on at most this `number` of the images that -train-size leaves over, equally many of every class; 0: on a tenth of the training images, which searches hold out")
	images.PixelsFlag(fs, &c.pixels)
	fs.BoolVar(&c.augment, "augment", c.augment, "flip training images and shift them by up to 4 pixels, at random")
	cli.Choice(fs, &c.recipe, "recipe", []string{wideResNet, fastNet, fastNet96}, "the `recipe`: wrn, a Wide ResNet with a rate that falls along a cosine; or fast or fast96, small networks that learn in few epochs")
	cli.Wholes(fs, &c.channels, "channels", 1, "the `channels` of the three blocks of recipes fast and fast96, such as 64,256,256")
	cli.Whole(fs, &c.depth, "depth", 10, "the `depth` of the WRN: 10, 16, 22, 28, ...")
	cli.Whole(fs, &c.width, "width", 1, "the width `factor` of the WRN")
	cli.Whole(fs, &c.searchDepth, "search-depth", 10, "the `depth` of the networks of trials")
	cli.Whole(fs, &c.searchWidth, "search-width", 1, "the width `factor` of the networks of trials")
}

// Check implements [images.Benchmark].
func (c *config) Check() error {
	if c.validSize > 0 && c.TrainSize == 0 {
		return usage.Errorf("-valid-size %d needs -train-size, to leave as many images", c.validSize)
	}
	if c.recipe != wideResNet {
		return c.checkFast()
	}
	return nil
}

// About implements [images.Benchmark].
func (c *config) About() experiment.About {
	return experiment.About{Name: "cifar", Task: "image classification", Split: "test"}
}

// Open implements [images.Benchmark].
func (c *config) Open(ctx context.Context, stderr io.Writer) (images.Images, error) {
	return images.OpenSmall(ctx, &c.Settings, c.validSize, c.pixels, stderr)
}

// Divide implements [images.Benchmark].
func (c *config) Divide(fit, rest, test data.Source, search bool) (final, child images.Sets, err error) {
	final = images.Sets{Fit: fit, Score: test, Valid: rest}
	const heldOut = 0.1
	switch {
	case !search:
	case c.validSize == 0 || rest == nil:
		child.Fit, child.Score, err = data.HoldOut(fit, uint64(c.Seed), heldOut)
	default:
		child.Fit = fit
		child.Score, _, err = images.AtMost(rest, c.validSize, "-valid-size")
	}
	return final, child, err
}

// Model implements [images.Benchmark].
func (c *config) Model(n experiment.Network, classes int, seed uint64) (images.Model, error) {
	if c.recipe != wideResNet {
		return c.fastModel(n, classes, seed)
	}
	network := models.WRNConfig{Depth: c.depth, Width: c.width, Classes: classes, Seed: seed}
	if n == experiment.Child {
		network.Depth, network.Width = c.searchDepth, c.searchWidth
	}
	return models.NewWRN(network)
}

// Train implements [images.Benchmark].
func (c *config) Train(n experiment.Network, model images.Model, sets images.Sets, steps int, common train.Common) (*train.Loop, images.Scorer, error) {
	if fast, ok := model.(*models.FastNet); ok {
		return c.trainFast(n, fast, sets, steps, common)
	}
	augment := data.Augment{}
	if c.augment {
		augment = data.StandardAugment()
	}
	augment.Cutout, augment.RandAugment = c.Cutout, c.RandAugment
	common.Optimizer = optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: float32(c.Momentum), Nesterov: c.Momentum > 0, WeightDecay: float32(c.WeightDecay)})
	if common.Schedule == nil {
		common.Schedule = optim.Cosine(float32(c.Rate), steps)
	}
	common.ClipNorm = float32(c.Clip)
	return c.Loop(n, model, sets, train.Config{Augment: augment, Common: common})
}
