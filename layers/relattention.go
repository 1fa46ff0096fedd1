package layers

import (
	"fmt"
	"slices"

	"autodropout/autograd"
	"autodropout/ops"
)

// RelativeAttentionConfig configures [NewRelativeAttention].
type RelativeAttentionConfig struct {
	Dim     int // of the hidden states
	Heads   int
	HeadDim int // of queries, keys and values in each head

	// Positions is the width of the encodings of distances, which the layer
	// projects to HeadDim for every head. 0: there is no projection, and all
	// heads take encodings of width HeadDim as they are.
	Positions int

	Weight Init // of all projections; nil: as [NewLinear]
}

// RelativeAttention is causal multi-head self-attention with a memory, in which only the
// distance of positions counts (Dai et al., arXiv 1901.02860, section 3.3). A query at
// position i and a key at position j <= i have the score
//
//	((q_i + u)·k_j + (q_i + v)·r_{i-j}) / sqrt(HeadDim)
//
// where r is the projected encoding of the distance. Projections have no bias.
type RelativeAttention struct {
	config                        RelativeAttentionConfig
	query, key, value, projection *Linear
	position                      *Linear // nil without a projection
	sites                         struct{ query, key, value, probability, projection string }
}

// NewRelativeAttention creates the parameters query.weight, key.weight,
// value.weight, projection.weight and, unless config.Positions is 0,
// position.weight in s.
func NewRelativeAttention(s *Scope, config RelativeAttentionConfig) *RelativeAttention {
	linear := func(name string, in, out int) *Linear {
		return NewLinear(s.Sub(name), LinearConfig{In: in, Out: out, NoBias: true, Weight: config.Weight})
	}
	all := config.Heads * config.HeadDim
	l := &RelativeAttention{
		config:     config,
		query:      linear("query", config.Dim, all),
		key:        linear("key", config.Dim, all),
		value:      linear("value", config.Dim, all),
		projection: linear("projection", all, config.Dim),
	}
	if config.Positions > 0 {
		l.position = linear("position", config.Positions, all)
	}
	l.sites.query, l.sites.key, l.sites.value = s.Path("query"), s.Path("key"), s.Path("value")
	l.sites.probability, l.sites.projection = s.Path("probability"), s.Path("projection")
	return l
}

// Forward maps x (N, T, Dim) to the same shape. x attends to context (N, S, Dim): a memory
// of S-T states, followed by x. distances are those of [DistanceEncodings](S, Positions),
// or (S, HeadDim) without a projection; u and v (Heads, HeadDim) are the biases of content
// and position. Dropout acts at the sites query, key, value, probability and projection of
// the layer's scope.
func (l *RelativeAttention) Forward(c *Ctx, x, context, distances, u, v *autograd.Tensor) *autograd.Tensor {
	if x.Rank() != 3 || context.Rank() != 3 || x.Dim(0) != context.Dim(0) || x.Dim(1) > context.Dim(1) || x.Dim(2) != l.config.Dim || context.Dim(2) != l.config.Dim {
		panic(autograd.NewShapeError("layers.RelativeAttention", fmt.Sprintf("x (N, T, %d) and a context (N, S, %d) with S at least T", l.config.Dim, l.config.Dim), x, context))
	}
	y := ops.RelativeAttention(
		c.Drop(l.sites.query, l.query.Forward(c, x)),
		c.Drop(l.sites.key, l.key.Forward(c, context)),
		c.Drop(l.sites.value, l.value.Forward(c, context)),
		l.relative(c, distances), u, v,
		ops.AttentionSpec{
			Heads: l.config.Heads,
			Mask:  c.Mask(l.sites.probability, x.Dim(0), l.config.Heads, x.Dim(1), context.Dim(1)),
		},
	)
	return c.Drop(l.sites.projection, l.projection.Forward(c, y))
}

// relative returns what queries meet, (S, Heads*HeadDim), for encodings
// (S, Positions) of distances.
func (l *RelativeAttention) relative(c *Ctx, distances *autograd.Tensor) *autograd.Tensor {
	if l.position != nil {
		return l.position.Forward(c, distances)
	}
	return ops.Concat(1, slices.Repeat([]*autograd.Tensor{distances}, l.config.Heads)...)
}
