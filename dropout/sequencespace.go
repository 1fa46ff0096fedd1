package dropout

import (
	"fmt"
	"slices"
)

// maxTokens is the largest size and stride in a file, and longer than any
// sequence that is trained on.
const maxTokens = 4096

// sequenceFields lists the choices of a [TokenPattern] in the order in which they
// are made. The largest size of the grid stands for the whole sequence.
var sequenceFields = fields{
	{"size", []float64{1, 2, 4, 8, 16, 32, 64, maxTokens}, 1, maxTokens, whole},
	{"stride", []float64{0, 1, 2, 4, 8, 16, 32, 64}, 0, maxTokens, whole},
	{"share_t", []float64{0, 1}, 0, 1, flag},
	{"share_c", []float64{0, 1}, 0, 1, flag},
	{"drop", []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}, 0, 0.95, number},
}

// SequenceSpace returns the search space of patterns for a Transformer: five
// choices for each place of a [SequencePattern].
func SequenceSpace() Space {
	s := Space{Name: "sequence", Groups: len(places)}
	for _, f := range sequenceFields {
		s.Choices = append(s.Choices, Choice{Name: f.name, Values: slices.Clone(f.grid)})
	}
	return s
}

// DecodeSequence returns the pattern that a point of a [SequenceSpace]
// stands for.
func DecodeSequence(space Space, point []int) (*SequencePattern, error) {
	if err := space.checkSequence(); err != nil {
		return nil, err
	}
	if err := space.Check(point); err != nil {
		return nil, err
	}
	p := &SequencePattern{}
	for i := range p.Places {
		p.Places[i] = tokenPattern(space.group(i, point))
	}
	return p, nil
}

// EncodeSequence is the inverse of [DecodeSequence]. It returns an error when the
// pattern has a value that is not on the grid.
func EncodeSequence(space Space, p *SequencePattern) (point []int, err error) {
	if err := space.checkSequence(); err != nil {
		return nil, err
	}
	for i, place := range p.Places {
		group, err := space.find(place.values(), fmt.Sprintf("places.%v", places[i]))
		if err != nil {
			return nil, err
		}
		point = append(point, group...)
	}
	return point, nil
}

func (s Space) checkSequence() error {
	if s.Name != "sequence" || s.Groups != len(places) || len(s.Choices) != len(sequenceFields) {
		return fmt.Errorf("the %s space does not hold patterns for sequences", s.Name)
	}
	return nil
}
