package dropout

import (
	"fmt"
)

// maxTokens is the largest size and stride in a file, and longer than any
// sequence that is trained on.
const maxTokens = 4096

// sequenceFields lists the choices of a [TokenPattern] in the order in which they
// are made. The largest size of the grid stands for the whole sequence.
var sequenceFields = fields{
	{name: "size", paper: []float64{1, 2, 4, 8, 16, 32, 64, maxTokens}, lo: 1, hi: maxTokens, kind: whole},
	{name: "stride", paper: []float64{0, 1, 2, 4, 8, 16, 32, 64}, hi: maxTokens, kind: whole},
	{name: "share_t", paper: []float64{0, 1}, hi: 1, kind: flag},
	{name: "share_c", paper: []float64{0, 1}, hi: 1, kind: flag},
	{name: "drop", paper: []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}, wide: []float64{0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}, hi: 0.95},
	{name: "schedule", wide: []float64{0, 1, 2, 3}, hi: 3, kind: word, words: scheduleNames[:]},
}

// SequenceSpace returns the paper's search space of patterns for a Transformer: five
// choices for each place in the layers, see [SequencePattern].
func SequenceSpace() Space {
	return Space{Name: "sequence", Choices: sequenceFields.choices(false), Groups: inLayers}
}

// DecodeSequence returns the pattern that a point of a [SequenceSpace], or of a
// [WideSpace] of sequences, stands for.
func DecodeSequence(space Space, point []int) (*SequencePattern, error) {
	if err := space.checkSequence(); err != nil {
		return nil, err
	}
	if err := space.Check(point); err != nil {
		return nil, err
	}
	p := &SequencePattern{Outside: space.Groups == len(places)}
	for i := range p.places() {
		p.Places[i] = tokenPattern(space.group(sequenceFields, i, point))
	}
	return p, nil
}

// EncodeSequence is the inverse of [DecodeSequence]. It returns an error when the pattern
// has a value that is not on the grid, or has other places than the space.
func EncodeSequence(space Space, p *SequencePattern) (point []int, err error) {
	if err := space.checkSequence(); err != nil {
		return nil, err
	}
	if len(p.places()) != space.Groups {
		return nil, fmt.Errorf("the pattern speaks of %d places, and the %s space of %d", len(p.places()), space.Name, space.Groups)
	}
	for i, kind := range p.places() {
		group, err := space.find(sequenceFields, p.Places[i].values(), fmt.Sprintf("places.%v", kind))
		if err != nil {
			return nil, err
		}
		point = append(point, group...)
	}
	return point, nil
}

// isSequence reports whether a space holds patterns for sequences.
func (s Space) isSequence() bool {
	return s.Stages == nil && (s.Groups == inLayers || s.Groups == len(places)) && s.chooses(sequenceFields)
}

func (s Space) checkSequence() error {
	if !s.isSequence() {
		return fmt.Errorf("the %s space does not hold patterns for sequences", s.Name)
	}
	return nil
}
