package models

import (
	"fmt"
	"math"
	"sync/atomic"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
)

// TransformerXLConfig configures [NewTransformerXL].
type TransformerXLConfig struct {
	Vocab     int // number of words
	Layers    int
	Width     int // of word vectors and hidden states
	Heads     int
	HeadWidth int // of queries, keys and values in each head
	Inner     int // width of the hidden layer of the feed-forward parts

	// PositionProjection says that every layer projects the encodings of
	// distances for each head, as in the paper. Without it all heads of all
	// layers take the same encodings, of width HeadWidth, as they are.
	PositionProjection bool

	// Cutoffs make the softmax an adaptive one: they are the words, by id, at
	// which the clusters of rare words begin. nil: a plain softmax.
	Cutoffs []int

	Seed uint64 // of the initial weights
}

// TransformerXLPTB returns the configuration for Penn Treebank with its 10,000
// words. It has 26.35 million parameters, and 24.04 million without the
// projections of positions.
func TransformerXLPTB() TransformerXLConfig {
	return TransformerXLConfig{Vocab: 10_000, Layers: 16, Width: 380, Heads: 10, HeadWidth: 38, Inner: 900, PositionProjection: true}
}

// TransformerXLWikiText2 returns the configuration for WikiText-2 with its
// 33,278 words, 37.71 million parameters.
func TransformerXLWikiText2() TransformerXLConfig {
	return TransformerXLConfig{Vocab: 33_278, Layers: 16, Width: 400, Heads: 10, HeadWidth: 40, Inner: 900, PositionProjection: true}
}

// check returns an error for a config that describes no model.
func (c *TransformerXLConfig) check() error {
	for _, size := range []struct {
		name  string
		value int
	}{
		{"words", c.Vocab}, {"layers", c.Layers}, {"dimensions of a hidden state", c.Width}, {"heads", c.Heads},
		{"dimensions of a head", c.HeadWidth}, {"dimensions of an inner layer", c.Inner},
	} {
		if size.value < 1 {
			return fmt.Errorf("the number of %s of a Transformer-XL must be at least 1, not %d", size.name, size.value)
		}
	}
	if c.encodingWidth()%2 != 0 {
		return fmt.Errorf("the encodings of distances in a Transformer-XL are pairs of a sine and a cosine: their width, %d, must be even", c.encodingWidth())
	}
	width, heads, inner := float64(c.Width), float64(c.Heads)*float64(c.HeadWidth), float64(c.Inner)
	return checkSize("Transformer-XL", float64(c.Vocab)*width+float64(c.Layers)*(4*width*heads+2*width*inner))
}

// encodingWidth is the width of the encodings of distances.
func (c *TransformerXLConfig) encodingWidth() int {
	if c.PositionProjection {
		return c.Width
	}
	return c.HeadWidth
}

// TransformerXL is a language model (Dai et al., arXiv 1901.02860): causal
// attention over the segment and a memory of the hidden states before it, by
// relative positions; normalisation after each part; output vectors tied to the
// word vectors.
//
// Its parameters are embedding.weight; content_bias and position_bias, u and v
// of the paper, which all layers share; in layers.{i}, from 0, query, key, value,
// projection, position, norm1, inner, output and norm2; and in softmax those of
// [layers.AdaptiveSoftmax]. All of them decay.
type TransformerXL struct {
	config    TransformerXLConfig
	params    *autograd.Params
	embedding *autograd.Param // (Vocab, Width)
	u, v      *autograd.Param // (Heads, HeadWidth)
	layers    []*xlLayer
	softmax   *layers.AdaptiveSoftmax
	encoded   atomic.Pointer[[]float32] // see distances
}

// NewTransformerXL returns a model whose weights are drawn from a normal
// distribution with standard deviation 0.02.
func NewTransformerXL(config TransformerXLConfig) (*TransformerXL, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	init := layers.Normal(0.02)
	s := layers.NewScope(config.Seed)
	m := &TransformerXL{
		config:    config,
		params:    s.Params(),
		embedding: s.Sub("embedding").Param("weight", init, config.Vocab, config.Width),
		u:         s.Param("content_bias", init, config.Heads, config.HeadWidth),
		v:         s.Param("position_bias", init, config.Heads, config.HeadWidth),
	}
	for i := range config.Layers {
		m.layers = append(m.layers, newXLLayer(s.Sub(fmt.Sprintf("layers.%d", i)), config, init))
	}
	var err error
	m.softmax, err = layers.NewAdaptiveSoftmax(s.Sub("softmax"), layers.AdaptiveSoftmaxConfig{Table: m.embedding, Cutoffs: config.Cutoffs, Weight: init})
	return m, err
}

// Params returns the model's parameters.
func (m *TransformerXL) Params() *autograd.Params { return m.params }

// Config returns the model's configuration.
func (m *TransformerXL) Config() TransformerXLConfig { return m.config }

// String returns a name with the number of layers and the width of the hidden
// states, such as Transformer-XL-16-380.
func (m *TransformerXL) String() string {
	return fmt.Sprintf("Transformer-XL-%d-%d", m.config.Layers, m.config.Width)
}

