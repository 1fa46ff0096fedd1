package dropout

import (
	"slices"

	"autodropout/autograd"
	"autodropout/simd"
)

// SequenceRates are the probabilities of dropping at the sites of a
// Transformer; 0 is no dropout there. Probabilities are rounded to multiples of
// 1/65536.
type SequenceRates struct {
	Words       float64 // whole rows of the table of word vectors
	Input       float64 // word vectors
	Attention   float64 // queries, keys, values and the output of the attention
	Projection  float64 // the output of the attention; 0: as Attention says
	Probability float64 // attention probabilities, always element by element
	Inner       float64 // the hidden layer of the feed-forward part
	Output      float64 // the output of the feed-forward part
	Final       float64 // the output of the last layer

	// Plain drops element by element what is locked otherwise.
	Plain bool
}

// Times returns the rates times a factor. It raises none above 0.95.
func (r SequenceRates) Times(factor float64) SequenceRates {
	for _, p := range []*float64{&r.Words, &r.Input, &r.Attention, &r.Projection, &r.Probability, &r.Inner, &r.Output, &r.Final} {
		*p = min(*p*factor, max(*p, 0.95))
	}
	return r
}

// SequenceDropout is the usual dropout of language models. It drops whole words
// from the table of word vectors, and at the other sites it is locked, or
// variational (Gal and Ghahramani 2016): all positions of an example lose the same
// channels. What it keeps is divided by the probability of keeping it.
type SequenceDropout struct {
	sites map[string]sequenceSite
	tally
}

// NewSequenceDropout returns the policy with the given rates. It is an error when
// one is not in [0, 1) or the model has no site for it.
func NewSequenceDropout(rates SequenceRates, sites []Site) (*SequenceDropout, error) {
	d := &SequenceDropout{sites: map[string]sequenceSite{}}
	for _, r := range []struct {
		p     float64
		plain bool
		kinds []Kind
	}{
		{rates.Words, false, []Kind{Words}},
		{rates.Input, rates.Plain, []Kind{Input}},
		{rates.Attention, rates.Plain, []Kind{Query, Key, Value, Projection}},
		{rates.Projection, rates.Plain, []Kind{Projection}},
		{rates.Probability, true, []Kind{Probability}},
		{rates.Inner, rates.Plain, []Kind{Inner}},
		{rates.Output, rates.Plain, []Kind{Output}},
		{rates.Final, rates.Plain, []Kind{Final}},
	} {
		if err := checkDrop(r.p); err != nil {
			return nil, err
		}
		mask := TokenPattern{Size: maxTokens, ShareT: true, Drop: r.p}.mask()
		if r.plain {
			mask = TokenPattern{Size: 1, Drop: r.p}.mask()
		}
		for _, kind := range r.kinds {
			if mask.threshold == 0 {
				continue
			}
			at, err := sitesOf(kind, sites)
			if err != nil {
				return nil, err
			}
			for _, site := range at {
				d.sites[site.Name] = sequenceSite{&mask, kind}
			}
		}
	}
	return d, nil
}

// Mask drops words of a table (words, C), elements of attention probabilities
// (N, heads, queries, keys), and at the other sites channels of a tensor
// (N, T, C). Words are the same whatever the examples of a batch and the width
// of the table are.
func (d *SequenceDropout) Mask(site string, shape []int, s Stream) Mask {
	at, ok := d.sites[site]
	if !ok {
		return nil
	}
	var draw func(keep []uint32) (elements, kept int)
	if at.kind == Words {
		draw = at.wordFiller(site, shape, s)
	} else {
		draw = at.filler("dropout.SequenceDropout", site, shape, s)
	}
	return func(keep []uint32) float32 {
		d.add(draw(keep))
		return float32(65536 / (65536 - float64(at.threshold)))
	}
}

// wordFiller returns what draws the mask of a table of word vectors. Bit w of the
// step's random stream keeps word w.
func (at sequenceSite) wordFiller(site string, shape []int, s Stream) func(keep []uint32) (elements, kept int) {
	if len(shape) != 2 {
		panic(&autograd.ShapeError{Op: "dropout.SequenceDropout", Want: "(words, C)", Shapes: [][]int{slices.Clone(shape)}})
	}
	words, channels := shape[0], shape[1]
	key := streamKey(site, s)
	return func(keep []uint32) (elements, kept int) {
		bits := make([]uint32, (words+31)/32)
		simd.BernoulliBits(bits, words, at.threshold, key, [4]uint32{})
		rows := Stream{} // the examples of fill are words here
		return words * channels, fill(keep, words, channels, rows, func(keep []uint32, pos int, ctr [4]uint32) {
			if w := int(ctr[2]); bits[w/32]>>(w%32)&1 == 0 {
				clearRange(keep, pos, channels)
			}
		})
	}
}
