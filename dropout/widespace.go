package dropout

import (
	"fmt"
	"slices"
)

// PaperSpace returns the paper's search space of patterns for the network with the
// given sites: [ConvSpace] or [SequenceSpace].
func PaperSpace(sites []Site) (Space, error) {
	if !slices.ContainsFunc(sites, func(s Site) bool { return s.Kind == Norm }) {
		return SequenceSpace(), nil
	}
	blocks, err := blocksOf(sites)
	return ConvSpace(blocks), err
}

// WideSpace returns a space that holds the paper's for the network with the given sites,
// and hand-made dropout: of a ConvNet, Dropout, SpatialDropout, DropBlock with its schedule
// and stochastic depth; of a Transformer, plain and variational dropout, also of words,
// word vectors and the last output. [Space.Including] adds the rates that are not on its
// grids. Places that the network lacks are left out.
func WideSpace(sites []Site) (Space, error) {
	s, err := PaperSpace(sites)
	if err != nil {
		return s, err
	}
	s.Name = "wide " + s.Name
	if s.Stages == nil {
		s.Choices, s.Groups = sequenceFields.choices(true), len(places)
		return s, nil
	}
	s.Choices = convFields.choices(true)
	place := &s.Choices[convFields.index("place")]
	place.Values = slices.DeleteFunc(place.Values, func(v float64) bool {
		return !slices.ContainsFunc(sites, func(s Site) bool { return s.Kind == Kind(v) })
	})
	return s, nil
}

// Including returns the space with all values of a pattern on its grids. It is an error
// when the pattern is for another network or has other choices than the space.
func (s Space) Including(p Pattern) (Space, error) {
	var fs fields
	var groups [][]float64
	switch p := p.(type) {
	case *ConvPattern:
		fs = convFields
		if !s.isConv() || !slices.Equal(s.Stages, p.Blocks()) {
			return s, fmt.Errorf("the %s space holds no patterns for %v blocks", s.Name, p.Blocks())
		}
		for _, stage := range p.Stages {
			for _, b := range stage {
				groups = append(groups, b.values())
			}
		}
	case *SequencePattern:
		fs = sequenceFields
		if !s.isSequence() || s.Groups != len(p.places()) {
			return s, fmt.Errorf("the %s space holds no patterns of %d places", s.Name, len(p.places()))
		}
		for i := range p.places() {
			groups = append(groups, p.Places[i].values())
		}
	}
	s.Choices = slices.Clone(s.Choices)
	for j, f := range fs {
		i := slices.IndexFunc(s.Choices, func(c Choice) bool { return c.Name == f.name })
		for _, values := range groups {
			v := values[j]
			switch {
			case i < 0 && v != 0:
				return s, fmt.Errorf("the pattern has %s %s, and the %s space has no such choice", f.name, f.text(v), s.Name)
			case i >= 0:
				s.Choices[i].Values = with(s.Choices[i].Values, v)
			}
		}
	}
	return s, nil
}

// with returns ascending values with one more, if it is not among them.
func with(values []float64, v float64) []float64 {
	i, found := slices.BinarySearch(values, v)
	if found {
		return values
	}
	return slices.Insert(slices.Clone(values), i, v)
}

// Decode returns the pattern that a point of a space stands for.
func Decode(space Space, point []int) (Pattern, error) {
	if space.Stages != nil {
		return DecodeConv(space, point)
	}
	return DecodeSequence(space, point)
}

// Encode is the inverse of [Decode]: see [EncodeConv] and [EncodeSequence].
func Encode(space Space, p Pattern) ([]int, error) {
	if p, ok := p.(*SequencePattern); ok {
		return EncodeSequence(space, p)
	}
	return EncodeConv(space, p.(*ConvPattern))
}
