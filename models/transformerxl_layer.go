package models

import (
	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/ops"
)

// xlLayer is a layer of a Transformer-XL, with the normalisation after each of
// its parts:
//
//	x = norm1(x + attention(x))
//	x = norm2(x + output(ReLU(inner(x))))
type xlLayer struct {
	attention    *layers.RelativeAttention
	inner        *layers.Linear
	output       *layers.Linear
	norm1, norm2 *layers.LayerNorm
	sites        struct{ inner, output string }
}

// newXLLayer draws the biases too. A word vector that is dropped at the beginning
// of a text, where there is nothing else to attend to, would otherwise stay zero
// in every layer, and the gradient of each normalisation of zeros is 300 times as
// large as the one behind it: in 16 layers it overflows.
func newXLLayer(s *layers.Scope, config TransformerXLConfig, init layers.Init) *xlLayer {
	attention := layers.RelativeAttentionConfig{Dim: config.Width, Heads: config.Heads, HeadDim: config.HeadWidth, Weight: init}
	if config.PositionProjection {
		attention.Positions = config.encodingWidth()
	}
	l := &xlLayer{
		attention: layers.NewRelativeAttention(s, attention),
		inner:     layers.NewLinear(s.Sub("inner"), layers.LinearConfig{In: config.Width, Out: config.Inner, Weight: init, BiasInit: init}),
		output:    layers.NewLinear(s.Sub("output"), layers.LinearConfig{In: config.Inner, Out: config.Width, Weight: init, BiasInit: init}),
		norm1:     layers.NewLayerNorm(s.Sub("norm1"), layers.LayerNormConfig{Dim: config.Width}),
		norm2:     layers.NewLayerNorm(s.Sub("norm2"), layers.LayerNormConfig{Dim: config.Width}),
	}
	l.sites.inner, l.sites.output = s.Path("inner"), s.Path("output")
	return l
}

// forward maps x (N, T, Width) to the same shape; the other arguments are those
// of [layers.RelativeAttention.Forward].
func (l *xlLayer) forward(c *layers.Ctx, x, context, distances, u, v *autograd.Tensor) *autograd.Tensor {
	return c.Tape.Block(func() *autograd.Tensor {
		h := l.norm1.Forward(c, ops.Add(x, l.attention.Forward(c, x, context, distances, u, v)))
		f := l.output.Forward(c, c.Drop(l.sites.inner, ops.ReLU(l.inner.Forward(c, h))))
		return l.norm2.Forward(c, ops.Add(h, c.Drop(l.sites.output, f)))
	})
}
