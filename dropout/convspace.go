package dropout

import (
	"fmt"
	"slices"
)

// ConvSpace returns the search space of patterns for a ConvNet with that many
// residual blocks in each stage: eight choices for each block.
func ConvSpace(blocks []int) Space {
	s := Space{Name: "convnet", Stages: slices.Clone(blocks)}
	for _, n := range blocks {
		s.Groups += n
	}
	for _, f := range convFields {
		s.Choices = append(s.Choices, Choice{Name: f.name, Values: slices.Clone(f.grid)})
	}
	return s
}

// isConv reports whether a space is one that ConvSpace made.
func (s Space) isConv() bool {
	groups := 0
	for _, n := range s.Stages {
		groups += n
	}
	return s.Name == "convnet" && groups == s.Groups && len(s.Choices) == len(convFields)
}

// DecodeConv returns the pattern that a point of a [ConvSpace] stands for.
func DecodeConv(space Space, point []int) (*ConvPattern, error) {
	if !space.isConv() {
		return nil, fmt.Errorf("the %s space does not hold ConvNet patterns", space.Name)
	}
	if err := space.Check(point); err != nil {
		return nil, err
	}
	p := &ConvPattern{Stages: make([][]BlockPattern, len(space.Stages))}
	group := 0
	for s, n := range space.Stages {
		for range n {
			p.Stages[s] = append(p.Stages[s], blockPattern(space.group(group, point)))
			group++
		}
	}
	return p, nil
}

// EncodeConv is the inverse of [DecodeConv]. It returns an error when the
// pattern has other blocks than the space or a value that is not on the grid.
func EncodeConv(space Space, p *ConvPattern) ([]int, error) {
	if !space.isConv() || !slices.Equal(space.Stages, p.Blocks()) {
		return nil, fmt.Errorf("the pattern is for %v blocks, and the %s space for %v", p.Blocks(), space.Name, space.Stages)
	}
	var point []int
	for s, stage := range p.Stages {
		for i, block := range stage {
			group, err := space.find(block.values(), fmt.Sprintf("stages[%d][%d]", s, i))
			if err != nil {
				return nil, err
			}
			point = append(point, group...)
		}
	}
	return point, nil
}
