package dropout

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

	// Plain drops single elements at the sites that are otherwise locked.
	Plain bool
}

// Times returns the rates times a factor. It raises none above 0.95.
func (r SequenceRates) Times(factor float64) SequenceRates {
	for _, p := range []*float64{&r.Words, &r.Input, &r.Attention, &r.Projection, &r.Probability, &r.Inner, &r.Output, &r.Final} {
		*p = times(*p, factor)
	}
	return r
}

// SequenceDropout is the usual dropout of language models. It drops whole words from the
// table of word vectors, and at the other sites it is locked, or variational (Gal and
// Ghahramani 2016): all positions of an example lose the same channels. Kept elements are
// divided by the probability of keeping them.
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
		pattern := TokenPattern{Size: maxTokens, ShareT: true, Drop: r.p}
		if r.plain {
			pattern = TokenPattern{Size: 1, Drop: r.p}
		}
		for _, kind := range r.kinds {
			if threshold16(r.p) == 0 {
				continue
			}
			at, err := sitesOf(kind, sites)
			if err != nil {
				return nil, err
			}
			for _, site := range at {
				d.sites[site.Name] = sequenceSite{pattern, kind}
			}
		}
	}
	return d, nil
}

// Mask drops words of a table (words, C), elements of attention probabilities (N, heads,
// queries, keys), and at the other sites channels of a tensor (N, T, C). The dropped words
// depend neither on the examples of a batch nor on the width of the table.
func (d *SequenceDropout) Mask(site string, shape []int, s Stream) Mask {
	at, ok := d.sites[site]
	if !ok {
		return nil
	}
	mask := at.pattern.mask(1)
	draw := mask.filler("dropout.SequenceDropout", at.kind, site, shape, s)
	return func(keep []uint32) float32 {
		d.add(draw(keep))
		return float32(65536 / (65536 - float64(mask.threshold)))
	}
}
