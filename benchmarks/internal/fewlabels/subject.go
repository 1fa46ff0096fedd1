package fewlabels

import (
	"context"
	"io"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/optim"
	"autodropout/train"
)

// supervised is the final network, trained on the labelled images alone, with
// everything else as it is with UDA.
const supervised = experiment.Varied

// subject is a benchmark with its settings.
type subject struct {
	*Benchmark
	Config
}

// Check implements [images.Benchmark].
func (s *subject) Check() error {
	if s.Batch%s.Accumulate != 0 {
		return usage.Errorf("-batch %d cannot be divided into -accumulate %d equal parts", s.Batch, s.Accumulate)
	}
	return nil
}

// Table implements [images.Benchmark].
func (s *subject) Table() []experiment.Row {
	rows := []experiment.Row{
		{Key: "supervised", Title: "labelled images only", Network: supervised},
		{Key: "uda", Title: "UDA", Paper: &s.UDA},
	}
	for _, row := range s.Baselines.Table() {
		row.Title = "UDA + " + row.Title
		rows = append(rows, row)
	}
	return append(rows, images.Found("UDA + ", &s.AutoDropout)...)
}

// About implements [images.Benchmark].
func (s *subject) About() experiment.About {
	return experiment.About{Name: s.Name, Task: "semi-supervised image classification", Split: s.Split, Higher: s.Accuracy,
		Side: 32, Trial: controller.Task{Method: "UDA"}}
}

// Open implements [images.Benchmark].
func (s *subject) Open(ctx context.Context, stderr io.Writer) (images.Images, error) {
	return s.Benchmark.Open(ctx, &s.Config, stderr)
}

// Divide implements [images.Benchmark]: it chooses the images with labels, by the seed.
func (s *subject) Divide(fit, rest, test data.Source, search bool) (final, child images.Sets, err error) {
	base := uint64(s.Seed)
	final = images.Sets{Unlabelled: fit, Score: test, Valid: rest}
	if s.Labels == 0 {
		const tenth = 0.1
		child.Unlabelled, final.Fit, err = data.HoldOut(fit, base, tenth)
	} else {
		const half = 0.5 // the others are the unlabelled ones
		final.Fit, child.Unlabelled, err = images.Take(fit, base, s.Labels, half, "-labels")
	}
	const heldOut = 0.2 // of what little is known: a reward needs enough images
	if err == nil && search {
		child.Fit, child.Score, err = data.HoldOut(final.Fit, base, heldOut)
	}
	if err != nil {
		return final, child, err
	}
	return final, child, s.fills(final, child)
}

// fills returns an error when there are too few images for a step.
func (s *subject) fills(final, child images.Sets) error {
	for _, part := range []struct {
		images data.Source // nil: there is no search
		least  int
	}{{final.Fit, s.Batch}, {child.Fit, s.Batch}, {final.Unlabelled, s.Batch * s.Ratio}, {child.Unlabelled, s.Batch * s.Ratio}} {
		if part.images != nil && part.images.Len() < part.least {
			return usage.Errorf("-batch %d and -ratio %d are too large: a step takes %d of %d images", s.Batch, s.Ratio, part.least, part.images.Len())
		}
	}
	return nil
}

// Model implements [images.Benchmark].
func (s *subject) Model(n experiment.Network, classes int, seed uint64) (images.Model, error) {
	if n == experiment.Child {
		return s.NewModel(s.SearchDepth, s.SearchWidth, classes, seed)
	}
	return s.NewModel(s.Depth, s.Width, classes, seed)
}

// Length implements [images.Benchmark].
func (s *subject) Length(n experiment.Network) images.Length {
	length := images.Length{Steps: s.Steps, Images: s.Batch * (1 + 2*s.ratioOf(n))}
	if n == experiment.Child {
		length.Steps = s.SearchSteps
	}
	return length
}

// ratioOf returns how many unlabelled images a step has for each labelled one.
func (s *subject) ratioOf(n experiment.Network) int {
	if n == supervised {
		return 0
	}
	return s.Ratio
}

// Train implements [images.Benchmark].
func (s *subject) Train(n experiment.Network, model images.Model, sets images.Sets, steps int, common train.Common) (*train.Loop, images.Scorer, error) {
	common.Optimizer = optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: float32(s.Momentum), Nesterov: s.Momentum > 0, WeightDecay: float32(s.WeightDecay)})
	if common.Schedule == nil {
		common.Schedule = optim.PartialCosine(float32(s.Rate), steps)
	}
	common.ClipNorm, common.EMA, common.Accumulate = float32(s.Clip), s.Average, s.Accumulate
	weak := s.Augment
	strong := weak
	strong.RandAugment, strong.Cutout = s.RandAugment, s.Cutout
	config := train.UDAConfig{
		Steps: steps, Batch: s.Batch, Ratio: s.ratioOf(n),
		Smoothing: float32(s.Smoothing), Weight: float32(s.Weight), Threshold: float32(s.Sure), Temperature: float32(s.Sharpening),
		Augment: weak, Strong: strong, Common: common,
	}
	if s.Annealing != noAnnealing {
		config.Annealing = train.Annealing(s.Annealing)
	}
	trainer, err := train.NewUDA(model, sets.Fit, sets.Unlabelled, config)
	if err != nil {
		return nil, nil, err
	}
	return trainer.Loop, trainer, nil
}
