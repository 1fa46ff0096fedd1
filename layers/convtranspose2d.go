package layers

import (
	"cmp"

	"autodropout/autograd"
	"autodropout/ops"
)

// ConvTranspose2DConfig configures [NewConvTranspose2D]. The usual initial weights are
// HeNormal(Size*Width*Out/Groups), the fan-out.
type ConvTranspose2DConfig struct {
	Conv2DConfig

	// Extra rows at the bottom and columns at the right, which PyTorch calls
	// output_padding; less than the larger of stride and dilation.
	ExtraRows, ExtraCols int
}

// ConvTranspose2D is a transposed convolution of channels-last images; see
// [ops.ConvTranspose2D]. In memory its weight is (Size, Width, Out/Groups, In), in files
// it has PyTorch's order (In, Out/Groups, Size, Width).
type ConvTranspose2D struct {
	kernel
	spec ops.ConvTransposeSpec
}

// NewConvTranspose2D creates the parameters weight and bias in s.
func NewConvTranspose2D(s *Scope, config ConvTranspose2DConfig) *ConvTranspose2D {
	width, each := cmp.Or(config.Width, config.Size), config.Out/max(config.Groups, 1)
	return &ConvTranspose2D{
		kernel: newKernel(s, config.Weight, config.BiasInit, config.NoBias, config.Size*width*each, config.Out,
			config.Size, width, each, config.In),
		spec: ops.ConvTransposeSpec{ConvSpec: config.spec(), ExtraRows: config.ExtraRows, ExtraCols: config.ExtraCols},
	}
}

// Forward maps (N, H, W, In) to (N, H', W', Out), where H' and W' are as in
// [ops.ConvTranspose2D].
func (l *ConvTranspose2D) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return l.shift(c, ops.ConvTranspose2D(x, c.Use(l.weight), l.spec))
}
