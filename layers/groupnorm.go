package layers

import (
	"cmp"

	"autodropout/autograd"
	"autodropout/ops"
)

// GroupNormConfig configures [NewGroupNorm].
type GroupNormConfig struct {
	Groups, Channels int
	Eps              float32 // added to the variance; 0: 1e-5
}

// GroupNorm normalises every example within groups of neighbouring channels, then
// scales and shifts each channel (Wu and He, arXiv 1803.08494).
type GroupNorm struct {
	weight, bias *autograd.Param // (Channels); nil: neither scales nor shifts
	groups       int
	eps          float32
}

// NewGroupNorm creates the parameters weight (ones) and bias (zeros) in s.
func NewGroupNorm(s *Scope, config GroupNormConfig) *GroupNorm {
	return &GroupNorm{
		weight: s.Param("weight", Ones, config.Channels),
		bias:   s.Param("bias", Zeros, config.Channels),
		groups: config.Groups,
		eps:    cmp.Or(config.Eps, 1e-5),
	}
}

// InstanceNormConfig configures [NewInstanceNorm].
type InstanceNormConfig struct {
	Channels int
	Affine   bool    // scales and shifts, which PyTorch's does not either unless asked to
	Eps      float32 // added to the variance; 0: 1e-5
}

// NewInstanceNorm returns the normalisation of each channel of every example alone
// (Ulyanov et al., arXiv 1607.08022). It creates the parameters weight (ones) and bias
// (zeros) in s if it is affine.
func NewInstanceNorm(s *Scope, config InstanceNormConfig) *GroupNorm {
	if config.Affine {
		return NewGroupNorm(s, GroupNormConfig{Groups: config.Channels, Channels: config.Channels, Eps: config.Eps})
	}
	return &GroupNorm{groups: config.Channels, eps: cmp.Or(config.Eps, 1e-5)}
}

// Forward maps (N, ..., Channels) to the same shape.
func (l *GroupNorm) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	if l.weight == nil {
		return ops.GroupNorm(x, nil, nil, l.groups, l.eps)
	}
	return ops.GroupNorm(x, c.Use(l.weight), c.Use(l.bias), l.groups, l.eps)
}
