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
	"autodropout/models"
	"autodropout/optim"
	"autodropout/train"
)

// subject is what the experiment is about: Wide ResNets on CIFAR-10.
type subject struct {
	config
	train, test data.Source
	fit, valid  data.Source // the parts of train that searches use
}

// About implements [experiment.Subject].
func (s *subject) About() experiment.About {
	about := experiment.About{
		Name: "cifar", Task: "image classification", Dataset: strings.TrimSuffix(s.train.Header().Name, " training"),
		Split: "test", Metric: "error", Unit: "%",
		Model: fmt.Sprintf("WRN-%d-%d", s.depth, s.width),
		Child: fmt.Sprintf("WRN-%d-%d", s.searchDepth, s.searchWidth),
		Item:  "img", Side: s.train.Header().Height,
	}
	about.Reads = func() string { return experiment.Checksum(s.train, s.test) }
	if s.fit == nil {
		return about
	}
	about.Trial = controller.Task{Network: about.Child, Data: about.Dataset, Unit: "images", Train: s.fit.Len(),
		Epochs: s.searchEpochs, Batch: s.batch, Reward: "accuracy", Split: "held-out", Valid: s.valid.Len()}
	about.Data = func() string { return experiment.Checksum(s.fit, s.valid) }
	about.Reward = sheet.Reward{
		Where: "held-out images", Shown: "accuracy",
		Show: func(reward float64) string { return fmt.Sprintf("%.2f %%", 100*reward) },
	}
	return about
}

// Space implements [experiment.Subject].
func (s *subject) Space() (dropout.Space, error) {
	model, err := models.NewWRN(models.WRNConfig{Depth: s.searchDepth, Width: 1, Classes: 1})
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

// sets returns the images that a network is trained on and those that score it.
func (s *subject) sets(n experiment.Network) (fit, score data.Source) {
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

// Steps implements [experiment.Subject].
func (s *subject) Steps(n experiment.Network) int {
	fit, _ := s.sets(n)
	if fit == nil {
		return 0 // there is no search
	}
	return s.epochsOf(n) * ((fit.Len() + s.batch - 1) / s.batch)
}

// TestSteps implements [experiment.Subject]: a forward pass is about a third of a
// step.
func (s *subject) TestSteps(n experiment.Network) float64 {
	_, score := s.sets(n)
	return float64(score.Len()) / float64(s.batch) / 3
}

// Prepare implements [experiment.Subject].
func (s *subject) Prepare(o *experiment.Order[*dropout.ConvPattern]) (*experiment.Training, error) {
	n, common := o.Network, o.Common
	network := models.WRNConfig{Depth: s.depth, Width: s.width, Classes: len(s.train.Header().Classes), Seed: o.ModelSeed}
	if n == experiment.Child {
		network.Depth, network.Width = s.searchDepth, s.searchWidth
	}
	model, err := models.NewWRN(network)
	if err != nil {
		return nil, err
	}
	if common.Policy, err = o.Policy(model.Sites(), (*dropout.ConvPattern).Policy); err != nil {
		return nil, err
	}
	fit, score := s.sets(n)
	trainer, err := train.New(model, fit, s.recipe(n, model, common))
	if err != nil {
		return nil, err
	}
	return &experiment.Training{Runner: trainer.Loop, Waited: trainer.Waited, Score: func(ctx context.Context) (runfolder.Score, error) {
		result, err := trainer.Evaluate(ctx, score)
		if n == experiment.Child {
			return runfolder.Score{Value: result.Accuracy(), Loss: result.Loss}, err
		}
		return runfolder.Score{Value: result.ErrorRate(), Loss: result.Loss}, err
	}}, nil
}

// recipe returns how a network is trained.
func (s *subject) recipe(n experiment.Network, model *models.WRN, common train.Common) train.Config {
	augment := data.Augment{}
	if s.augment {
		augment = data.StandardAugment()
	}
	augment.Cutout, augment.RandAugment = s.cutout, s.randAugment
	common.Optimizer = optim.NewSGD(model.Params(), optim.SGDConfig{
		Momentum: 0.9, Nesterov: true, WeightDecay: float32(s.weightDecay)})
	if common.Schedule == nil {
		common.Schedule = optim.Cosine(float32(s.rate), s.Steps(n))
	}
	common.ClipNorm = float32(s.clip)
	return train.Config{Epochs: s.epochsOf(n), Batch: s.batch, Augment: augment, Common: common}
}
