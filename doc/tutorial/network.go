package main

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
)

// network is a ConvNet of three stages. Each halves the height and width of the maps.
type network struct {
	params *autograd.Params
	stages []stage
	fc     *layers.Linear
}

// stage is a convolution, the normalisation behind it, and the site where its maps may
// be dropped.
type stage struct {
	conv *layers.Conv2D
	norm *layers.BatchNorm
	site dropout.Site
}

// newNetwork returns a network for images in so many classes.
func newNetwork(classes int) *network {
	scope := layers.NewScope(1) // the seed of the initial weights
	m := &network{params: scope.Params()}
	in, widths := 3, []int{32, 64, 128}
	for i, out := range widths {
		s := scope.Sub(fmt.Sprintf("stage%d", i+1))
		m.stages = append(m.stages, stage{
			conv: layers.NewConv2D(s.Sub("conv"), layers.Conv2DConfig{In: in, Out: out, Size: 3, Stride: 2, Pad: 1, NoBias: true}),
			norm: layers.NewBatchNorm(s.Sub("bn"), layers.BatchNormConfig{Channels: out}),
			site: dropout.Site{Name: s.Path("drop"), Kind: dropout.Norm, Stage: i, Stages: len(widths), Blocks: 1},
		})
		in = out
	}
	m.fc = layers.NewLinear(scope.Sub("fc"), layers.LinearConfig{In: in, Out: classes})
	return m
}

// Params implements layers.Model.
func (m *network) Params() *autograd.Params { return m.params }

// Forward maps images (N, H, W, 3) to logits (N, classes).
func (m *network) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	for _, s := range m.stages {
		x = s.norm.Forward(c, s.conv.Forward(c, x))
		x = ops.ReLU(c.Drop(s.site.Name, x)) // here dropout may act
	}
	return m.fc.Forward(c, ops.GlobalAvgPool(x))
}

// sites lists where dropout may act.
func (m *network) sites() []dropout.Site {
	var sites []dropout.Site
	for _, s := range m.stages {
		sites = append(sites, s.site)
	}
	return sites
}
