package fewlabels

import (
	"flag"
	"fmt"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/dropout"
)

// Config holds the settings of a run.
type Config struct {
	experiment.Plan
	experiment.Baselines
	Data                string
	TrainSize, TestSize int // 0: all
	Labels              int // 0: a tenth of every class
	Pixels              int // 0: there is no such flag

	Depth, Width             int
	Steps, Batch, Ratio      int
	Accumulate               int
	Rate, WeightDecay, Clip  float64
	Average                  float64
	Smoothing                float64
	Weight, Sure, Sharpening float64
	Annealing                string
	Augment                  data.Augment // of labelled and original images
	RandAugment              imaging.RandAugment
	Cutout                   int

	SearchDepth, SearchWidth, SearchSteps int
}

// Methods are the rows of a run unless others are asked for.
var Methods = []string{"supervised", "uda", "dropout", "dropblock", "random", "autodropout"}

// Plan is that of the paper's scale. The number of trials was not published.
var Plan = experiment.Plan{Methods: Methods, Seeds: 5, Trials: 500, InFlight: 8, Algorithm: string(controller.Reinforce)}

// noAnnealing is what -annealing calls none.
const noAnnealing = "none"

func (b *Benchmark) command() *cli.Command[Config] {
	return &cli.Command[Config]{
		Name: b.Name,
		Summary: fmt.Sprintf(`
Trains a %[3]s on %[2]s with few labels by UDA: on the labelled images, and on all images without their labels. Searches
dropout patterns for it with the controller and at random, trains with the best ones, with hand-made dropout, and on the
labelled images alone, and prints the scores beside the published ones.

  go run ./benchmarks/%[1]s
        the whole pipeline in minutes, on a built-in data set if there is no other
  go run ./benchmarks/%[1]s -pattern best.json
        train with a pattern that was learned before
  go run ./benchmarks/%[1]s -resume -out runs/NAME
        continue a run that was stopped

A search holds out a fifth of the labelled images, trains on the others and on the images without labels, and scores a
pattern by the accuracy on the held-out ones; no other label is looked at. The %[4]s images are used once, for the
final rows.`, b.Name, b.Title, b.Network, b.Split),
		Presets: []cli.Preset[Config]{
			{Name: "quick", Help: "the full pipeline at toy scale, in minutes: a demonstration, not evidence", Config: b.Quick},
			{Name: "study", Help: "a small network, hours on a small machine", Config: b.Study},
			{Name: "paper", Help: "the published scale; prints how long that takes", Config: b.Paper},
		},
		Register: b.register,
		Free:     experiment.FreeFlags,
	}
}

func (b *Benchmark) register(fs *flag.FlagSet, c *Config) {
	c.Plan.Register(fs, c.table(b))
	fs.StringVar(&c.Data, "data", c.Data, b.DataHelp)
	cli.Whole(fs, &c.TrainSize, "train-size", 0, "at most this `number` of training images is used, the same of every class; 0 is all")
	cli.Whole(fs, &c.TestSize, "test-size", 0, "at most this `number` of test images is used, the same of every class; 0 is all")
	cli.Whole(fs, &c.Labels, "labels", 0, "at most this `number` of training images has labels that are used, the same of every class; 0 is a tenth of every class. -seed chooses them")
	if c.Pixels > 0 {
		cli.Whole(fs, &c.Pixels, "pixels", 32, "the side of the images in `pixels`")
	}
	cli.Whole(fs, &c.Depth, "depth", 10, "the `depth` of the network")
	cli.Whole(fs, &c.Width, "width", 1, b.WidthHelp)
	c.registerTraining(fs)
	cli.Whole(fs, &c.SearchDepth, "search-depth", 10, "the `depth` of the networks that a search trains")
	cli.Whole(fs, &c.SearchWidth, "search-width", 1, "the `width` of the networks that a search trains")
	cli.Whole(fs, &c.SearchSteps, "search-steps", 1, "the `number` of steps for which a search trains a network")
	c.Baselines.Register(fs, "an element")
}

