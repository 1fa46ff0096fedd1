package images

import (
	"cmp"
	"flag"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/data/imaging"
)

// Settings are those that all benchmarks of images have.
type Settings struct {
	experiment.Plan
	experiment.Baselines
	Data                string
	TrainSize, TestSize int    // 0: all
	Scenes              string // of the built-in images: Cluttered or Plain

	contents bool // of photographs tell other data apart

	Batch                   int
	Rate, WeightDecay, Clip float64
	Momentum                float64 // of the optimizer
	Cutout                  int     // pixels; 0: none
	RandAugment             imaging.RandAugment
}

// Shared returns the settings that a benchmark embeds.
func (s *Settings) Shared() *Settings { return s }

// Help is what the help of the flags says of one benchmark.
type Help struct {
	Data, Batch, Rate   string
	WeightDecay         string
	Varied, RandAugment string // "training images", and how they are varied
	Dropped             string // by Dropout: "an element"
	Photos              bool   // the data may be a folder of photographs

	PaperRandAugment imaging.RandAugment // what -randaugment paper stands for
}

// Register declares the flags of the settings.
func (s *Settings) Register(fs *flag.FlagSet, table []experiment.Row, help Help) {
	s.Plan.Register(fs, table)
	s.Baselines.Register(fs, help.Dropped)
	fs.StringVar(&s.Data, "data", s.Data, help.Data)
	s.Scenes = cmp.Or(s.Scenes, Cluttered)
	cli.Choice(fs, &s.Scenes, "scenes", []string{Cluttered, Plain}, "what the built-in images `show`: cluttered, partly hidden shapes among others, with a tenth of the training labels shuffled; or plain, large single shapes, with 30 % of the labels shuffled")
	if help.Photos {
		fs.BoolVar(&s.contents, "contents", s.contents, "identify photographs by the contents of the files, which are read once when a run begins or is resumed, instead of by their sizes and times")
	}
	cli.Whole(fs, &s.TrainSize, "train-size", 0, "use at most this `number` of training images, equally many of every class; 0: all")
	cli.Whole(fs, &s.TestSize, "test-size", 0, "score the rows on at most this `number` of images, equally many of every class; 0: all")
	cli.Whole(fs, &s.Batch, "batch", 1, help.Batch)
	cli.Above0(fs, &s.Rate, "rate", help.Rate)
	cli.NotNegative(fs, &s.WeightDecay, "weight-decay", help.WeightDecay)
	if s.Momentum == 0 {
		s.Momentum = 0.9
	}
	cli.Share(fs, &s.Momentum, "momentum", "the `momentum` of the optimizer")
	cli.NotNegative(fs, &s.Clip, "clip", "clip gradients to this global `norm`; 0: no clipping")
	cli.Whole(fs, &s.Cutout, "cutout", 0, "cut squares with a side of this many `pixels` out of "+help.Varied+"; 0 is none")
	cli.RandAugment(fs, &s.RandAugment, "randaugment", help.PaperRandAugment, help.RandAugment)
}

// Found are the rows of patterns that are searched, at random and by the controller, with
// their controls, which every table has.
func Found(prefix string, paper *runfolder.Paper) []experiment.Row {
	return append([]experiment.Row{
		{Key: "random", Title: prefix + "random-search pattern", Kind: sheet.Random},
		{Key: "autodropout", Title: prefix + "AutoDropout", Kind: sheet.Learned, Paper: paper},
	}, experiment.Controls(prefix, "blocks")...)
}
