package models

import (
	"fmt"
	"math"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
)

// TransformerConfig configures [NewTransformer].
type TransformerConfig struct {
	SourceVocab, TargetVocab int // numbers of words

	Layers int // of the encoder, and of the decoder
	Width  int // of word vectors and hidden states, even
	Heads  int // must divide Width
	Inner  int // width of the hidden layer of the feed-forward parts

	PreNorm bool // normalise before each part and behind the last layer, not after each part

	// SharedOutput says that the output uses the word vectors of the target, and
	// SharedVocab that both languages have the same words and vectors.
	SharedOutput, SharedVocab bool

	// End is the word that ends every sentence, and Begin the one that the decoder
	// reads before the first; they may be one.
	Begin, End int

	Seed uint64 // of the initial weights
}

// TransformerBase returns the configuration of the base model (Vaswani et al.,
// arXiv 1706.03762, table 3), with one vocabulary for both languages. It has 44.14
// million parameters, and 512 for each word.
func TransformerBase(words int) TransformerConfig {
	return TransformerConfig{SourceVocab: words, TargetVocab: words, Layers: 6, Width: 512, Heads: 8, Inner: 2048,
		SharedOutput: true, SharedVocab: true}
}

// TransformerIWSLT returns the configuration that fairseq calls
// transformer_iwslt_de_en, as its recipe has it: each language with its own
// words. It has 31.54 million parameters, and 512 for each word of either.
func TransformerIWSLT(sourceWords, targetWords int) TransformerConfig {
	return TransformerConfig{SourceVocab: sourceWords, TargetVocab: targetWords, Layers: 6, Width: 512, Heads: 4, Inner: 1024,
		SharedOutput: true}
}

// check returns an error for a config that describes no model.
func (c *TransformerConfig) check() error {
	for _, size := range []struct {
		name  string
		value int
	}{
		{"source words", c.SourceVocab}, {"target words", c.TargetVocab}, {"layers", c.Layers},
		{"dimensions of a hidden state", c.Width}, {"heads", c.Heads}, {"dimensions of an inner layer", c.Inner},
	} {
		if size.value < 1 {
			return fmt.Errorf("the number of %s of a Transformer must be at least 1, not %d", size.name, size.value)
		}
	}
	switch words := min(c.SourceVocab, c.TargetVocab); {
	case c.Width%2 != 0 || c.Width%c.Heads != 0:
		return fmt.Errorf("the width of a Transformer must be even, for its encodings of positions, and a multiple of its %d heads, not %d", c.Heads, c.Width)
	case c.SharedVocab && c.SourceVocab != c.TargetVocab:
		return fmt.Errorf("languages with %d and %d words cannot share their word vectors: give both the same vocabulary", c.SourceVocab, c.TargetVocab)
	case c.Begin < 0 || c.Begin >= c.TargetVocab || c.End < 0 || c.End >= words:
		return fmt.Errorf("the words %d and %d, which begin and end sentences, are not in vocabularies of %d and %d words", c.Begin, c.End, c.SourceVocab, c.TargetVocab)
	}
	width, words := float64(c.Width), float64(max(c.SourceVocab, c.TargetVocab))
	return checkSize("Transformer", words*width+float64(c.Layers)*width*(12*width+4*float64(c.Inner)))
}

// Transformer translates sentences (Vaswani et al., arXiv 1706.03762). Sentences
// are lists of word ids without the words that begin and end them.
//
// Its parameters are source.weight, target.weight (unless SharedVocab) and
// output.weight (unless SharedOutput), the word vectors; in encoder.layers.{i} and
// decoder.layers.{i}, from 0, those of PyTorch's TransformerEncoderLayer and
// TransformerDecoderLayer; and with PreNorm encoder.norm and decoder.norm. All of
// them decay. The output has no bias.
type Transformer struct {
	config                 TransformerConfig
	params                 *autograd.Params
	source, target, output *autograd.Param // (words, Width)
	encoder, decoder       stack
}

