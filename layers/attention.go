package layers

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/ops"
)

// AttentionConfig configures [NewAttention].
type AttentionConfig struct {
	Dim    int
	Heads  int  // must divide Dim
	Causal bool // a position sees itself and those before it
	Xavier bool // the output begins with XavierUniform weights, not as [NewLinear]
}

// Attention is multi-head attention (Vaswani et al., arXiv 1706.03762, section
// 3.2). Its parameters are those of PyTorch's MultiheadAttention.
type Attention struct {
	weight, bias *autograd.Param // (3*Dim, Dim) and (3*Dim): queries, keys, values
	out          *Linear
	config       AttentionConfig
	sites        struct{ query, key, value, probability, projection string }
}

// NewAttention creates the parameters in_proj_weight, in_proj_bias,
// out_proj.weight and out_proj.bias in s.
func NewAttention(s *Scope, config AttentionConfig) *Attention {
	if config.Heads <= 0 || config.Dim%config.Heads != 0 {
		panic(&autograd.ShapeError{Op: "layers.NewAttention", Shapes: [][]int{{config.Dim, config.Heads}}, Want: "a dimension that the number of heads divides"})
	}
	out := LinearConfig{In: config.Dim, Out: config.Dim, BiasInit: Zeros}
	if config.Xavier {
		out.Weight = XavierUniform(config.Dim, config.Dim)
	}
	l := &Attention{
		weight: s.Param("in_proj_weight", XavierUniform(config.Dim, 3*config.Dim), 3*config.Dim, config.Dim),
		bias:   s.Param("in_proj_bias", Zeros, 3*config.Dim),
		out:    NewLinear(s.Sub("out_proj"), out),
		config: config,
	}
	l.sites.query, l.sites.key, l.sites.value = s.Path("query"), s.Path("key"), s.Path("value")
	l.sites.probability, l.sites.projection = s.Path("probability"), s.Path("projection")
	return l
}

// Forward is self-attention: it maps (N, T, Dim) to the same shape.
func (l *Attention) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return l.Attend(c, x, x, nil)
}

// Attend maps x (N, T, Dim), which attends to context (N, S, Dim), to the shape of x. The
// states of an example's context after the first lengths[i], 1 to S, are padding; nil means
// none. Dropout acts at the sites query, key, value, probability and projection of the
// layer's scope.
func (l *Attention) Attend(c *Ctx, x, context *autograd.Tensor, lengths []int) *autograd.Tensor {
	return l.AttendTo(c, x, l.Keys(c, context), l.Values(c, context), lengths)
}

// Keys returns the keys (N, S, Dim) of a context of that shape.
func (l *Attention) Keys(c *Ctx, context *autograd.Tensor) *autograd.Tensor {
	return c.Drop(l.sites.key, l.project(c, context, 1))
}

// Values returns the values (N, S, Dim) of a context of that shape.
func (l *Attention) Values(c *Ctx, context *autograd.Tensor) *autograd.Tensor {
	return c.Drop(l.sites.value, l.project(c, context, 2))
}

// AttendTo is [Attention.Attend] with what [Attention.Keys] and [Attention.Values]
// returned for the context.
func (l *Attention) AttendTo(c *Ctx, x, keys, values *autograd.Tensor, lengths []int) *autograd.Tensor {
	y := ops.Attention(c.Drop(l.sites.query, l.project(c, x, 0)), keys, values, ops.AttentionSpec{
		Heads:   l.config.Heads,
		Causal:  l.config.Causal,
		Lengths: lengths,
		Mask:    c.Mask(l.sites.probability, x.Dim(0), l.config.Heads, x.Dim(1), keys.Dim(1)),
	})
	return c.Drop(l.sites.projection, l.out.Forward(c, y))
}

// project applies a part of the input projection: 0 makes queries, 1 keys and 2
// values.
func (l *Attention) project(c *Ctx, x *autograd.Tensor, part int) *autograd.Tensor {
	dim := l.config.Dim
	if x.Rank() != 3 || x.Dim(2) != dim {
		panic(autograd.NewShapeError("layers.Attention", fmt.Sprintf("(N, T, %d)", dim), x))
	}
	lo, hi := part*dim, (part+1)*dim
	return ops.Linear(x, ops.Slice(c.Use(l.weight), 0, lo, hi), ops.Slice(c.Use(l.bias), 0, lo, hi))
}
