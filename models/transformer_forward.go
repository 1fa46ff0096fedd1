package models

import (
	"math"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/ops"
)

// padded is a batch of sentences of ids, each of a length of at least 1, in rows
// as long as the longest. What stands behind a sentence is a word like any other;
// nothing that counts depends on it.
type padded struct {
	words      []int // (n, longest)
	lengths    []int
	n, longest int
}

// pad returns the sentences, each between the words of before and behind.
func pad(sentences [][]int32, before, behind []int) padded {
	p := padded{n: len(sentences), lengths: make([]int, len(sentences))}
	for i, s := range sentences {
		p.lengths[i] = len(before) + len(s) + len(behind)
		p.longest = max(p.longest, p.lengths[i])
	}
	p.words = make([]int, p.n*p.longest)
	for i, s := range sentences {
		row := append(p.words[i*p.longest:i*p.longest], before...)
		for _, word := range s {
			row = append(row, int(word))
		}
		copy(p.words[i*p.longest+len(row):], behind)
	}
	return p
}

// places returns the indices of the words that are not padding.
func (p *padded) places() []int {
	var places []int
	for i, length := range p.lengths {
		for j := range length {
			places = append(places, i*p.longest+j)
		}
	}
	return places
}

// Loss returns the mean cross-entropy, in nats, of the words of the targets and the ends
// behind them, as translations of the sources: a scalar. With smoothing, a share of each
// word's probability is spread evenly over all words. There must be a sentence, and as many
// targets as sources.
func (m *Transformer) Loss(c *layers.Ctx, sources, targets [][]int32, smoothing float32) *autograd.Tensor {
	if len(sources) == 0 || len(sources) != len(targets) {
		panic(&autograd.ShapeError{Op: "models.Transformer.Loss", Shapes: [][]int{{len(sources)}, {len(targets)}}, Want: "as many targets as sources, at least one"})
	}
	source := m.sources(sources)
	begin, end := []int{m.config.Begin}, []int{m.config.End}
	target := pad(targets, nil, end)
	places := target.places()
	hidden := c.Tape.Block(func() *autograd.Tensor {
		memory := m.encode(c, source)
		hidden := ops.Reshape(m.decode(c, memory, source.lengths, pad(targets, begin, nil)), -1, m.config.Width)
		if len(places) == len(target.words) {
			return hidden
		}
		return ops.Embedding(hidden, places) // without padding
	})
	words := make([]int, len(places))
	for i, place := range places {
		words[i] = target.words[place]
	}
	return ops.CrossEntropy(m.logits(c, hidden), words, ops.CrossEntropySpec{Smoothing: smoothing})
}

// sources returns source sentences as the encoder reads them.
func (m *Transformer) sources(sentences [][]int32) padded {
	return pad(sentences, nil, []int{m.config.End})
}

// Encode returns the memory (N, S, Width) of N sources in rows of S words each, of which the
// first lengths[i] count. The last of those is the word that ends sentences.
func (m *Transformer) Encode(c *layers.Ctx, words, lengths []int) *autograd.Tensor {
	n := len(lengths)
	return m.encode(c, padded{words, lengths, n, len(words) / n})
}

// Decode returns the log-probabilities (N, T, TargetVocab), up to a constant for each
// place, of the successors of the words, T in each row. memory is what [Transformer.Encode]
// returned for sources of these lengths. The first word of a row is the one that begins
// sentences.
func (m *Transformer) Decode(c *layers.Ctx, memory *autograd.Tensor, lengths, words []int) *autograd.Tensor {
	n := memory.Dim(0)
	return m.logits(c, m.decode(c, memory, lengths, padded{words: words, n: n, longest: len(words) / n}))
}

// encode returns the memory (N, S, Width) of the sources.
func (m *Transformer) encode(c *layers.Ctx, source padded) *autograd.Tensor {
	return c.Tape.Block(func() *autograd.Tensor {
		x := m.embed(c, m.encoder, m.source, source, 0)
		for _, block := range m.encoder.blocks {
			x = block.Encode(c, x, source.lengths)
		}
		return m.encoder.end(c, x)
	})
}

// decode returns the hidden states (N, T, Width) that predict what follows each
// word of the inputs, for the memory of sources of these lengths.
func (m *Transformer) decode(c *layers.Ctx, memory *autograd.Tensor, lengths []int, inputs padded) *autograd.Tensor {
	return c.Tape.Block(func() *autograd.Tensor {
		x := m.embed(c, m.decoder, m.target, inputs, 0)
		for _, block := range m.decoder.blocks {
			x = block.Decode(c, x, memory, lengths)
		}
		return m.decoder.end(c, x)
	})
}

// logits returns the log-probabilities of all words, up to a constant for each
// row of hidden (..., Width): (..., TargetVocab).
func (m *Transformer) logits(c *layers.Ctx, hidden *autograd.Tensor) *autograd.Tensor {
	return ops.Linear(hidden, c.Use(m.output), nil)
}

// embed returns the scaled word vectors plus the encodings of their positions,
// the first of which is given: (N, longest, Width).
func (m *Transformer) embed(c *layers.Ctx, k stack, table *autograd.Param, words padded, first int) *autograd.Tensor {
	return c.Tape.Block(func() *autograd.Tensor {
		width := m.config.Width
		x := ops.Scale(ops.Embedding(c.Use(table), words.words, words.n, words.longest), float32(math.Sqrt(float64(width))))
		row := layers.PositionEncodings(first, words.longest, width)
		rows := make([]float32, 0, words.n*len(row))
		for range words.n {
			rows = append(rows, row...)
		}
		return c.Drop(k.input, ops.Add(x, c.Tape.Input(rows, words.n, words.longest, width)))
	})
}

// end is what follows the last layer.
func (k stack) end(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	if k.norm != nil {
		x = k.norm.Forward(c, x)
	}
	return c.Drop(k.hidden, x)
}
