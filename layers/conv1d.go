package layers

import (
	"autodropout/autograd"
	"autodropout/ops"
)

// Conv1DConfig configures [NewConv1D].
type Conv1DConfig struct {
	In, Out  int  // channels
	Size     int  // of the kernel, in steps
	Stride   int  // 0: 1
	Pad      int  // zeros on both ends
	Dilation int  // 0: 1
	Groups   int  // 0: 1
	NoBias   bool // as where a normalisation follows, which has one
	Weight   Init // nil: HeNormal(Size*Out), the fan-out
	BiasInit Init // nil: Zeros
}

// Conv1D is a convolution of sequences. In memory its weight is
// (Size, In/Groups, Out), in files it has PyTorch's order (Out, In/Groups, Size).
type Conv1D struct {
	kernel
	spec ops.ConvSpec
}

// NewConv1D creates the parameters weight and bias in s.
func NewConv1D(s *Scope, config Conv1DConfig) *Conv1D {
	return &Conv1D{
		kernel: newKernel(s, config.Weight, config.BiasInit, config.NoBias, config.Size*config.Out, config.Out,
			config.Size, config.In/max(config.Groups, 1), config.Out),
		spec: ops.ConvSpec{Stride: config.Stride, Pad: config.Pad, Dilation: config.Dilation, Groups: config.Groups},
	}
}

// Forward maps (N, T, In) to (N, T', Out), where T' is as in [ops.Conv1D].
func (l *Conv1D) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return l.shift(c, ops.Conv1D(x, c.Use(l.weight), l.spec))
}