func (c *Config) registerTraining(fs *flag.FlagSet) {
	cli.Whole(fs, &c.Steps, "training-steps", 1, "the `number` of steps of a final training")
	cli.Whole(fs, &c.Batch, "batch", 1, "the `number` of labelled images in a step")
	cli.Whole(fs, &c.Ratio, "ratio", 1, "the `number` of unlabelled images for each of them; the network sees each twice, original and augmented")
	cli.Whole(fs, &c.Accumulate, "accumulate", 1, "the `number` of parts of a step to compute one after another, to save memory; each has its own batch statistics")
	fs.Float64Var(&c.Rate, "rate", c.Rate, "the initial learning `rate`; it falls to a fifth along 7/16 of a cosine")
	fs.Float64Var(&c.WeightDecay, "weight-decay", c.WeightDecay, "the weight decay `factor`")
	fs.Float64Var(&c.Clip, "clip", c.Clip, "the global `norm` that gradients are clipped to; 0 is no clipping")
	fs.Float64Var(&c.Average, "ema", c.Average, "the `decay` of the moving average of the weights, which is what is scored; 0 is none")
	fs.Float64Var(&c.Smoothing, "label-smoothing", c.Smoothing, "the `share` of a label that is spread over all classes")
	fs.Float64Var(&c.Weight, "weight", c.Weight, "the `weight` of the unlabelled images in the loss")
	fs.Float64Var(&c.Sure, "threshold", c.Sure, "the `probability` that an original's most probable class must exceed for the image to count")
	fs.Float64Var(&c.Sharpening, "temperature", c.Sharpening, "the `temperature` that divides an original's logits: below 1, what it teaches is sharpened")
	cli.Choice(fs, &c.Annealing, "annealing", []string{noAnnealing, "linear", "log", "exp"}, "the `schedule`, none, linear, log or exp, that leaves out labelled images that are known too well for their time")
	cli.RandAugment(fs, &c.RandAugment, "randaugment", imaging.PaperRandAugment, "how `strongly` unlabelled images are augmented")
	cli.Whole(fs, &c.Cutout, "cutout", 0, "the side in `pixels` of the square that is cut out of augmented images; 0 is none")
}

// check returns the dropout sites of the network, and what is wrong with the
// settings beyond the single flag.
func (c *Config) check(b *Benchmark) ([]dropout.Site, error) {
	for _, positive := range []struct {
		flag  string
		value float64
	}{{"rate", c.Rate}, {"weight", c.Weight}, {"temperature", c.Sharpening}} {
		if !(positive.value > 0) {
			return nil, usage.Errorf("-%s %v must be above 0", positive.flag, positive.value)
		}
	}
	for _, share := range []struct {
		flag  string
		value float64
	}{{"ema", c.Average}, {"threshold", c.Sure}, {"label-smoothing", c.Smoothing}} {
		if !(share.value >= 0 && share.value < 1) {
			return nil, usage.Errorf("-%s %v must be at least 0 and below 1", share.flag, share.value)
		}
	}
	switch {
	case !(c.WeightDecay >= 0):
		return nil, usage.Errorf("-weight-decay %v must not be negative", c.WeightDecay)
	case !(c.Clip >= 0):
		return nil, usage.Errorf("-clip %v must not be negative", c.Clip)
	case c.Batch%c.Accumulate != 0:
		return nil, usage.Errorf("-batch %d cannot be divided into -accumulate %d equal parts", c.Batch, c.Accumulate)
	}
	if _, err := b.NewModel(c.SearchDepth, 1, 1, 0); err != nil {
		return nil, usage.Errorf("%v", err)
	}
	thin, err := b.NewModel(c.Depth, 1, 1, 0)
	if err != nil {
		return nil, usage.Errorf("%v", err)
	}
	return thin.Sites(), experiment.CheckPolicies(c.Rows(c.table(b)), thin.Sites())
}

// table returns the rows that the table can have.
func (c *Config) table(b *Benchmark) []experiment.Row {
	rows := []experiment.Row{
		{Key: "supervised", Title: "labelled images only", Network: supervised},
		{Key: "uda", Title: "UDA", Paper: &b.UDA},
	}
	for _, m := range c.Baselines.Table() {
		m.Title = "UDA + " + m.Title
		rows = append(rows, m)
	}
	return append(rows,
		experiment.Row{Key: "random", Title: "UDA + random-search pattern", Kind: sheet.Random},
		experiment.Row{Key: "autodropout", Title: "UDA + AutoDropout", Kind: sheet.Learned, Paper: &b.AutoDropout},
	)
}
