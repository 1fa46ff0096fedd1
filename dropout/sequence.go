package dropout

import (
	"fmt"
	"slices"
	"strings"

	"autodropout/autograd"
)

// TokenPattern is the dropout pattern of one place in the layers of a
// Transformer: the choices of AutoDropout's sequence search space, and the
// probability of dropping. How the choices act in detail is this package's own
// reading, since nothing was published:
//
//   - Blocks of Size tokens are affected, and Stride tokens between them are
//     not. Token t is affected when (t+phase) mod (Size+Stride) < Size, where the
//     phase is uniform and each example has its own; without Stride it is 0.
//   - Affected elements are dropped with probability Drop. With ShareT all tokens
//     of a block lose the same elements, with ShareC all channels of a token.
//   - For attention probabilities the tokens are the keys, and the channels all
//     heads and queries.
//   - The rest is multiplied by elements/kept, counted over the whole batch.
//
// A block of at least as many tokens as there are, with ShareT, is variational
// (locked) dropout (Gal and Ghahramani 2016); a block of one token, without
// Stride and sharing, is plain dropout.
//
// In the table of word vectors, at Words, only Drop and Schedule count: each word is
// dropped as a whole, for all examples of a step.
type TokenPattern struct {
	Size   int     // consecutive tokens that are affected, 1 to 4096
	Stride int     // tokens between these blocks, 0 to 4096
	ShareT bool    // the tokens of a block have the same noise
	ShareC bool    // the channels of a token have the same noise
	Drop   float64 // probability of dropping, 0 to 0.95; 0 is no dropout

	// Schedule is not the paper's: its strength is a factor of Drop.
	Schedule Schedule
}

// places lists where a [SequencePattern] acts, in the order of its tokens: those in the
// layers first, which are the paper's.
var places = [...]Kind{Query, Key, Value, Probability, Projection, Inner, Output, Words, Input, Final}

// inLayers is how many places are in the layers.
const inLayers = 7

// SequencePattern holds the pattern of every place in the layers of a
// Transformer; all layers have the same. In a file it is versioned JSON: see
// [LoadPattern].
type SequencePattern struct {
	Origin Origin
	// Places are the patterns at the sites of kind Query, Key, Value, Probability,
	// Projection, Inner, Output, and of Words, Input and Final, in this order.
	Places [len(places)]TokenPattern
	// Outside says that the pattern decides Words, Input and Final too. Patterns of the
	// paper do not: other dropout may act there beside them.
	Outside bool
}

// places returns the places that the pattern speaks of.
func (p *SequencePattern) places() []Kind {
	if p.Outside {
		return places[:]
	}
	return places[:inLayers]
}

// SequencePolicy applies a [SequencePattern].
type SequencePolicy struct {
	sites map[string]sequenceSite
	tally
}

type sequenceSite struct {
	pattern TokenPattern
	kind    Kind
}

// Policy returns the [*SequencePolicy] that applies the pattern to the network with the
// given sites. It is an error when the pattern has a value out of range, or acts at a place
// of which the network has no site. Words are an exception: a pattern of a language model
// fits a translator, which lacks that place.
func (p *SequencePattern) Policy(sites []Site) (Policy, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("dropout pattern: %w", err)
	}
	policy := &SequencePolicy{sites: map[string]sequenceSite{}}
	for i, kind := range p.places() {
		if p.Places[i].Drop == 0 {
			continue
		}
		at, err := sitesOf(kind, sites)
		if err != nil && kind != Words {
			return nil, fmt.Errorf("dropout pattern: %w", err)
		}
		for _, site := range at {
			policy.sites[site.Name] = sequenceSite{p.Places[i], kind}
		}
	}
	return policy, nil
}

// mask returns the pattern ready for use at a strength.
func (b TokenPattern) mask(strength float64) tokenMask {
	return tokenMask{b.Size, b.Stride, b.ShareT, b.ShareC, threshold16(b.Drop * strength)}
}

// Mask draws the site's pattern for a tensor (N, T, C), attention probabilities
// (N, heads, queries, keys), or the table of word vectors (words, C).
func (p *SequencePolicy) Mask(site string, shape []int, s Stream) Mask {
	at, ok := p.sites[site]
	if !ok {
		return nil
	}
	mask := at.pattern.mask(at.pattern.Schedule.strength(s.Progress))
	if mask.threshold == 0 {
		return nil
	}
	draw := mask.filler("dropout.SequencePolicy", at.kind, site, shape, s)
	return func(keep []uint32) float32 {
		elements, kept := draw(keep)
		return p.rescale(keep, elements, kept)
	}
}

// filler returns what draws the mask of a tensor at a site of a kind and counts its
// elements and those it keeps.
func (m tokenMask) filler(op string, kind Kind, site string, shape []int, s Stream) func(keep []uint32) (elements, kept int) {
	key := streamKey(site, s)
	if kind == Words {
		return m.wordFiller(op, shape, key)
	}
	if kind == Probability {
		if len(shape) != 4 {
			panic(&autograd.ShapeError{Op: op, Want: "(N, heads, queries, keys)", Shapes: [][]int{slices.Clone(shape)}})
		}
		n, rows, keys := shape[0], shape[1]*shape[2], shape[3]
		return func(keep []uint32) (elements, kept int) {
			return n * rows * keys, fill(keep, n, rows*keys, s, func(keep []uint32, pos int, ctr [4]uint32) {
				m.dropKeys(keep, pos, rows, keys, ctr, key)
			})
		}
	}
	if len(shape) != 3 {
		panic(&autograd.ShapeError{Op: op, Want: "(N, T, C)", Shapes: [][]int{slices.Clone(shape)}})
	}
	n, tokens, channels := shape[0], shape[1], shape[2]
	return func(keep []uint32) (elements, kept int) {
		return n * tokens * channels, fill(keep, n, tokens*channels, s, func(keep []uint32, pos int, ctr [4]uint32) {
			m.drop(keep, pos, tokens, channels, ctr, key)
		})
	}
}

// String describes the pattern for a person, one line for each place.
func (p *SequencePattern) String() string {
	var b strings.Builder
	b.WriteString("pattern for sequences")
	for i, kind := range p.places() {
		fmt.Fprintf(&b, "\n%-12v %v", kind, p.Places[i])
	}
	return b.String()
}

// String describes the pattern in a few words.
func (b TokenPattern) String() string {
	if b.Drop == 0 {
		return "none"
	}
	text := fmt.Sprintf("drop %g size %d stride %d", b.Drop, b.Size, b.Stride)
	if b.ShareT {
		text += " share_t"
	}
	if b.ShareC {
		text += " share_c"
	}
	if b.Schedule != Constant {
		text += fmt.Sprintf(" %v", b.Schedule)
	}
	return text
}

// check returns an error when the pattern cannot be used or saved.
func (p *SequencePattern) check() error {
	for i, kind := range p.places() {
		if err := sequenceFields.check(p.Places[i].values(), fmt.Sprintf("places.%v", kind)); err != nil {
			return err
		}
	}
	return p.Origin.check()
}

func (b TokenPattern) values() []float64 {
	return []float64{float64(b.Size), float64(b.Stride), indicator(b.ShareT), indicator(b.ShareC), b.Drop, float64(b.Schedule)}
}

func tokenPattern(v []float64) TokenPattern {
	return TokenPattern{Size: int(v[0]), Stride: int(v[1]), ShareT: v[2] != 0, ShareC: v[3] != 0, Drop: v[4], Schedule: Schedule(v[5])}
}
