package controller

import (
	"fmt"
	"math"
	"math/rand/v2"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
)

// NetworkConfig is the size of the controller's network, a Transformer. A zero field stands for the default.
type NetworkConfig struct {
	Layers int    `json:"layers"` // of the Transformer; default 2
	Width  int    `json:"width"`  // of its hidden states; default 32
	Heads  int    `json:"heads"`  // of its attention, a divisor of Width; default 4
	Seed   uint64 `json:"-"`      // of the first weights
}

func (c NetworkConfig) withDefaults() NetworkConfig {
	if c.Layers == 0 {
		c.Layers = 2
	}
	if c.Width == 0 {
		c.Width = 32
	}
	if c.Heads == 0 {
		c.Heads = 4
	}
	return c
}

// check returns what is wrong with the network for points of so many decisions. A
// few numbers in a log must not ask for tens of gigabytes.
func (c NetworkConfig) check(decisions int) error {
	const (
		mostLayers, mostWidth = 64, 4096
		mostWeights           = 1 << 24 // of products, which an optimizer has three times
		mostPairs             = 1 << 28 // of decisions that attend to each other
	)
	switch {
	case c.Layers < 1 || c.Layers > mostLayers:
		return fmt.Errorf("controller: its network has %d layers; it must have from 1 to %d", c.Layers, mostLayers)
	case c.Width < 1 || c.Width > mostWidth:
		return fmt.Errorf("controller: its network is %d wide; it must be from 1 to %d", c.Width, mostWidth)
	case c.Heads < 1 || c.Width%c.Heads != 0:
		return fmt.Errorf("controller: its network has %d attention heads; their number must divide its width, %d", c.Heads, c.Width)
	case 12*c.Layers*c.Width*c.Width > mostWeights:
		return fmt.Errorf("controller: its network of %d layers, %d wide, would have more than %d million weights: take fewer layers, or narrower ones", c.Layers, c.Width, mostWeights>>20)
	case c.Layers*c.Heads > mostPairs/max(1, decisions*decisions):
		return fmt.Errorf("controller: its network of %d layers with %d heads would need too much memory for %d decisions: take fewer of them", c.Layers, c.Heads, decisions)
	}
	return nil
}

// network is a probability distribution over the points of a space: a
// causal Transformer that makes one choice after another. What stands for a
// decision is the sum of three learned vectors: for the value chosen before it,
// for its choice and for its group; so what is learned about a choice in one
// group is a start in the others. A new network is uniform.
type network struct {
	space dropout.Space
	begin beginning // the distribution of a new one
	first []int     // by choice of a group: the index of its first value among all

	value, choice, group *layers.Embedding
	blocks               []*layers.TransformerBlock
	norm                 *layers.LayerNorm
	head                 *layers.Linear
	params               *autograd.Params
}

// newNetwork returns a uniform network over space. It panics when config or space
// is out of range; [Search] returns an error instead.
func newNetwork(space dropout.Space, config NetworkConfig) *network {
	config = config.withDefaults()
	if err := config.check(space.Decisions()); err != nil {
		panic(err)
	}
	if err := checkSpace(space); err != nil {
		panic(err)
	}
	p := &network{space: space}
	values := 0
	for _, c := range space.Choices {
		p.first = append(p.first, values)
		values += len(c.Values)
	}
	s, width := layers.NewScope(config.Seed), config.Width
	// The last row stands for the beginning, where no value was chosen yet.
	p.value = layers.NewEmbedding(s.Sub("value"), layers.EmbeddingConfig{Count: values + 1, Dim: width})
	p.choice = layers.NewEmbedding(s.Sub("token"), layers.EmbeddingConfig{Count: len(space.Choices), Dim: width})
	p.group = layers.NewEmbedding(s.Sub("group"), layers.EmbeddingConfig{Count: space.Groups, Dim: width})
	for i := range config.Layers {
		p.blocks = append(p.blocks, layers.NewTransformerBlock(s.Sub(fmt.Sprintf("layer.%d", i)),
			layers.TransformerBlockConfig{Dim: width, Heads: config.Heads, Causal: true}))
	}
	p.norm = layers.NewLayerNorm(s.Sub("norm"), layers.LayerNormConfig{Dim: width})
	p.head = layers.NewLinear(s.Sub("head"), layers.LinearConfig{In: width, Out: values, Weight: layers.Zeros, BiasInit: layers.Zeros})
	p.params = s.Params()
	return p
}

