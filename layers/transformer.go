package layers

import (
	"autodropout/autograd"
	"autodropout/ops"
)

// TransformerBlockConfig configures [NewTransformerBlock].
type TransformerBlockConfig struct {
	Dim      int
	Heads    int  // must divide Dim
	Hidden   int  // width of the feed-forward layer; 0: 4*Dim
	Causal   bool // a position sees itself and those before it
	Cross    bool // as in a decoder, positions attend to an encoder's memory as well
	PostNorm bool // normalise after each part, as Vaswani et al., not before it
	ReLU     bool // in the feed-forward layer, in place of GELU
	Xavier   bool // linear layers begin with XavierUniform weights and biases of zero
}

// TransformerBlock is one layer of a Transformer (Vaswani et al., arXiv
// 1706.03762) with the normalisation before each part (Xiong et al., arXiv
// 2002.04745):
//
//	x = x + attention(norm1(x))
//	x = x + attention(norm2(x), memory)
//	x = x + linear2(GELU(linear1(norm3(x))))
//
// or, with PostNorm, after it: x = norm1(x + attention(x)), and so on. Without
// Cross the second part is not there, and the third has norm2.
//
// Its parameters are those of PyTorch's TransformerEncoderLayer, with Cross of
// TransformerDecoderLayer.
type TransformerBlock struct {
	self, cross      *Attention // cross is nil without config.Cross
	norms            []*LayerNorm
	linear1, linear2 *Linear
	config           TransformerBlockConfig
	sites            struct{ inner, output string }
}

// NewTransformerBlock creates the parameters of self_attn, multihead_attn (with
// Cross), linear1, linear2, norm1, norm2 and norm3 (with Cross) in s.
func NewTransformerBlock(s *Scope, config TransformerBlockConfig) *TransformerBlock {
	if config.Hidden == 0 {
		config.Hidden = 4 * config.Dim
	}
	attention := AttentionConfig{Dim: config.Dim, Heads: config.Heads, Causal: config.Causal, Xavier: config.Xavier}
	linear1, linear2 := LinearConfig{In: config.Dim, Out: config.Hidden}, LinearConfig{In: config.Hidden, Out: config.Dim}
	if config.Xavier {
		linear1.Weight, linear1.BiasInit = XavierUniform(config.Dim, config.Hidden), Zeros
		linear2.Weight, linear2.BiasInit = linear1.Weight, Zeros
	}
	b := &TransformerBlock{
		self:    NewAttention(s.Sub("self_attn"), attention),
		linear1: NewLinear(s.Sub("linear1"), linear1),
		linear2: NewLinear(s.Sub("linear2"), linear2),
		config:  config,
	}
	b.sites.inner, b.sites.output = s.Path("inner"), s.Path("output")
	names := []string{"norm1", "norm2"}
	if config.Cross {
		attention.Causal = false
		b.cross = NewAttention(s.Sub("multihead_attn"), attention)
		names = append(names, "norm3")
	}
	for _, name := range names {
		b.norms = append(b.norms, NewLayerNorm(s.Sub(name), LayerNormConfig{Dim: config.Dim}))
	}
	return b
}

// Forward maps (N, T, Dim) to the same shape, without padding.
func (b *TransformerBlock) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return b.Encode(c, x, nil)
}

// Encode maps x (N, T, Dim) to the same shape; the positions of an example after the first
// lengths[i] are padding, which the others do not see. nil means none.
//
// Dropout acts at the sites of [Attention] in self_attn and multihead_attn, and at
// inner and output, in the block's scope.
func (b *TransformerBlock) Encode(c *Ctx, x *autograd.Tensor, lengths []int) *autograd.Tensor {
	b.needs(false, "Encode", x)
	return b.run(c, x, func(x *autograd.Tensor) *autograd.Tensor { return b.self.Attend(c, x, x, lengths) }, nil)
}

// Decode maps x (N, T, Dim) to the same shape. The block also attends to memory (N, S,
// Dim), whose states after the first lengths[i] are padding. If x is padded at the end, a
// causal block needs no lengths for it.
func (b *TransformerBlock) Decode(c *Ctx, x, memory *autograd.Tensor, lengths []int) *autograd.Tensor {
	b.needs(true, "Decode", x)
	return b.run(c, x,
		func(x *autograd.Tensor) *autograd.Tensor { return b.self.Attend(c, x, x, nil) },
		func(x *autograd.Tensor) *autograd.Tensor { return b.cross.Attend(c, x, memory, lengths) })
}

// needs panics unless the block has Cross, or has not.
func (b *TransformerBlock) needs(cross bool, method string, x *autograd.Tensor) {
	if (b.cross != nil) != cross {
		panic(autograd.NewShapeError("layers.TransformerBlock."+method, "Forward and Encode for a block without Cross; Decode, Recall and Continue for one with it", x))
	}
}

// run applies the block with the given attentions, of which cross may be nil.
func (b *TransformerBlock) run(c *Ctx, x *autograd.Tensor, self, cross func(x *autograd.Tensor) *autograd.Tensor) *autograd.Tensor {
	parts := []func(x *autograd.Tensor) *autograd.Tensor{self, cross, func(x *autograd.Tensor) *autograd.Tensor { return b.feedForward(c, x) }}
	return c.Tape.Block(func() *autograd.Tensor {
		norms := b.norms
		for _, part := range parts {
			if part == nil {
				continue
			}
			norm := norms[0]
			norms = norms[1:]
			if b.config.PostNorm {
				x = norm.Forward(c, ops.Add(x, part(x)))
			} else {
				x = ops.Add(x, part(norm.Forward(c, x)))
			}
		}
		return x
	})
}

func (b *TransformerBlock) feedForward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	activation := ops.GELU
	if b.config.ReLU {
		activation = ops.ReLU
	}
	h := c.Drop(b.sites.inner, activation(b.linear1.Forward(c, x)))
	return c.Drop(b.sites.output, b.linear2.Forward(c, h))
}
