package main

import (
	"context"
	"fmt"
	"strings"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/optim"
	"autodropout/train"
)

// subject is what the experiment is about: networks for photographs.
type subject struct {
	config
	train, test data.Source
	fit, valid  data.Source  // the parts of train that searches use; nil: there is none
	photos      *data.Photos // nil: the data is built in
}

// About implements [experiment.Subject].
func (s *subject) About() experiment.About {
	header := s.train.Header()
	about := experiment.About{
		Name: "imagenet", Task: "image classification", Dataset: strings.TrimSuffix(header.Name, " training"),
		Split: "validation", Metric: "top-1 accuracy", Unit: "%", Higher: true,
		Model: s.name(experiment.Final), Child: s.name(experiment.Child), Item: "img",
		Side: 56, // for 224 pixels
	}
	about.Reads = func() string { return experiment.Checksum(s.train, s.test) }
	if s.fit == nil {
		return about
	}
	about.Trial = controller.Task{Network: about.Child, Data: about.Dataset, Unit: "images", Train: s.fit.Len(), Pixels: s.pixels,
		Epochs: s.searchEpochs, Batch: s.batch, Reward: "accuracy", Split: "held-out", Valid: s.valid.Len()}
	about.Data = func() string { return experiment.Checksum(s.fit, s.valid) }
	about.Reward = sheet.Reward{
		Where: "held-out images", Shown: "accuracy",
		Show: func(reward float64) string { return fmt.Sprintf("%.2f %%", 100*reward) },
	}
	return about
}

// name returns what people call a network.
func (s *subject) name(n experiment.Network) string {
	model, _, err := s.network(s.channelsOf(n), 1, 0)
	if err != nil {
		return s.model // what is wrong is said where it is to be trained
	}
	return model.String()
}

func (s *subject) channelsOf(n experiment.Network) int {
	if n == experiment.Child {
		return s.childChannels()
	}
	return s.channels
}

// Space implements [experiment.Subject].
func (s *subject) Space() (dropout.Space, error) {
	model, _, err := s.network(s.childChannels(), 1, 0)
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

// sources returns the images that a network is trained on and those that score it.
func (s *subject) sources(n experiment.Network) (fit, score data.Source) {
	if n == experiment.Child {
		return s.fit, s.valid
	}
	return s.train, s.test
}

func (s *subject) epochsOf(n experiment.Network) int {
	if n == experiment.Child {
		return s.searchEpochs
	}
	return s.epochs
}

// perEpoch returns the steps in an epoch, 0 where there is no search.
func (s *subject) perEpoch(n experiment.Network) int {
	fit, _ := s.sources(n)
	if fit == nil {
		return 0
	}
	return (fit.Len() + s.batch - 1) / s.batch
}

// Steps implements [experiment.Subject].
func (s *subject) Steps(n experiment.Network) int { return s.epochsOf(n) * s.perEpoch(n) }

// TestSteps implements [experiment.Subject]: a forward pass is about a third of a
// step.
func (s *subject) TestSteps(n experiment.Network) float64 {
	_, score := s.sources(n)
	return float64(score.Len()) / float64(s.batch) / 3
}

// Prepare implements [experiment.Subject].
func (s *subject) Prepare(o *experiment.Order[*dropout.ConvPattern]) (*experiment.Training, error) {
	n, common := o.Network, o.Common
	model, _, err := s.network(s.channelsOf(n), len(s.train.Header().Classes), o.ModelSeed)
	if err != nil {
		return nil, err
	}
	if common.Policy, err = o.Policy(model.Sites(), (*dropout.ConvPattern).Policy); err != nil {
		return nil, err
	}
	fit, score := s.sources(n)
	trainer, err := train.New(model, fit, s.recipe(n, model, common))
	if err != nil {
		return nil, err
	}
	return &experiment.Training{Runner: trainer.Loop, Waited: trainer.Waited, Score: func(ctx context.Context) (runfolder.Score, error) {
		result, err := trainer.Evaluate(ctx, score)
		if n == experiment.Child {
			return runfolder.Score{Value: result.Accuracy(), Loss: result.Loss}, err
		}
		return runfolder.Score{Value: 100 * result.Accuracy(), Loss: result.Loss}, err
	}}, nil
}

// recipe returns how a network is trained.
func (s *subject) recipe(n experiment.Network, model network, common train.Common) train.Config {
	augment := data.Augment{Crop: s.crop, Flip: s.flip, Cutout: s.cutout, RandAugment: s.randAugment}
	if n == experiment.Varied && s.randAugment.Operations == 0 {
		augment.RandAugment = imageNetRandAugment
	}
	for _, p := range model.Params().All() {
		p.NoDecay = len(p.Shape()) == 1
	}
	const momentum = 0.9
	if s.optimizer == rmsprop {
		common.Optimizer = optim.NewRMSProp(model.Params(), optim.RMSPropConfig{
			Momentum: momentum, Eps: 1e-3, WeightDecay: float32(s.weightDecay)})
	} else {
		common.Optimizer = optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: momentum, WeightDecay: float32(s.weightDecay)})
	}
	if common.Schedule == nil {
		common.Schedule = s.rates(n)
	}
	common.ClipNorm, common.EMA, common.Accumulate = float32(s.clip), s.ema, s.accumulate
	return train.Config{Epochs: s.epochsOf(n), Batch: s.batch, Smoothing: float32(s.smoothing), Augment: augment, Common: common}
}

// rates returns the learning rates. A child's training is a final one, shorter.
func (s *subject) rates(n experiment.Network) optim.Schedule {
	rate, perEpoch := float32(s.rate*float64(s.batch)/256), s.perEpoch(n)
	shrink := func(epochs float64) int {
		return int(epochs * float64(perEpoch) * float64(s.epochsOf(n)) / float64(s.epochs))
	}
	var schedule optim.Schedule
	switch s.schedule {
	case cosine:
		schedule = optim.Cosine(rate, s.Steps(n))
	case step:
		var milestones []int
		for _, epoch := range s.milestones {
			milestones = append(milestones, shrink(float64(epoch)))
		}
		schedule = optim.MultiStep(rate, 0.1, milestones...)
	case exponential:
		schedule = optim.Exponential(rate, 0.97, max(shrink(2.4), 1))
	}
	if s.warmUp > 0 {
		schedule = optim.WarmUp(max(shrink(float64(s.warmUp)), 1), schedule)
	}
	return schedule
}