// sample draws a point of the space. It returns the point, the logarithms of
// the probabilities with which its choices were made, each given those before it,
// and the mean entropy of these choices in nats.
func (p *network) sample(rng *rand.Rand) (point []int, logProbs []float32, entropy float64) {
	tape := autograd.NewInference()
	decisions := p.space.Decisions()
	for i := range decisions {
		// The hidden states of the prefix are computed again each time: the
		// whole sample takes about a tenth of a second, and a cache would
		// be a second forward pass to keep equal to the first.
		h := p.hidden(tape, [][]int{point}, i+1)
		last := ops.Reshape(ops.Slice(h, 1, i, i+1), 1, h.Dim(2))
		all := p.distribution(tape, last, i, i+1).Data()
		first := p.first[i%len(p.first)]
		choices := all[first : first+len(p.space.Choice(i).Values)]
		choice, surprise := draw(rng, choices)
		point = append(point, choice)
		logProbs = append(logProbs, choices[choice])
		entropy += surprise / float64(decisions)
		tape.Reset()
	}
	return point, logProbs, entropy
}

// draw picks an index with the probabilities whose logarithms are given, and
// returns their entropy as well.
func draw(rng *rand.Rand, logProbs []float32) (choice int, entropy float64) {
	u := rng.Float64()
	sum := 0.0
	for i, l := range logProbs {
		p := math.Exp(float64(l))
		if u >= sum {
			choice = i
		}
		sum += p
		entropy -= p * float64(l)
	}
	return choice, entropy
}

// logProbs returns, differentiably, the logarithm of the probability of every
// choice of a batch of N points, each given those before it, and the
// entropy in nats of every such choice: both of shape (N, decisions).
func (p *network) logProbs(tape *autograd.Tape, batch [][]int) (logProbs, entropy *autograd.Tensor) {
	n, decisions := len(batch), p.space.Decisions()
	var ids []int
	for _, point := range batch {
		if err := p.space.Check(point); err != nil {
			panic(err)
		}
		for i, v := range point {
			ids = append(ids, p.first[i%len(p.first)]+v)
		}
	}
	h := p.hidden(tape, batch, decisions)
	all := p.distribution(tape, ops.Reshape(h, n*decisions, h.Dim(2)), 0, decisions)
	logProbs = ops.Reshape(ops.Pick(all, ids), n, decisions)
	entropy = ops.Reshape(ops.Neg(ops.Sum(ops.Mul(ops.Exp(all), all), -1)), n, decisions)
	return logProbs, entropy
}

// hidden returns the hidden states (N, count, width) of the first count
// decisions, given the choices before each.
func (p *network) hidden(tape *autograd.Tape, batch [][]int, count int) *autograd.Tensor {
	n := len(batch)
	var values, kinds, groups []int
	for _, point := range batch {
		for i := range count {
			kind := i % len(p.first)
			kinds = append(kinds, kind)
			groups = append(groups, i/len(p.first))
			if i == 0 {
				values = append(values, p.values())
			} else {
				values = append(values, p.first[(i-1)%len(p.first)]+point[i-1])
			}
		}
	}
	c := &layers.Ctx{Tape: tape}
	x := tape.Block(func() *autograd.Tensor {
		place := ops.Add(p.choice.Forward(c, kinds, n, count), p.group.Forward(c, groups, n, count))
		return ops.Add(p.value.Forward(c, values, n, count), place)
	})
	for _, b := range p.blocks {
		x = b.Forward(c, x)
	}
	return p.norm.Forward(c, x)
}

// impossible is added to the logits of values that belong to other choices: it
// makes their probability exactly 0 and keeps their logarithm finite.
const impossible = -1e4

// A network that begins near a point, see [Config], first makes each choice of the point
// with probability StartProb.
const StartProb = 0.8

// distribution returns the log-probabilities (rows, values) of all values, for
// hidden states of shape (rows, width) that stand for decisions lo to hi, as
// often as they fit.
func (p *network) distribution(tape *autograd.Tape, h *autograd.Tensor, lo, hi int) *autograd.Tensor {
	rows, width := h.Dim(0), p.values()
	mask := make([]float32, rows*width)
	for r := range rows {
		i := lo + r%(hi-lo)
		first, choices := p.first[i%len(p.first)], len(p.space.Choice(i).Values)
		for v := range width {
			if v < first || v >= first+choices {
				mask[r*width+v] = impossible
			}
		}
		// Learning changes the logits that this is added to, which are 0 at first.
		switch {
		case p.begin.start != nil && choices > 1:
			mask[r*width+first+p.begin.start[i]] = float32(math.Log(StartProb / (1 - StartProb) * float64(choices-1)))
		case p.begin.probs != nil:
			for v := range choices {
				mask[r*width+first+v] = float32(math.Log(p.begin.prob(i, v)))
			}
		}
	}
	logits := p.head.Forward(&layers.Ctx{Tape: tape}, h)
	return ops.LogSoftmax(ops.Add(logits, tape.Input(mask, rows, width)))
}

// values returns the number of values of all choices together.
func (p *network) values() int {
	last := len(p.first) - 1
	return p.first[last] + len(p.space.Choices[last].Values)
}
