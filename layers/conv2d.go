package layers

import (
	"autodropout/autograd"
	"autodropout/ops"
)

// Conv2DConfig configures [NewConv2D].
type Conv2DConfig struct {
	In, Out  int  // channels
	Size     int  // of the kernel, which is square
	Stride   int  // 0: 1
	Pad      int  // zeros on every side
	Dilation int  // 0: 1
	Groups   int  // 0: 1
	NoBias   bool // as where a normalisation follows, which has one
	Weight   Init // nil: HeNormal(Size*Size*Out), the fan-out
	BiasInit Init // nil: Zeros
}

// Conv2D is a two-dimensional convolution of channels-last images. In memory
// its weight is (Size, Size, In/Groups, Out), in files it has PyTorch's order
// (Out, In/Groups, Size, Size).
type Conv2D struct {
	weight *autograd.Param
	bias   *autograd.Param // (Out), or nil
	spec   ops.ConvSpec
}

// NewConv2D creates the parameters weight and bias in s.
func NewConv2D(s *Scope, config Conv2DConfig) *Conv2D {
	if config.Weight == nil {
		config.Weight = HeNormal(config.Size * config.Size * config.Out)
	}
	if config.BiasInit == nil {
		config.BiasInit = Zeros
	}
	l := &Conv2D{
		weight: s.Param("weight", config.Weight, config.Size, config.Size, config.In/max(config.Groups, 1), config.Out),
		spec:   ops.ConvSpec{Stride: config.Stride, Pad: config.Pad, Dilation: config.Dilation, Groups: config.Groups},
	}
	l.weight.FileAxes = []int{3, 2, 0, 1}
	if !config.NoBias {
		l.bias = s.Param("bias", config.BiasInit, config.Out)
	}
	return l
}

// Forward maps (N, H, W, In) to (N, H', W', Out).
func (l *Conv2D) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	y := ops.Conv2D(x, c.Use(l.weight), l.spec)
	if l.bias != nil {
		y = ops.AddBias(y, c.Use(l.bias))
	}
	return y
}
