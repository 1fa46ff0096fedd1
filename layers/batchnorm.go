package layers

import (
	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/ops"
)

// BatchNormConfig configures [NewBatchNorm].
type BatchNormConfig struct {
	Channels int
	Momentum float32 // weight of the batch in an update of the running statistics; 0: 0.1
	Eps      float32 // added to the variance; 0: 1e-5
	NoScale  bool    // weight is not trained: it is a buffer, and stays 1
}

// BatchNorm normalises each channel over the batch and all positions, then scales and
// shifts it (Ioffe and Szegedy, arXiv 1502.03167). Outside training it uses running
// statistics, which are updated once a training pass has its gradients (see
// [autograd.Tape.Defer]). A training pass with a single value of each channel, such as a
// last batch of one image with maps of one pixel, has no variance: it uses the running
// statistics too, and leaves them unchanged.
type BatchNorm struct {
	weight, bias   *autograd.Param  // scale and shift, (Channels)
	ones           *autograd.Buffer // in place of weight; nil: there is weight
	mean, variance *autograd.Buffer
	momentum, eps  float32
}

// NewBatchNorm creates the parameters weight (ones) and bias (zeros) and the
// buffers running_mean (zeros) and running_var (ones) in s.
func NewBatchNorm(s *Scope, config BatchNormConfig) *BatchNorm {
	l := &BatchNorm{momentum: config.Momentum, eps: config.Eps}
	if config.NoScale {
		l.ones = s.Buffer("weight", 1, config.Channels)
	} else {
		l.weight = s.Param("weight", Ones, config.Channels)
	}
	l.bias = s.Param("bias", Zeros, config.Channels)
	l.mean, l.variance = s.Buffer("running_mean", 0, config.Channels), s.Buffer("running_var", 1, config.Channels)
	return l
}

// scale returns the tensor of the weight.
func (l *BatchNorm) scale(c *Ctx) *autograd.Tensor {
	if l.ones != nil {
		return autograd.FromSlice(l.ones.Data, len(l.ones.Data))
	}
	return c.Use(l.weight)
}

// Forward maps (..., Channels) to the same shape.
func (l *BatchNorm) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return ops.BatchNorm(x, l.scale(c), c.Use(l.bias), l.running(), l.spec(c, x))
}

// ForwardReLU is ReLU of Forward, then dropout with mask unless mask is nil, computed in
// one pass.
func (l *BatchNorm) ForwardReLU(c *Ctx, x *autograd.Tensor, mask dropout.Mask) *autograd.Tensor {
	return ops.BatchNormReLU(x, l.scale(c), c.Use(l.bias), l.running(), l.spec(c, x), mask)
}

// ForwardSiLU is SiLU of Forward, with dropout by mask between them unless that is
// nil, computed in one pass.
func (l *BatchNorm) ForwardSiLU(c *Ctx, x *autograd.Tensor, mask dropout.Mask) *autograd.Tensor {
	return ops.BatchNormSiLU(x, l.scale(c), c.Use(l.bias), l.running(), l.spec(c, x), mask)
}

// ForwardGELU is [BatchNorm.ForwardSiLU] with the GELU.
func (l *BatchNorm) ForwardGELU(c *Ctx, x *autograd.Tensor, mask dropout.Mask) *autograd.Tensor {
	return ops.BatchNormGELU(x, l.scale(c), c.Use(l.bias), l.running(), l.spec(c, x), mask)
}

// ForwardAddReLU is ReLU of the sum of Forward and residual, computed in one pass.
func (l *BatchNorm) ForwardAddReLU(c *Ctx, x, residual *autograd.Tensor) *autograd.Tensor {
	return ops.BatchNormAddReLU(x, l.scale(c), c.Use(l.bias), residual, l.running(), l.spec(c, x))
}

// After computes, in one operation for prediction: a convolution without a bias, the
// normalisation with its running statistics, then end. It panics if the convolution has a bias.
func (l *BatchNorm) After(c *Ctx, conv *Conv2D, x *autograd.Tensor, end ops.ConvEnd) *autograd.Tensor {
	if conv.bias != nil {
		panic(&autograd.ShapeError{Op: "layers.BatchNorm.After", Shapes: [][]int{conv.weight.Shape(), conv.bias.Shape()}, Want: "a convolution without a bias: NoBias makes one"})
	}
	return ops.ConvBatchNorm(x, c.Use(conv.weight), l.scale(c), c.Use(l.bias), l.running(), conv.spec, ops.BatchNormSpec{Eps: l.eps}, end)
}

func (l *BatchNorm) running() ops.BatchNormStats {
	return ops.BatchNormStats{Mean: l.mean.Data, Var: l.variance.Data}
}

func (l *BatchNorm) spec(c *Ctx, x *autograd.Tensor) ops.BatchNormSpec {
	single := x.Rank() > 0 && x.Len() == x.Dim(-1) && x.Len() > 0
	return ops.BatchNormSpec{Train: c.Trains() && !single, Momentum: l.momentum, Eps: l.eps}
}