// Sites returns the dropout sites: words, the rows of the table of word vectors
// as the input uses it; input, the word vectors; for layer i of the names above
// i.query, i.key, i.value, i.probability, i.projection, i.inner and i.output;
// and hidden, the output of the last layer.
func (m *TransformerXL) Sites() []dropout.Site {
	sites := []dropout.Site{{Name: wordsSite, Kind: dropout.Words}, {Name: inputSite, Kind: dropout.Input}}
	for i := range m.layers {
		for _, kind := range []dropout.Kind{
			dropout.Query, dropout.Key, dropout.Value, dropout.Probability, dropout.Projection, dropout.Inner, dropout.Output,
		} {
			sites = append(sites, dropout.Site{
				Name: fmt.Sprintf("layers.%d.%v", i, kind), Kind: kind, Stages: 1, Block: i, Blocks: len(m.layers),
			})
		}
	}
	return append(sites, dropout.Site{Name: hiddenSite, Kind: dropout.Final})
}

// The dropout sites outside the layers.
const (
	wordsSite  = "words"
	inputSite  = "input"
	hiddenSite = "hidden"
)

// Output is what [TransformerXL.Forward] computes.
type Output struct {
	Loss    *autograd.Tensor // mean cross-entropy in nats, a scalar; nil without targets
	Hidden  *autograd.Tensor // output of the last layer at the targets, (N, Target, Width)
	Dropped *autograd.Tensor // the same after dropout: the softmax's input
	Memory  *Memory          // for the next segment

	// Contexts are what each layer attended to, (N, memory and inputs, Width). Their data
	// is kept only on a tape with KeepAll.
	Contexts []*autograd.Tensor
}

// distances returns the encodings of a context's distances: the last rows of those of the
// longest context so far, which shards share.
func (m *TransformerXL) distances(context, width int) []float32 {
	known := m.encoded.Load()
	if known == nil || len(*known) < context*width {
		made := layers.DistanceEncodings(context, width)
		m.encoded.Store(&made)
		return made
	}
	return (*known)[len(*known)-context*width:]
}

// Forward runs the model on a segment. Without dropout, predictions do not depend
// on how a text is cut into segments as long as memory and extended context
// reach back to its beginning.
func (m *TransformerXL) Forward(c *layers.Ctx, s Segment, l Lengths) Output {
	length := s.check(m, l)
	context := s.Memory.length() + length
	var out Output
	w := l.window(context)
	if w.lo < w.hi {
		out.Memory = &Memory{Len: w.hi - w.lo}
	}
	out.Hidden = c.Tape.Block(func() *autograd.Tensor {
		width := m.config.encodingWidth()
		distances := c.Tape.Input(m.distances(context, width), context, width)
		x := m.embed(c, s.Inputs, s.N, length)
		for i, layer := range m.layers {
			context := s.remember(c, i, x, w, out.Memory)
			out.Contexts = append(out.Contexts, context)
			x = layer.forward(c, x, context, distances, c.Use(m.u), c.Use(m.v))
		}
		return ops.Slice(x, 1, length-l.Target, length)
	})
	out.Dropped = c.Drop(hiddenSite, out.Hidden)
	if s.Targets != nil {
		out.Loss = m.softmax.Loss(c, m.rows(out.Dropped), s.Targets)
	}
	return out
}

// Logits returns the log-probabilities of all words as the successor of each
// place in hidden (N, T, Width), up to a constant for each place: (N*T, Vocab).
func (m *TransformerXL) Logits(c *layers.Ctx, hidden *autograd.Tensor) *autograd.Tensor {
	return m.softmax.Logits(c, m.rows(hidden))
}

// LogProbs returns the log-probability, in nats, of each of the targets as the
// successor of its place in hidden (N, T, Width): (N*T). At a temperature other
// than 1 probabilities are raised to the power 1/temperature and rescaled.
func (m *TransformerXL) LogProbs(c *layers.Ctx, hidden *autograd.Tensor, targets []int, temperature float32) *autograd.Tensor {
	if temperature == 1 {
		return m.softmax.LogProbs(c, m.rows(hidden), targets)
	}
	return c.Tape.Block(func() *autograd.Tensor {
		return ops.Pick(ops.LogSoftmax(ops.Scale(m.Logits(c, hidden), 1/temperature)), targets)
	})
}

// rows gives hidden states (N, T, Width) the shape (N*T, Width).
func (m *TransformerXL) rows(hidden *autograd.Tensor) *autograd.Tensor {
	return ops.Reshape(hidden, -1, m.config.Width)
}

// embed returns the scaled word vectors (n, length, Width) of ids.
func (m *TransformerXL) embed(c *layers.Ctx, ids []int, n, length int) *autograd.Tensor {
	return c.Tape.Block(func() *autograd.Tensor {
		mask := c.Mask(wordsSite, m.config.Vocab, m.config.Width)
		x := ops.EmbeddingDropout(c.Use(m.embedding), mask, ids, n, length)
		return c.Drop(inputSite, ops.Scale(x, float32(math.Sqrt(float64(m.config.Width)))))
	})
}
