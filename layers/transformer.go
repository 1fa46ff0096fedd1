package layers

import (
	"autodropout/autograd"
	"autodropout/ops"
)

// TransformerConfig configures [NewTransformerBlock].
type TransformerConfig struct {
	Dim    int
	Heads  int  // must divide Dim
	Hidden int  // width of the feed-forward layer; 0: 4*Dim
	Causal bool // a position sees itself and those before it
}

// TransformerBlock is one layer of a Transformer with the normalisation before
// each part (Xiong et al., arXiv 2002.04745):
//
//	x = x + attention(norm1(x))
//	x = x + linear2(GELU(linear1(norm2(x))))
//
// Its parameters are those of PyTorch's TransformerEncoderLayer.
type TransformerBlock struct {
	attention        *SelfAttention
	norm1, norm2     *LayerNorm
	linear1, linear2 *Linear
}

// NewTransformerBlock creates the parameters of self_attn, linear1, linear2,
// norm1 and norm2 in s.
func NewTransformerBlock(s *Scope, config TransformerConfig) *TransformerBlock {
	if config.Hidden == 0 {
		config.Hidden = 4 * config.Dim
	}
	return &TransformerBlock{
		attention: NewSelfAttention(s.Sub("self_attn"), SelfAttentionConfig{Dim: config.Dim, Heads: config.Heads, Causal: config.Causal}),
		linear1:   NewLinear(s.Sub("linear1"), LinearConfig{In: config.Dim, Out: config.Hidden}),
		linear2:   NewLinear(s.Sub("linear2"), LinearConfig{In: config.Hidden, Out: config.Dim}),
		norm1:     NewLayerNorm(s.Sub("norm1"), LayerNormConfig{Dim: config.Dim}),
		norm2:     NewLayerNorm(s.Sub("norm2"), LayerNormConfig{Dim: config.Dim}),
	}
}

// Forward maps (N, T, Dim) to the same shape.
func (b *TransformerBlock) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return c.Tape.Block(func() *autograd.Tensor {
		h := ops.Add(x, b.attention.Forward(c, b.norm1.Forward(c, x)))
		f := ops.GELU(b.linear1.Forward(c, b.norm2.Forward(c, h)))
		return ops.Add(h, b.linear2.Forward(c, f))
	})
}
