package layers

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/ops"
)

// SelfAttentionConfig configures [NewSelfAttention].
type SelfAttentionConfig struct {
	Dim    int
	Heads  int  // must divide Dim
	Causal bool // a position sees itself and those before it
}

// SelfAttention is multi-head self-attention (Vaswani et al., arXiv 1706.03762,
// section 3.2). Its parameters are those of PyTorch's MultiheadAttention.
type SelfAttention struct {
	weight, bias *autograd.Param // (3*Dim, Dim) and (3*Dim): queries, keys, values
	out          *Linear
	config       SelfAttentionConfig
}

// NewSelfAttention creates the parameters in_proj_weight, in_proj_bias,
// out_proj.weight and out_proj.bias in s.
func NewSelfAttention(s *Scope, config SelfAttentionConfig) *SelfAttention {
	if config.Heads <= 0 || config.Dim%config.Heads != 0 {
		panic(&autograd.ShapeError{Op: "layers.NewSelfAttention", Shapes: [][]int{{config.Dim, config.Heads}}, Want: "a dimension that the number of heads divides"})
	}
	return &SelfAttention{
		weight: s.Param("in_proj_weight", XavierUniform(config.Dim, 3*config.Dim), 3*config.Dim, config.Dim),
		bias:   s.Param("in_proj_bias", Zeros, 3*config.Dim),
		out:    NewLinear(s.Sub("out_proj"), LinearConfig{In: config.Dim, Out: config.Dim, Bias: Zeros}),
		config: config,
	}
}

// Forward maps (N, T, Dim) to the same shape.
func (l *SelfAttention) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	if x.Rank() != 3 || x.Dim(2) != l.config.Dim {
		panic(autograd.NewShapeError("layers.SelfAttention", fmt.Sprintf("(N, T, %d)", l.config.Dim), x))
	}
	dim := l.config.Dim
	weight, bias := c.Use(l.weight), c.Use(l.bias)
	part := func(i int) *autograd.Tensor {
		return ops.Linear(x, ops.Slice(weight, 0, i*dim, (i+1)*dim), ops.Slice(bias, 0, i*dim, (i+1)*dim))
	}
	y := ops.Attention(part(0), part(1), part(2), ops.AttentionSpec{Heads: l.config.Heads, Causal: l.config.Causal})
	return l.out.Forward(c, y)
}
