package patterns_test

import (
	"context"
	"fmt"
	"log"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/patterns"
	"autodropout/train"
)

// net is a ConvNet of one's own: three stages of one convolution and one
// normalisation each. It names the places where dropout may act.
type net struct {
	params *autograd.Params
	convs  []*layers.Conv2D
	norms  []*layers.BatchNorm
	fc     *layers.Linear
}

func newNet(classes int) *net {
	s := layers.NewScope(1)
	m := &net{params: s.Params()}
	for i, width := range []int{8, 16, 32} {
		in := []int{3, 8, 16}[i]
		stage := s.Sub(fmt.Sprintf("stage%d", i+1))
		m.convs = append(m.convs, layers.NewConv2D(stage.Sub("conv"), layers.Conv2DConfig{In: in, Out: width, Size: 3, Stride: 2, Pad: 1, NoBias: true}))
		m.norms = append(m.norms, layers.NewBatchNorm(stage.Sub("bn"), layers.BatchNormConfig{Channels: width}))
	}
	m.fc = layers.NewLinear(s.Sub("fc"), layers.LinearConfig{In: 32, Out: classes})
	return m
}

func (m *net) Params() *autograd.Params { return m.params }

func (m *net) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	for i, site := range m.Sites() {
		x = m.norms[i].Forward(c, m.convs[i].Forward(c, x))
		x = ops.ReLU(c.Drop(site.Name, x)) // here a pattern may act
	}
	return m.fc.Forward(c, ops.GlobalAvgPool(x))
}

func (m *net) Sites() []dropout.Site {
	var sites []dropout.Site
	for i := range m.norms {
		sites = append(sites, dropout.Site{Name: fmt.Sprintf("stage%d.bn", i+1), Kind: dropout.Norm, Stage: i, Stages: 3, Blocks: 1})
	}
	return sites
}

// A learned pattern acts in a model of one's own.
func Example() {
	fit, test, err := data.Synthetic(data.SyntheticConfig{Train: 200, Test: 100})
	if err != nil {
		log.Fatal(err)
	}
	model := newNet(len(fit.Classes))

	pattern, err := patterns.Load("cifar10-few-wrn-10-1")
	if err != nil {
		log.Fatal(err)
	}
	policy, err := pattern.Policy(model.Sites())
	if err != nil {
		log.Fatal(err)
	}
	trainer, err := train.New(model, fit, train.Config{Epochs: 2, Batch: 50, Common: train.Common{Policy: policy}})
	if err != nil {
		log.Fatal(err)
	}
	if err := trainer.Run(context.Background()); err != nil {
		log.Fatal(err)
	}

	score, err := trainer.Evaluate(context.Background(), test)
	if err != nil {
		log.Fatal(err)
	}
	stats := policy.(*dropout.ConvPolicy).Stats()
	fmt.Printf("%d steps, %d masks that keep %.0f %%, %d test images\n", trainer.Done(), stats.Masks, 100*float64(stats.Kept)/float64(stats.Elements), score.Images)
	// Output: 8 steps, 24 masks that keep 93 %, 100 test images
}
