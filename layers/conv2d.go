package layers

import (
	"cmp"

	"autodropout/autograd"
	"autodropout/ops"
)

// Conv2DConfig configures [NewConv2D].
type Conv2DConfig struct {
	In, Out  int           // channels
	Size     int           // of the kernel, which is square unless Width is set
	Width    int           // of the kernel, in columns; Size is its rows then
	Stride   int           // 0: 1
	Pad      int           // zeros on every side
	Dilation int           // 0: 1
	Across   *ops.ConvAxis // stride, padding and dilation across, where they are not those down
	Groups   int           // 0: 1
	NoBias   bool          // as where a normalisation follows, which has one
	Weight   Init          // nil: HeNormal(Size*Width*Out), the fan-out
	BiasInit Init          // nil: Zeros
}

// Conv2D is a two-dimensional convolution of channels-last images. In memory
// its weight is (Size, Width, In/Groups, Out), in files it has PyTorch's order
// (Out, In/Groups, Size, Width).
type Conv2D struct {
	kernel
	spec ops.ConvSpec
}

// NewConv2D creates the parameters weight and bias in s.
func NewConv2D(s *Scope, config Conv2DConfig) *Conv2D {
	width := cmp.Or(config.Width, config.Size)
	return &Conv2D{
		kernel: newKernel(s, config.Weight, config.BiasInit, config.NoBias, config.Size*width*config.Out, config.Out,
			config.Size, width, config.In/max(config.Groups, 1), config.Out),
		spec: config.spec(),
	}
}

func (c *Conv2DConfig) spec() ops.ConvSpec {
	return ops.ConvSpec{Stride: c.Stride, Pad: c.Pad, Dilation: c.Dilation, Groups: c.Groups, Across: c.Across}
}

// Forward maps (N, H, W, In) to (N, H', W', Out), where H' and W' are as in
// [ops.Conv2D].
func (l *Conv2D) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return l.shift(c, ops.Conv2D(x, c.Use(l.weight), l.spec))
}

// ForwardMaxPool is Forward and then the maxima over the windows of pool, see
// [ops.Conv2DMaxPool]. The bias is added to the maxima.
func (l *Conv2D) ForwardMaxPool(c *Ctx, x *autograd.Tensor, pool ops.PoolSpec) *autograd.Tensor {
	return l.shift(c, ops.Conv2DMaxPool(x, c.Use(l.weight), l.spec, pool))
}

// kernel has the parameters of a convolution.
type kernel struct {
	weight *autograd.Param
	bias   *autograd.Param // (Out), or nil
}

// newKernel creates a weight, which in files has the order of its axes reversed but
// for the taps, and a bias for out channels. fan is that of the usual initial weights.
func newKernel(s *Scope, weight, bias Init, noBias bool, fan, out int, shape ...int) kernel {
	if weight == nil {
		weight = HeNormal(fan)
	}
	if bias == nil {
		bias = Zeros
	}
	k := kernel{weight: s.Param("weight", weight, shape...)}
	last := len(shape) - 1
	k.weight.FileAxes = []int{last, last - 1}
	for axis := range last - 1 {
		k.weight.FileAxes = append(k.weight.FileAxes, axis)
	}
	if !noBias {
		k.bias = s.Param("bias", bias, out)
	}
	return k
}

// shift adds the bias, if there is one.
func (k *kernel) shift(c *Ctx, y *autograd.Tensor) *autograd.Tensor {
	if k.bias == nil {
		return y
	}
	return ops.AddBias(y, c.Use(k.bias))
}
