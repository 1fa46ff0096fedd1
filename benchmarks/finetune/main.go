// Command finetune trains a network for photographs further that was trained before, elsewhere or here, on
// classes of one's own: with a new classifier, lower rates for earlier layers, and layers that stay as they
// are. Its table has hand-made dropout and patterns as rows, as that of every benchmark. Run it with -h
// for the flags; -export prepares what a run has trained for serving.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"slices"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/dropout"
	"autodropout/models"
	"autodropout/optim"
	"autodropout/train"
)

func main() { cli.Main(run) }

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && (args[0] == "-export" || args[0] == "--export") {
		return cli.ExitCode(export(ctx, args[1:], stdout), "finetune", stderr)
	}
	return images.Run(ctx, &command, func(c config) images.Benchmark { return &c }, args, stdout, stderr)
}

// config holds the settings of a run.
type config struct {
	images.Supervised

	model          string
	channels       int // 0: the published number
	weights        string
	pixels, resize int // 0: the model's, and 8/7 of pixels

	headRate, layerDecay float64
	freeze               int // groups of layers
	smoothing, crop      float64
	flip                 bool
}

var command = cli.Command[config]{
	Name: "finetune",
	Summary: `
Fine-tunes a network for photographs on your own classes, with hand-made dropout and with patterns, and prints the table.

  go run ./benchmarks/finetune -weights resnet50.safetensors -data pets      pets/train/CLASS and pets/val/CLASS
  go run ./benchmarks/finetune -export runs/NAME served                      the best network, prepared for doc/server

The weights may come from torchvision, from timm or from a network trained here; -model and -channels name the network.
With -model onnx it is that of the file itself, as PyTorch exports it.
The classifier is new. Layers near the images learn more slowly than later ones, or not at all (-freeze).`,
	Presets: []cli.Preset[config]{
		{Name: "quick", Help: "a few epochs on small photographs", Config: quick},
		{Name: "full", Help: "photographs of the size that the network was designed for, three seeds", Config: full},
	},
	Register: func(fs *flag.FlagSet, c *config) { c.register(fs) },
	Topics:   experiment.Topics,
	Free:     experiment.FreeFlags,
	Before:   experiment.Before,
}

// Rates are those of AdamW.
var full = config{
	Supervised: images.Supervised{Epochs: 15, SearchEpochs: 5, Settings: images.Settings{
		Plan:      experiment.Plan{Methods: []string{"none", "dropout", "dropblock"}, Seeds: 3, Trials: 20, InFlight: 2, Algorithm: string(experiment.Algorithm), StartShare: dropout.MildConv},
		Baselines: experiment.Baselines{Dropout: 0.2, SpatialDropout: 0.02, DropBlock: 0.95, DropBlockSize: 3, StochasticDepth: 0.9},
		Data:      images.BuiltIn, Batch: 32, Rate: 5e-4, WeightDecay: 0.05, Clip: 1,
	}},
	model: "resnet-50", headRate: 5, layerDecay: 0.7, smoothing: 0.1, crop: 0.35, flip: true,
}

var quick = func() config {
	c := full
	c.model, c.pixels, c.Epochs, c.SearchEpochs, c.Seeds = "resnet-18", 96, 5, 2, 2
	return c
}()

func (c *config) register(fs *flag.FlagSet) {
	c.Supervised.Register(fs, c.Table(), images.Help{
		Photos: true, Data: "synthetic (drawn images of 64x64 pixels), or a `folder` with train/CLASS/*.JPEG and val/CLASS/*.JPEG (or .jpg, .png, .webp, .gif, .bmp, .tif, .ppm)",
		Rate: "the learning `rate` of the last layers before the classifier; it falls along a cosine", WeightDecay: "the weight decay `factor`, except of biases and normalisations",
		RandAugment: "how training images are varied by RandAugment in all rows", Dropped: "an input of the classifier", PaperRandAugment: imaging.RandAugment{Operations: 2, Magnitude: 9},
	})
	fs.StringVar(&c.weights, "weights", c.weights, "the `file` with the weights to start from (.safetensors, .pt, .pth, .npz, .onnx)")
	cli.Choice(fs, &c.model, "model", append(slices.Clone(models.PhotographNames), fromFile), "the `name` of the network: resnet-18, -34, -50, -101, efficientnet-b0 to -b7; onnx: the network of -weights, a file of ONNX, itself")
	cli.Whole(fs, &c.channels, "channels", 0, "the `number` of channels after the first convolution, of an EfficientNet that of B0, which the larger ones multiply; all other widths are in proportion. 0: the published number")
	cli.Whole(fs, &c.pixels, "pixels", 0, "the side in `pixels` of the squares that the network sees; 0: the size that the model was designed for")
	cli.Whole(fs, &c.resize, "resize", 0, "for scoring, resize the shorter side to this many `pixels` before the middle is cut out; 0: 8/7 of -pixels")
	cli.Above0(fs, &c.headRate, "head-rate", "the new classifier learns with -rate times this `factor`")
	cli.Above0(fs, &c.layerDecay, "layer-decay", "each stage of layers learns with the rate of the next one times this `factor`; 1: all with the same rate")
	cli.Whole(fs, &c.freeze, "freeze", 0, "freeze the weights of this `number` of stages, counted from the images; the first layers count as one stage. Their normalisations still follow the batches")
	cli.Share(fs, &c.smoothing, "smoothing", "label smoothing: the `share` of a label that is spread evenly over all classes")
	fs.Float64Var(&c.crop, "crop", c.crop, "train on a random crop with at least this `share` of an image's area; 0: on the middle")
	fs.BoolVar(&c.flip, "flip", c.flip, "mirror half of the training images")
}

