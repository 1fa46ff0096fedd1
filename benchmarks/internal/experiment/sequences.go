package experiment

import (
	"flag"
	"slices"

	"autodropout/dropout"
)

// Sequences is the part of a [Subject] that Transformers have in common: patterns
// of the sequence space, which act inside the layers.
type Sequences struct {
	// Outside is the dropout at the sites where the paper's patterns have no place.
	Outside dropout.SequenceRates
}

// Space implements [Subject].
func (Sequences) Space() (dropout.Space, error) { return dropout.SequenceSpace(), nil }

// Decode implements [Subject].
func (Sequences) Decode(space dropout.Space, tokens []int, origin dropout.Origin) (*dropout.SequencePattern, error) {
	pattern, err := dropout.DecodeSequence(space, tokens)
	if err != nil {
		return nil, err
	}
	pattern.Origin = origin
	return pattern, nil
}

// Apply returns the dropout of a pattern in a network with the given sites.
func (s Sequences) Apply(pattern *dropout.SequencePattern, sites []dropout.Site) (dropout.Policy, error) {
	inside, err := pattern.Policy(sites)
	if err != nil || pattern.Outside {
		return inside, err
	}
	outside, err := dropout.NewSequenceDropout(s.Outside, sites)
	if err != nil {
		return nil, err
	}
	return dropout.Combine(inside, outside), nil
}

// HandMadeSequences are the rows of hand-made dropout that all Transformers have:
// Dropout at the places where rates has a rate, and variational dropout.
func HandMadeSequences(rate float64, rates func(rate float64) dropout.SequenceRates, variational dropout.SequenceRates) []Row {
	return []Row{plainDropout(rate, rates), variationalDropout(variational)}
}

// plainDropout is the row of Dropout, at the given rate. rates returns the rate of each
// place for a rate of the row.
func plainDropout(rate float64, rates func(rate float64) dropout.SequenceRates) Row {
	return HandMade("dropout", "Dropout", rate, func(p float64, sites []dropout.Site) (*dropout.SequenceDropout, error) {
		r := rates(p)
		r.Plain = true
		return dropout.NewSequenceDropout(r, sites)
	}, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
}

// variationalDropout is the row of variational dropout. Its rate that -tune chooses
// is a factor of all given ones.
func variationalDropout(rates dropout.SequenceRates) Row {
	return HandMade("variational", "variational dropout", 1, func(factor float64, sites []dropout.Site) (*dropout.SequenceDropout, error) {
		return dropout.NewSequenceDropout(rates.Times(factor), sites)
	}, 0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2)
}

// Rates declares the flags of variational dropout at the places with the given
// names.
func Rates(fs *flag.FlagSet, r *dropout.SequenceRates, places ...string) {
	for _, rate := range []struct {
		value *float64
		place string
		what  string
	}{
		{&r.Words, "words", "a word"},
		{&r.Input, "input", "a channel of the word vectors"},
		{&r.Attention, "attention", "a channel of queries, keys, values and the output of an attention"},
		{&r.Projection, "projection", "a channel of the output of an attention; where it is 0, -drop-attention holds there too"},
		{&r.Probability, "probability", "an attention probability"},
		{&r.Inner, "inner", "a channel in the middle of a feed-forward part"},
		{&r.Output, "output", "a channel of the output of a feed-forward part"},
		{&r.Final, "final", "a channel of the last layer's output"},
	} {
		if slices.Contains(places, rate.place) {
			fs.Float64Var(rate.value, "drop-"+rate.place, *rate.value, "variational dropout's `probability` of dropping "+rate.what)
		}
	}
}
