package layers

import (
	"autodropout/autograd"
	"autodropout/ops"
)

// LayerNormConfig configures [NewLayerNorm].
type LayerNormConfig struct {
	Dim int
	Eps float32 // added to the variance; 0: 1e-5
}

// LayerNorm normalises over the last axis, then scales and shifts each of its
// elements (Ba et al., arXiv 1607.06450).
type LayerNorm struct {
	weight, bias *autograd.Param // (Dim)
	eps          float32
}

// NewLayerNorm creates the parameters weight (ones) and bias (zeros) in s.
func NewLayerNorm(s *Scope, config LayerNormConfig) *LayerNorm {
	if config.Eps == 0 {
		config.Eps = 1e-5
	}
	return &LayerNorm{
		weight: s.Param("weight", Ones, config.Dim),
		bias:   s.Param("bias", Zeros, config.Dim),
		eps:    config.Eps,
	}
}

// Forward maps (..., Dim) to the same shape.
func (l *LayerNorm) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return ops.LayerNorm(x, c.Use(l.weight), c.Use(l.bias), l.eps)
}
