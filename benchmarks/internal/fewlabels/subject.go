package fewlabels

import (
	"context"
	"fmt"
	"io"
	"strings"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/optim"
	"autodropout/train"
)

// supervised is the final network, trained on the labelled images alone, with
// everything else as it is with UDA.
const supervised = experiment.Varied

// subject is what the experiment is about: a ConvNet on few labels.
type subject struct {
	Config
	benchmark   *Benchmark
	train, test data.Source
	labelled    data.Source // part of train
	rest        data.Source // the other part
	fit, valid  data.Source // the parts of labelled that searches use
}

// open loads the images and chooses those with labels, by the seed. It returns
// the sentences that say which they are.
func (s *subject) open(ctx context.Context, search bool, stderr io.Writer) (about string, err error) {
	if s.train, s.test, about, err = s.benchmark.Open(ctx, &s.Config, stderr); err != nil {
		return "", err
	}
	whole := [2]int{s.train.Len(), s.test.Len()}
	if s.train, err = shrink(s.train, s.TrainSize, "-train-size"); err != nil {
		return "", err
	}
	if s.test, err = shrink(s.test, s.TestSize, "-test-size"); err != nil {
		return "", err
	}
	if whole != [2]int{s.train.Len(), s.test.Len()} {
		about += fmt.Sprintf(" Of these, %d training and %d test images are used.", s.train.Len(), s.test.Len())
	}
	base := uint64(s.Seed)
	const tenth = 0.1
	if s.Labels == 0 {
		s.rest, s.labelled, err = data.HoldOut(s.train, base, tenth)
	} else {
		const half = 0.5 // the others are the unlabelled ones
		if s.labelled, s.rest, err = data.AtMost(s.train, base, s.Labels, half); err != nil {
			err = usage.Errorf("-labels %d: %v", s.Labels, err)
		}
	}
	if err != nil {
		return "", err
	}
	about += fmt.Sprintf(" The labels of %d training images, chosen by -seed %d, are used.", s.labelled.Len(), s.Seed)
	const heldOut = 0.2 // of what little is known: a reward needs enough images
	if search {
		if s.fit, s.valid, err = data.HoldOut(s.labelled, base, heldOut); err != nil {
			return "", err
		}
	}
	return about, s.fills()
}

// fills returns an error when there are too few images for a step.
func (s *subject) fills() error {
	for _, part := range []struct {
		images data.Source // nil: there is no search
		least  int
	}{{s.labelled, s.Batch}, {s.fit, s.Batch}, {s.train, s.Batch * s.Ratio}, {s.rest, s.Batch * s.Ratio}} {
		if part.images != nil && part.images.Len() < part.least {
			return usage.Errorf("-batch %d and -ratio %d are too large: a step takes %d of %d images", s.Batch, s.Ratio, part.least, part.images.Len())
		}
	}
	return nil
}

// shrink takes a balanced part of the images, always the same one.
func shrink(images data.Source, size int, flag string) (data.Source, error) {
	if size == 0 || size >= images.Len() {
		return images, nil
	}
	part, _, err := data.AtMost(images, 0, size, 1)
	if err != nil {
		return nil, usage.Errorf("%s %d: %v", flag, size, err)
	}
	return part, nil
}

// About implements [experiment.Subject].
func (s *subject) About() experiment.About {
	final, child := s.network(experiment.Final), s.network(experiment.Child)
	about := experiment.About{
		Name: s.benchmark.Name, Task: fmt.Sprintf("semi-supervised image classification with %d labels", s.labelled.Len()),
		Dataset: strings.TrimSuffix(s.train.Header().Name, " training"),
		Split:   s.benchmark.Split, Metric: "error", Unit: "%", Item: "img", Side: 32, Model: final, Child: child,
	}
	if s.benchmark.Accuracy {
		about.Metric, about.Higher = "top-1 accuracy", true
	}
	about.Reads = func() string { return experiment.Checksum(s.train, s.test) }
	if s.fit == nil {
		return about
	}
	about.Trial = controller.Task{Network: child, Method: "UDA", Data: about.Dataset, Unit: "images", Train: s.fit.Len(), Unlabelled: s.rest.Len(),
		Steps: s.SearchSteps, Batch: s.Batch, Reward: "accuracy", Split: "held-out", Valid: s.valid.Len()}
	about.Data = func() string { return experiment.Checksum(s.fit, s.rest, s.valid) }
	about.Reward = sheet.Reward{
		Where: "held-out images", Shown: "accuracy",
		Show: func(reward float64) string { return fmt.Sprintf("%.2f %%", 100*reward) },
	}
	return about
}

