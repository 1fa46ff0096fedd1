package dropout

import (
	"fmt"
	"slices"
)

// ConvSpace returns the paper's search space of patterns for a ConvNet with that many
// residual blocks in each stage: eight choices for each block.
func ConvSpace(blocks []int) Space {
	s := Space{Name: "convnet", Choices: convFields.choices(false), Stages: slices.Clone(blocks)}
	for _, n := range blocks {
		s.Groups += n
	}
	return s
}

// isConv reports whether a space holds patterns of ConvNets.
func (s Space) isConv() bool {
	groups := 0
	for _, n := range s.Stages {
		groups += n
	}
	if s.Tied {
		groups = len(s.Stages)
	}
	return s.Stages != nil && groups == s.Groups && s.chooses(convFields)
}

// blockGroups returns, stage by stage, the group of each block.
func (s Space) blockGroups() [][]int {
	groups := make([][]int, len(s.Stages))
	next := 0
	for i, n := range s.Stages {
		for range n {
			groups[i] = append(groups[i], next)
			if !s.Tied {
				next++
			}
		}
		if s.Tied {
			next++
		}
	}
	return groups
}

// Tie returns the space of a ConvNet in which all blocks of a stage have the same pattern.
// It panics if the space is not one of a ConvNet.
func (s Space) Tie() Space {
	if !s.isConv() {
		panic(fmt.Sprintf("dropout: the %s space has no blocks to tie", s.Name))
	}
	s.Tied, s.Groups = true, len(s.Stages)
	return s
}

// DecodeConv returns the pattern that a point of a [ConvSpace], or of a [WideSpace] of
// a ConvNet, stands for.
func DecodeConv(space Space, point []int) (*ConvPattern, error) {
	if !space.isConv() {
		return nil, fmt.Errorf("the %s space does not hold ConvNet patterns", space.Name)
	}
	if err := space.Check(point); err != nil {
		return nil, err
	}
	p := &ConvPattern{Stages: make([][]BlockPattern, len(space.Stages))}
	for s, groups := range space.blockGroups() {
		for _, group := range groups {
			p.Stages[s] = append(p.Stages[s], blockPattern(space.group(convFields, group, point)))
		}
	}
	return p, nil
}

// EncodeConv is the inverse of [DecodeConv]. It returns an error when the pattern has other
// blocks than the space, has a value that is not on the grid, or has different blocks that
// the space ties together.
func EncodeConv(space Space, p *ConvPattern) ([]int, error) {
	if !space.isConv() || !slices.Equal(space.Stages, p.Blocks()) {
		return nil, fmt.Errorf("the pattern is for %v blocks, and the %s space for %v", p.Blocks(), space.Name, space.Stages)
	}
	point := make([]int, 0, space.Decisions())
	for s, groups := range space.blockGroups() {
		for i, group := range groups {
			where := fmt.Sprintf("stages[%d][%d]", s, i)
			if space.Tied && i > 0 {
				if p.Stages[s][i] != p.Stages[s][0] {
					return nil, fmt.Errorf("%s differs from the first block of its stage, and the %s space ties them", where, space.Name)
				}
				continue
			}
			found, err := space.find(convFields, p.Stages[s][i].values(), where)
			if err != nil {
				return nil, err
			}
			point = append(point[:group*len(space.Choices)], found...)
		}
	}
	return point, nil
}
