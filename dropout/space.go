package dropout

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Choice is one thing that a search chooses, which the paper calls a token: a name
// and the values on its grid. A choice between no and yes has the values 0 and 1.
type Choice struct {
	Name   string    `json:"name"`
	Values []float64 `json:"values"`
}

// Space is what a search chooses from: for each of its groups, one value for
// each of its choices, in order. A point of the space is a slice of
// [Space.Decisions] indices into Values.
type Space struct {
	Name    string   `json:"name"`
	Choices []Choice `json:"tokens"`
	Groups  int      `json:"groups"`
	Stages  []int    `json:"stages,omitempty"` // of a ConvNet: the number of blocks in each stage; a group is a block
	Tied    bool     `json:"tied,omitempty"`   // a group is a whole stage: its blocks have the same pattern
}

// Decisions returns the number of choices that make one point.
func (s Space) Decisions() int { return s.Groups * len(s.Choices) }

// Choice returns the choice that decision i makes.
func (s Space) Choice(i int) Choice { return s.Choices[i%len(s.Choices)] }

// With returns the space in which a choice, in every group, has only the given values. It
// panics if the space has no such choice.
func (s Space) With(name string, values ...float64) Space {
	i := slices.IndexFunc(s.Choices, func(c Choice) bool { return c.Name == name })
	if i < 0 {
		panic(fmt.Sprintf("dropout: the %s space has no choice %q", s.Name, name))
	}
	s.Choices = slices.Clone(s.Choices)
	s.Choices[i].Values = values
	return s
}

// chooses reports whether a space has all of the paper's choices among fields, and
// others among fields only.
func (s Space) chooses(fs fields) bool {
	paper := 0
	for _, c := range s.Choices {
		i := fs.index(c.Name)
		if i < 0 {
			return false
		}
		if fs[i].paper != nil {
			paper++
		}
	}
	return paper == len(fs.first())
}

// Group returns what people call group i: "words", or "stage 1, block 2".
func (s Space) Group(i int) string {
	switch {
	case s.isSequence():
		return places[i].String()
	case s.Tied:
		return fmt.Sprintf("stage %d", i+1)
	}
	for stage, n := range s.Stages {
		if i < n {
			return fmt.Sprintf("stage %d, block %d", stage+1, i+1)
		}
		i -= n
	}
	return fmt.Sprintf("group %d", i+1)
}

// Rate returns the name of the choice that says with which probability a group of a
// [WideSpace] drops; "": the space has none.
func (s Space) Rate() string {
	for _, name := range []string{"scatter", "drop"} {
		if slices.ContainsFunc(s.Choices, func(c Choice) bool { return c.Name == name }) {
			return name
		}
	}
	return ""
}

// values returns the values of a choice by name, just 0 where there is no such choice.
func (s Space) values(name string) []float64 {
	for _, c := range s.Choices {
		if c.Name == name {
			return c.Values
		}
	}
	return []float64{0}
}

// find returns the part of a point for a group that stands for the values of fields.
// where is what messages call the group.
func (s Space) find(fs fields, values []float64, where string) (point []int, err error) {
	for j, f := range fs {
		if grid := s.values(f.name); !slices.Contains(grid, values[j]) {
			return nil, fmt.Errorf("%s.%s is %g, which is not on the grid %v", where, f.name, values[j], grid)
		}
	}
	for _, c := range s.Choices {
		point = append(point, slices.Index(c.Values, values[fs.index(c.Name)]))
	}
	return point, nil
}

// group returns the values of fields that a point of the space has for group i; what is
// no choice is 0.
func (s Space) group(fs fields, i int, point []int) []float64 {
	values := make([]float64, len(fs))
	for j, c := range s.Choices {
		values[fs.index(c.Name)] = c.Values[point[i*len(s.Choices)+j]]
	}
	return values
}

// Size returns the number of points.
func (s Space) Size() *big.Int {
	group := big.NewInt(1)
	for _, c := range s.Choices {
		group.Mul(group, big.NewInt(int64(len(c.Values))))
	}
	return group.Exp(group, big.NewInt(int64(s.Groups)), nil)
}

// Check returns an error when point is not one of the space.
func (s Space) Check(point []int) error {
	if len(point) != s.Decisions() {
		return fmt.Errorf("the %s space takes %d choices (%d groups of %d), not %d", s.Name, s.Decisions(), s.Groups, len(s.Choices), len(point))
	}
	for i, v := range point {
		if c := s.Choice(i); v < 0 || v >= len(c.Values) {
			return fmt.Errorf("choice %d (%s of group %d) is %d; it must be from 0 to %d", i, c.Name, i/len(s.Choices), v, len(c.Values)-1)
		}
	}
	return nil
}

// String describes the space with its choices, the number of values of each,
// and its size.
func (s Space) String() string {
	names := make([]string, len(s.Choices))
	for i, c := range s.Choices {
		names[i] = fmt.Sprintf("%s %d", c.Name, len(c.Values))
	}
	size := new(big.Float).SetInt(s.Size())
	return fmt.Sprintf("%s space: %d groups of %d choices (%s), %.2e patterns", s.Name, s.Groups, len(s.Choices), strings.Join(names, ", "), size)
}
