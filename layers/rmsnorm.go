package layers

import (
	"cmp"

	"autodropout/autograd"
	"autodropout/ops"
)

// RMSNormConfig configures [NewRMSNorm].
type RMSNormConfig struct {
	Dim int
	Eps float32 // added to the mean of the squares; 0: 2**-23, as PyTorch
}

// RMSNorm divides by the root of the mean of the squares over the last axis, then
// scales each of its elements (Zhang and Sennrich, arXiv 1910.07467).
type RMSNorm struct {
	weight *autograd.Param // (Dim)
	eps    float32
}

// NewRMSNorm creates the parameter weight (ones) in s.
func NewRMSNorm(s *Scope, config RMSNormConfig) *RMSNorm {
	return &RMSNorm{s.Param("weight", Ones, config.Dim), cmp.Or(config.Eps, 0x1p-23)}
}

// Forward maps (..., Dim) to the same shape.
func (l *RMSNorm) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return ops.RMSNorm(x, c.Use(l.weight), l.eps)
}