// stack is an encoder or a decoder.
type stack struct {
	blocks        []*layers.TransformerBlock
	norm          *layers.LayerNorm // nil without PreNorm
	input, hidden string            // dropout sites
}

// NewTransformer returns a model whose word vectors are drawn from a normal
// distribution with variance 1/Width, and the weights of its layers by Xavier's
// rule.
func NewTransformer(config TransformerConfig) (*Transformer, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	s := layers.NewScope(config.Seed)
	vectors := func(name string, words int) *autograd.Param {
		return s.Sub(name).Param("weight", layers.Normal(1/math.Sqrt(float64(config.Width))), words, config.Width)
	}
	m := &Transformer{config: config, params: s.Params(), source: vectors("source", config.SourceVocab)}
	if m.target = m.source; !config.SharedVocab {
		m.target = vectors("target", config.TargetVocab)
	}
	if m.output = m.target; !config.SharedOutput {
		m.output = vectors("output", config.TargetVocab)
	}
	m.encoder = newStack(s.Sub("encoder"), config, false)
	m.decoder = newStack(s.Sub("decoder"), config, true)
	return m, nil
}

func newStack(s *layers.Scope, config TransformerConfig, decoder bool) stack {
	k := stack{input: s.Path("input"), hidden: s.Path("hidden")}
	for i := range config.Layers {
		k.blocks = append(k.blocks, layers.NewTransformerBlock(s.Sub(fmt.Sprintf("layers.%d", i)), layers.TransformerBlockConfig{
			Dim: config.Width, Heads: config.Heads, Hidden: config.Inner, Causal: decoder, Cross: decoder,
			PostNorm: !config.PreNorm, ReLU: true, Xavier: true,
		}))
	}
	if config.PreNorm {
		k.norm = layers.NewLayerNorm(s.Sub("norm"), layers.LayerNormConfig{Dim: config.Width})
	}
	return k
}

// Params returns the model's parameters.
func (m *Transformer) Params() *autograd.Params { return m.params }

// Config returns the model's configuration.
func (m *Transformer) Config() TransformerConfig { return m.config }

// String returns a name with the number of layers and the width of the hidden
// states, such as Transformer-6-512.
func (m *Transformer) String() string {
	return fmt.Sprintf("Transformer-%d-%d", m.config.Layers, m.config.Width)
}

// Sites returns the dropout sites. In encoder and decoder they are input, the
// word vectors with their positions, and hidden, the output of the last layer;
// and in layer i
//
//	layers.i.self_attn.{query, key, value, probability, projection}
//	layers.i.multihead_attn.{the same}  (decoder: attention to the source)
//	layers.i.{inner, output}            (feed-forward part)
//
// The kind of a site is the last part of its name, in every attention. So a pattern learned
// for a language model, which has one attention in a layer, acts on all three attentions
// here. The encoder is one stage, the decoder another.
func (m *Transformer) Sites() []dropout.Site {
	var sites []dropout.Site
	for stage, name := range []string{"encoder", "decoder"} {
		sites = append(sites, dropout.Site{Name: name + ".input", Kind: dropout.Input})
		for i := range m.config.Layers {
			add := func(part string, kinds ...dropout.Kind) {
				for _, kind := range kinds {
					sites = append(sites, dropout.Site{Name: fmt.Sprintf("%s.layers.%d.%s%v", name, i, part, kind), Kind: kind,
						Stage: stage, Stages: 2, Block: i, Blocks: m.config.Layers})
				}
			}
			attention := []dropout.Kind{dropout.Query, dropout.Key, dropout.Value, dropout.Probability, dropout.Projection}
			add("self_attn.", attention...)
			if name == "decoder" {
				add("multihead_attn.", attention...)
			}
			add("", dropout.Inner, dropout.Output)
		}
		sites = append(sites, dropout.Site{Name: name + ".hidden", Kind: dropout.Final})
	}
	return sites
}