// size returns the depth and the width of a network.
func (s *subject) size(n experiment.Network) (depth, width int) {
	if n == experiment.Child {
		return s.SearchDepth, s.SearchWidth
	}
	return s.Depth, s.Width
}

// network returns a network's name.
func (s *subject) network(n experiment.Network) string {
	depth, width := s.size(n)
	model, err := s.benchmark.NewModel(depth, width, 1, 0)
	if err != nil {
		return "" // check has made one
	}
	return model.String()
}

// Space implements [experiment.Subject].
func (s *subject) Space() (dropout.Space, error) {
	model, err := s.benchmark.NewModel(s.SearchDepth, 1, 1, 0)
	if err != nil {
		return dropout.Space{}, err
	}
	return dropout.ConvSpace(model.Blocks()), nil
}

// Decode implements [experiment.Subject].
func (s *subject) Decode(space dropout.Space, tokens []int, origin dropout.Origin) (*dropout.ConvPattern, error) {
	pattern, err := dropout.DecodeConv(space, tokens)
	if err != nil {
		return nil, err
	}
	pattern.Origin = origin
	return pattern, nil
}

// Steps implements [experiment.Subject].
func (s *subject) Steps(n experiment.Network) int {
	if n == experiment.Child {
		return s.SearchSteps
	}
	return s.Config.Steps
}

// TestSteps implements [experiment.Subject]: a forward pass is about a third of a
// step.
func (s *subject) TestSteps(n experiment.Network) float64 {
	_, _, score := s.sources(n)
	return float64(score.Len()) / float64(s.Batch*(1+2*s.ratioOf(n))) / 3
}

// sources returns what a network is trained on, and what it is scored on.
func (s *subject) sources(n experiment.Network) (labelled, unlabelled, score data.Source) {
	if n == experiment.Child {
		return s.fit, s.rest, s.valid
	}
	return s.labelled, s.train, s.test
}

// ratioOf returns how many unlabelled images a step has for each labelled one.
func (s *subject) ratioOf(n experiment.Network) int {
	if n == supervised {
		return 0
	}
	return s.Ratio
}

// Prepare implements [experiment.Subject].
func (s *subject) Prepare(o *experiment.Order[*dropout.ConvPattern]) (*experiment.Training, error) {
	n, common := o.Network, o.Common
	depth, width := s.size(n)
	model, err := s.benchmark.NewModel(depth, width, len(s.train.Header().Classes), o.ModelSeed)
	if err != nil {
		return nil, err
	}
	if common.Policy, err = o.Policy(model.Sites(), (*dropout.ConvPattern).Policy); err != nil {
		return nil, err
	}
	labelled, unlabelled, score := s.sources(n)
	trainer, err := train.NewUDA(model, labelled, unlabelled, s.recipe(n, model, common))
	if err != nil {
		return nil, err
	}
	return &experiment.Training{Runner: trainer.Loop, Waited: trainer.Waited, Score: func(ctx context.Context) (runfolder.Score, error) {
		result, err := trainer.Evaluate(ctx, score)
		value := result.ErrorRate()
		switch {
		case n == experiment.Child:
			value = result.Accuracy()
		case s.benchmark.Accuracy:
			value = 100 * result.Accuracy()
		}
		return runfolder.Score{Value: value, Loss: result.Loss}, err
	}}, nil
}

// recipe returns how a network is trained.
func (s *subject) recipe(n experiment.Network, model Model, common train.Common) train.UDAConfig {
	steps := s.Steps(n)
	common.Optimizer = optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: 0.9, Nesterov: true, WeightDecay: float32(s.WeightDecay)})
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
	return config
}
