package fewlabels

import (
	"flag"
	"fmt"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/dropout"
)

// Config holds the settings of a run.
type Config struct {
	images.Settings
	Labels int // 0: a tenth of every class
	Pixels int // the side of the images; 0: as they are

	Depth, Width             int
	Steps, Ratio, Accumulate int
	Average                  float64
	Smoothing                float64
	Weight, Sure, Sharpening float64
	Annealing                string
	Augment                  data.Augment // of labelled and original images

	SearchDepth, SearchWidth, SearchSteps int
}

// Methods are the rows of a run unless others are asked for.
var Methods = []string{"supervised", "uda", "dropout", "dropblock", "random", "autodropout"}

// Plan is that of the paper's scale. The number of trials was not published.
var Plan = experiment.Plan{Methods: Methods, Seeds: 5, Trials: 500, InFlight: 8, Algorithm: string(experiment.Algorithm), StartShare: dropout.MildConv}

// Quick gives a preset the search of all quick ones: it begins with the hand-made rows.
// Of the built-in images a network learns the few labels by heart, and many are wrong.
func Quick(c *Config) {
	c.Methods = []string{"supervised", "uda", "dropout", "dropblock", "autodropout"}
	c.Algorithm, c.Space, c.Start, c.TrialSeeds = string(controller.Evolution), experiment.Wide, experiment.ByBest, 1
	c.Scenes, c.Seeds, c.Trials, c.InFlight = images.Plain, 2, 6, 2
}

// noAnnealing is what -annealing calls none.
const noAnnealing = "none"

func (b *Benchmark) command() *cli.Command[Config] {
	return &cli.Command[Config]{
		Name: b.Name,
		Summary: fmt.Sprintf(`
Trains a %[3]s on %[2]s with few labels by UDA: on the labelled images, and on all images without their labels. Searches
dropout patterns for it. Trains with the best patterns, with hand-made dropout, and on the labelled images alone. Prints
the scores beside the published ones.

  go run ./benchmarks/%[1]s
        the whole pipeline in minutes, on a built-in data set if there is no other
  go run ./benchmarks/%[1]s -pattern best.json
        train with a pattern that was learned before
  go run ./benchmarks/%[1]s -resume -out runs/NAME
        continue a run that was stopped

A search holds out a fifth of the labelled images, trains on the others and on the unlabelled images, and scores a pattern
by the accuracy on the held-out images. It sees no other label. The %[4]s images are used once, for the final rows.`, b.Name, b.Title, b.Network, b.Split),
		Presets: []cli.Preset[Config]{
			{Name: "quick", Help: "the full pipeline at toy scale, in minutes: a demonstration, not evidence", Config: b.Quick},
			{Name: "study", Help: "a small network, hours on a small machine", Config: b.Study},
			{Name: "paper", Help: "the published scale; prints how long that takes", Config: b.Paper},
		},
		Register: b.register,
		Topics:   experiment.Topics,
		Free:     experiment.FreeFlags,
		Before:   experiment.Before,
	}
}

func (b *Benchmark) register(fs *flag.FlagSet, c *Config) {
	c.Settings.Register(fs, (&subject{b, *c}).Table(), images.Help{
		Data: b.DataHelp, Batch: "the `number` of labelled images in a step",
		Rate: "the initial learning `rate`; it falls to a fifth along 7/16 of a cosine", WeightDecay: "the weight decay `factor`",
		Photos: b.Photos, Varied: "augmented images", RandAugment: "how `strongly` unlabelled images are augmented", Dropped: "an element", PaperRandAugment: imaging.PaperRandAugment,
	})
	cli.Whole(fs, &c.Labels, "labels", 0, "use the labels of at most this `number` of training images, equally many of every class; 0: a tenth of every class. -seed chooses them")
	if b.Photos {
		cli.Whole(fs, &c.Pixels, "pixels", 32, "the side of the images in `pixels`")
	} else {
		images.PixelsFlag(fs, &c.Pixels)
	}
	cli.Whole(fs, &c.Depth, "depth", 10, "the `depth` of the network")
	cli.Whole(fs, &c.Width, "width", 1, b.WidthHelp)
	cli.Whole(fs, &c.Steps, "training-steps", 1, "the `number` of steps of a final training")
	cli.Whole(fs, &c.Ratio, "ratio", 1, "the `number` of unlabelled images for each labelled one; the network sees each twice, original and augmented")
	cli.Whole(fs, &c.Accumulate, "accumulate", 1, "to save memory, compute a step in this `number` of parts, one after another; each part has its own batch statistics")
	cli.Share(fs, &c.Average, "ema", "score a moving average of the weights with this `decay`; 0: no average")
	cli.Share(fs, &c.Smoothing, "label-smoothing", "label smoothing: the `share` of a label that is spread evenly over all classes")
	cli.Above0(fs, &c.Weight, "weight", "the `weight` of the unlabelled images in the loss")
	cli.Share(fs, &c.Sure, "threshold", "an unlabelled image counts if the most probable class of its original exceeds this `probability`")
	cli.Above0(fs, &c.Sharpening, "temperature", "the `temperature` that divides the logits of originals: below 1 it sharpens the targets")
	cli.Choice(fs, &c.Annealing, "annealing", []string{noAnnealing, "linear", "log", "exp"}, "the `schedule` of training signal annealing: none, linear, log or exp. It leaves out labelled images that the network knows too well too early")
	cli.Whole(fs, &c.SearchDepth, "search-depth", 10, "the `depth` of the networks of trials")
	cli.Whole(fs, &c.SearchWidth, "search-width", 1, "the `width` of the networks of trials")
	cli.Whole(fs, &c.SearchSteps, "search-steps", 1, "the `number` of steps of a trial")
}
