package images

import (
	"flag"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/train"
)

// Supervised are the settings of benchmarks whose networks are trained on labelled
// images alone.
type Supervised struct {
	Settings
	Epochs, SearchEpochs int
}

// Register declares the flags of the settings.
func (s *Supervised) Register(fs *flag.FlagSet, table []experiment.Row, help Help) {
	help.Batch, help.Varied = "the `number` of images in a batch", "training images"
	s.Settings.Register(fs, table, help)
	cli.Whole(fs, &s.Epochs, "epochs", 1, "the `number` of epochs of a final training")
	cli.Whole(fs, &s.SearchEpochs, "search-epochs", 1, "the `number` of epochs of a trial")
}

// Length implements [Benchmark].
func (s *Supervised) Length(n experiment.Network) Length {
	if n == experiment.Child {
		return Length{Epochs: s.SearchEpochs, Images: s.Batch}
	}
	return Length{Epochs: s.Epochs, Images: s.Batch}
}

// Loop returns a training for [Benchmark]'s Train: the configuration lacks its length
// and the size of a batch.
func (s *Supervised) Loop(n experiment.Network, model Model, sets Sets, config train.Config) (*train.Loop, Scorer, error) {
	config.Epochs, config.Batch = s.Length(n).Epochs, s.Batch
	trainer, err := train.New(model, sets.Fit, config)
	if err != nil {
		return nil, nil, err
	}
	return trainer.Loop, trainer, nil
}
