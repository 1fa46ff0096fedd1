package layers

import (
	"math"

	"autodropout/autograd"
	"autodropout/ops"
)

// LinearConfig configures [NewLinear].
type LinearConfig struct {
	In, Out  int
	NoBias   bool
	Weight   Init // nil: Uniform(1/sqrt(In)), as PyTorch
	BiasInit Init // nil: the same
}

// Linear computes x*weight^T + bias over the last axis.
type Linear struct {
	weight *autograd.Param // (Out, In)
	bias   *autograd.Param // (Out), or nil
}

// NewLinear creates the parameters weight and bias in s.
func NewLinear(s *Scope, config LinearConfig) *Linear {
	init := Uniform(1 / math.Sqrt(float64(config.In)))
	if config.Weight == nil {
		config.Weight = init
	}
	if config.BiasInit == nil {
		config.BiasInit = init
	}
	l := &Linear{weight: s.Param("weight", config.Weight, config.Out, config.In)}
	if !config.NoBias {
		l.bias = s.Param("bias", config.BiasInit, config.Out)
	}
	return l
}

// Forward maps (..., In) to (..., Out).
func (l *Linear) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	var bias *autograd.Tensor
	if l.bias != nil {
		bias = c.Use(l.bias)
	}
	return ops.Linear(x, c.Use(l.weight), bias)
}
