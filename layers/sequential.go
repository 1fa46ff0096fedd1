package layers

import (
	"autodropout/autograd"
	"autodropout/ops"
)

// Sequential applies its layers one after another, as [Chain] does.
type Sequential []Layer

// Forward applies the layers to x, the first one first.
func (l Sequential) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor { return Chain(c, x, l...) }

// Func is an operation as a layer, such as Func(ops.ReLU).
type Func func(x *autograd.Tensor) *autograd.Tensor

// Forward returns f(x).
func (f Func) Forward(_ *Ctx, x *autograd.Tensor) *autograd.Tensor { return f(x) }

// Upsample is [ops.Upsample] as a layer.
type Upsample ops.UpsampleSpec

// Forward maps (N, H, W, C) to (N, H', W', C).
func (l Upsample) Forward(_ *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return ops.Upsample(x, ops.UpsampleSpec(l))
}

// AdaptiveAvgPool2D is [ops.AdaptiveAvgPool2D] as a layer.
type AdaptiveAvgPool2D struct{ Height, Width int }

// Forward maps (N, H, W, C) to (N, Height, Width, C).
func (l AdaptiveAvgPool2D) Forward(_ *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return ops.AdaptiveAvgPool2D(x, l.Height, l.Width)
}

// AdaptiveMaxPool2D is [ops.AdaptiveMaxPool2D] as a layer.
type AdaptiveMaxPool2D struct{ Height, Width int }

// Forward maps (N, H, W, C) to (N, Height, Width, C).
func (l AdaptiveMaxPool2D) Forward(_ *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return ops.AdaptiveMaxPool2D(x, l.Height, l.Width)
}

// NewModel returns the model that is one layer, such as a [Sequential], whose
// parameters were created in s.
func NewModel(s *Scope, l Layer) Model { return &model{l, s.Params()} }

type model struct {
	Layer
	params *autograd.Params
}

// Params implements [Model].
func (m *model) Params() *autograd.Params { return m.params }
