package main

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/ops"
)

// network is a ConvNet of four stages. Each halves the height and width of the
// maps and doubles their number.
type network struct {
	params *autograd.Params
	stages []stage
	fc     *layers.Linear
}

// stage is a convolution and the normalisation behind it.
type stage struct {
	conv *layers.Conv2D
	norm *layers.BatchNorm
}

func newNetwork(classes int) *network {
	scope := layers.NewScope(1) // the seed of the initial weights
	m := &network{params: scope.Params()}
	in, out := 3, 16
	for i := range 4 {
		s := scope.Sub(fmt.Sprintf("stage%d", i+1))
		m.stages = append(m.stages, stage{
			conv: layers.NewConv2D(s.Sub("conv"), layers.Conv2DConfig{In: in, Out: out, Size: 3, Stride: 2, Pad: 1, NoBias: true}),
			norm: layers.NewBatchNorm(s.Sub("bn"), layers.BatchNormConfig{Channels: out}),
		})
		in, out = out, 2*out
	}
	m.fc = layers.NewLinear(scope.Sub("fc"), layers.LinearConfig{In: in, Out: classes})
	return m
}

// Params implements layers.Model.
func (m *network) Params() *autograd.Params { return m.params }

// Forward maps images (N, H, W, 3) to logits (N, classes).
func (m *network) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	for _, s := range m.stages {
		x = ops.ReLU(s.norm.Forward(c, s.conv.Forward(c, x)))
	}
	return m.fc.Forward(c, ops.GlobalAvgPool(x))
}
