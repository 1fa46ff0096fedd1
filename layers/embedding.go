package layers

import (
	"autodropout/autograd"
	"autodropout/ops"
)

// EmbeddingConfig configures [NewEmbedding].
type EmbeddingConfig struct {
	Count  int // of ids
	Dim    int
	Weight Init // nil: Normal(1), as PyTorch
}

// Embedding is a table with one learned vector per id.
type Embedding struct {
	weight *autograd.Param // (Count, Dim)
}

// NewEmbedding creates the parameter weight in s.
func NewEmbedding(s *Scope, config EmbeddingConfig) *Embedding {
	if config.Weight == nil {
		config.Weight = Normal(1)
	}
	return &Embedding{s.Param("weight", config.Weight, config.Count, config.Dim)}
}

// Forward returns the vectors of ids, which are arranged in the given shape:
// (shape..., Dim). Without a shape it is (len(ids), Dim).
func (l *Embedding) Forward(c *Ctx, ids []int, shape ...int) *autograd.Tensor {
	return ops.Embedding(c.Use(l.weight), ids, shape...)
}
