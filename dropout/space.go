package dropout

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Token is one choice: a name and the values on its grid. A choice between no
// and yes has the values 0 and 1.
type Token struct {
	Name   string    `json:"name"`
	Values []float64 `json:"values"`
}

// Space is what a search chooses from: for each of its groups, one value for
// each of its tokens, in order. A point of the space is a slice of
// [Space.Decisions] indices into Values.
type Space struct {
	Name   string  `json:"name"`
	Tokens []Token `json:"tokens"`
	Groups int     `json:"groups"`
	Stages []int   `json:"stages,omitempty"` // how the groups divide into stages, if they do; sums to Groups
}

// Decisions returns the number of choices that make one point.
func (s Space) Decisions() int { return s.Groups * len(s.Tokens) }

// Token returns the token of decision i.
func (s Space) Token(i int) Token { return s.Tokens[i%len(s.Tokens)] }

// With returns the space in which a token, in every group, has only the given
// values. It panics where the space has no such token.
func (s Space) With(name string, values ...float64) Space {
	i := slices.IndexFunc(s.Tokens, func(t Token) bool { return t.Name == name })
	if i < 0 {
		panic(fmt.Sprintf("dropout: the %s space has no token %q", s.Name, name))
	}
	s.Tokens = slices.Clone(s.Tokens)
	s.Tokens[i].Values = values
	return s
}

// find returns the tokens of a group that stand for values. where is what messages
// call the group.
func (s Space) find(values []float64, where string) (tokens []int, err error) {
	for j, v := range values {
		k := slices.Index(s.Tokens[j].Values, v)
		if k < 0 {
			return nil, fmt.Errorf("%s.%s is %g, which is not on the grid %v", where, s.Tokens[j].Name, v, s.Tokens[j].Values)
		}
		tokens = append(tokens, k)
	}
	return tokens, nil
}

// group returns the values that tokens, a point of the space, choose for group i.
func (s Space) group(i int, tokens []int) []float64 {
	values := make([]float64, len(s.Tokens))
	for j, t := range s.Tokens {
		values[j] = t.Values[tokens[i*len(values)+j]]
	}
	return values
}

// Size returns the number of points.
func (s Space) Size() *big.Int {
	group := big.NewInt(1)
	for _, t := range s.Tokens {
		group.Mul(group, big.NewInt(int64(len(t.Values))))
	}
	return group.Exp(group, big.NewInt(int64(s.Groups)), nil)
}

// Check returns an error when tokens is not a point of the space.
func (s Space) Check(tokens []int) error {
	if len(tokens) != s.Decisions() {
		return fmt.Errorf("the %s space takes %d tokens (%d groups of %d), not %d", s.Name, s.Decisions(), s.Groups, len(s.Tokens), len(tokens))
	}
	for i, v := range tokens {
		if t := s.Token(i); v < 0 || v >= len(t.Values) {
			return fmt.Errorf("token %d (%s of group %d) is %d; it must be from 0 to %d", i, t.Name, i/len(s.Tokens), v, len(t.Values)-1)
		}
	}
	return nil
}

// String describes the space with its tokens, the number of values of each,
// and its size.
func (s Space) String() string {
	names := make([]string, len(s.Tokens))
	for i, t := range s.Tokens {
		names[i] = fmt.Sprintf("%s %d", t.Name, len(t.Values))
	}
	size := new(big.Float).SetInt(s.Size())
	return fmt.Sprintf("%s space: %d groups of %d tokens (%s), %.2e patterns", s.Name, s.Groups, len(s.Tokens), strings.Join(names, ", "), size)
}