// Table implements [images.Benchmark].
func (c *config) Table() []experiment.Row {
	rows := append([]experiment.Row{{Key: "none", Title: "none"}}, c.Baselines.Table()...)
	return append(rows, images.Found("", nil)...)
}

// Check implements [images.Benchmark]. It replaces zeros that stand for other values.
func (c *config) Check() error {
	if !(c.crop >= 0 && c.crop <= 1) {
		return usage.Errorf("-crop %v must be from 0 to 1", c.crop)
	}
	if float32(c.Momentum) == 0 {
		return usage.Errorf("-momentum %v is too small for AdamW, whose beta1 it is: give a number above 0 and below 1, such as 0.9", c.Momentum)
	}
	if c.weights == "" {
		return usage.Errorf("-weights FILE is missing: the weights of the network to go on with")
	}
	model, err := c.network(1, 0)
	if err != nil {
		return usage.Errorf("%v", err)
	}
	if groups := stages(model); c.freeze >= groups {
		return usage.Errorf("-freeze %d leaves nothing but the classifier to train: %v has %d stages, freeze at most %d", c.freeze, model, groups, groups-1)
	}
	c.pixels = cmp.Or(c.pixels, model.Pixels())
	if c.resize == 0 {
		c.resize = data.ShorterSide(c.pixels)
	}
	if c.resize < c.pixels {
		return usage.Errorf("-resize %d is less than -pixels %d: no square can be cut out", c.resize, c.pixels)
	}
	_, err = c.Model(experiment.Final, 1, 0)
	return err
}

// About implements [images.Benchmark].
func (c *config) About() experiment.About {
	return experiment.About{Name: "finetune", Task: "image classification, fine-tuned", Split: "validation", Higher: true, Side: c.pixels / 4, Trial: controller.Task{Pixels: c.pixels}}
}

// Open implements [images.Benchmark].
func (c *config) Open(ctx context.Context, stderr io.Writer) (images.Images, error) {
	if c.model == fromFile {
		m, err := importNetwork(c.weights, c.pixels, 1, 0)
		if err != nil {
			return images.Images{}, err
		}
		fmt.Fprintf(stderr, "%s has stages of %v blocks.\n", m, m.Blocks())
		for _, note := range m.body.Notes() {
			fmt.Fprintln(stderr, note+".")
		}
	}
	found, err := images.OpenPhotos(ctx, &c.Settings)
	if err != nil {
		return found, err
	}
	found.Start, err = c.checksum()
	return found, err
}

// Divide implements [images.Benchmark].
func (c *config) Divide(fit, rest, test data.Source, search bool) (final, child images.Sets, err error) {
	if final.Fit, err = data.Resized(fit, c.pixels, c.resize, c.filter()); err != nil {
		return final, child, err
	}
	if rest != nil {
		if final.Valid, err = data.Resized(rest, c.pixels, c.resize, c.filter()); err != nil {
			return final, child, err
		}
	}
	if final.Score, err = data.Resized(test, c.pixels, c.resize, c.filter()); err != nil || !search {
		return final, child, err
	}
	const heldOut = 0.2
	child.Fit, child.Score, err = data.HoldOut(final.Fit, uint64(c.Seed), heldOut)
	return final, child, err
}

// optimizer returns AdamW, whose first moment decays by the momentum.
func (c *config) optimizer(model images.Model) optim.Optimizer {
	for _, p := range model.Params().All() {
		p.NoDecay = len(p.Shape()) == 1
	}
	return optim.NewAdam(model.Params(), optim.AdamConfig{Beta1: float32(c.Momentum), Decoupled: true, WeightDecay: float32(c.WeightDecay), Factor: c.factors(model)})
}

// Train implements [images.Benchmark].
func (c *config) Train(n experiment.Network, model images.Model, sets images.Sets, steps int, common train.Common) (*train.Loop, images.Scorer, error) {
	common.Optimizer = c.optimizer(model)
	if common.Schedule == nil {
		common.Schedule = optim.WarmUp(max(1, steps/20), optim.Cosine(float32(c.Rate), steps))
	}
	common.ClipNorm = float32(c.Clip)
	augment := data.Augment{Crop: c.crop, Flip: c.flip, Cutout: c.Cutout, RandAugment: c.RandAugment}
	return c.Loop(n, model, sets, train.Config{Smoothing: float32(c.smoothing), Augment: augment, Common: common})
}
