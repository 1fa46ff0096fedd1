package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"autodropout/dropout"
	"autodropout/internal/atomicfile"
	"autodropout/internal/bom"
)

// The spaces of patterns.
const (
	convnet      = "convnet"
	sequence     = "sequence"
	convnetWide  = "convnet-wide"
	sequenceWide = "sequence-wide"
)

// kinds are all of them.
var kinds = []string{convnet, sequence, convnetWide, sequenceWide}

// space is what is searched.
type space struct {
	kind string // one of kinds, or a space of one's own as JSON
	own  *ownSpace
}

// stages reports whether patterns of the space are for the stages of a ConvNet.
func (s *space) stages() bool { return s.kind == convnet || s.kind == convnetWide }

// patterns returns a space of patterns, those for ConvNets with so many residual blocks in
// each stage. Wide ones have the places that all networks have for which the package for
// PyTorch finds places by itself.
func (s *space) patterns(stages []int) (dropout.Space, error) {
	switch s.kind {
	case convnet:
		return dropout.ConvSpace(stages), nil
	case sequence:
		return dropout.SequenceSpace(), nil
	case sequenceWide:
		return dropout.WideSpace(nil)
	}
	sites := []dropout.Site{{Kind: dropout.Features}}
	for stage, blocks := range stages {
		for block := range blocks {
			for _, kind := range []dropout.Kind{dropout.Norm, dropout.Branch} {
				sites = append(sites, dropout.Site{Kind: kind, Stage: stage, Stages: len(stages), Block: block, Blocks: blocks})
			}
		}
	}
	return dropout.WideSpace(sites)
}

func (s *space) String() string { return s.kind }

// Set implements flag.Value. A file is read now: a run keeps what was in it.
func (s *space) Set(text string) error {
	if slices.Contains(kinds, text) {
		*s = space{kind: text}
		return nil
	}
	content := text
	if !strings.HasPrefix(text, "{") {
		const most = 1 << 20
		f, err := os.Open(text)
		if err != nil {
			return fmt.Errorf("it is %s, or a JSON file with choices: %w", strings.Join(kinds, ", "), err)
		}
		defer f.Close()
		all, err := io.ReadAll(io.LimitReader(f, most+1))
		switch {
		case err != nil:
			return err
		case len(all) > most:
			return fmt.Errorf("it has more than %d bytes, too many for a space", most)
		}
		content = bom.Trim(string(all))
	}
	own, err := parseSpace(content)
	if err != nil {
		return err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(content)); err != nil {
		return err
	}
	*s = space{kind: compact.String(), own: own}
	return nil
}

// Get implements flag.Getter.
func (s *space) Get() any { return s.kind }

// ownSpace is a space of one's own: for each group, one value of each token.
type ownSpace struct {
	Version int     `json:"version"`
	Name    string  `json:"name"`
	Groups  int     `json:"groups"`
	Tokens  []token `json:"tokens"`
}

// token is one thing that is chosen, from numbers, texts, or false and true.
type token struct {
	Name   string            `json:"name"`
	Values []json.RawMessage `json:"values"`
}

// parseSpace reads a space.
func parseSpace(text string) (*ownSpace, error) {
	s := &ownSpace{Version: 1, Name: "choices", Groups: 1}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf(`it is not a space such as {"version": 1, "tokens": [{"name": "lr", "values": [0.1, 0.01]}]}: %w`, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the object of the space: remove it")
	}
	switch {
	case s.Version != 1:
		return nil, fmt.Errorf("the space has version %d, and this program reads version 1", s.Version)
	case s.Name == "" || slices.Contains(kinds, s.Name):
		return nil, fmt.Errorf("the space has the name %q: give it another", s.Name)
	case s.Groups < 1 || len(s.Tokens) == 0:
		return nil, fmt.Errorf("the space has %d groups of %d tokens: it needs one of each at least", s.Groups, len(s.Tokens))
	}
	for i, t := range s.Tokens {
		if !key.MatchString(t.Name) || slices.ContainsFunc(s.Tokens[:i], func(o token) bool { return o.Name == t.Name }) {
			return nil, fmt.Errorf("token %d has the name %q: names are of letters, digits, - and _, and each is one token's", i+1, t.Name)
		}
		if len(t.Values) == 0 {
			return nil, fmt.Errorf("token %s has no values", t.Name)
		}
		for j, v := range t.Values {
			if v[0] == '{' || v[0] == '[' || string(v) == "null" {
				return nil, fmt.Errorf("token %s has the value %s: it takes numbers, texts, false and true", t.Name, v)
			}
			if slices.ContainsFunc(t.Values[:j], func(o json.RawMessage) bool { return bytes.Equal(o, v) }) {
				return nil, fmt.Errorf("token %s has the value %s twice", t.Name, v)
			}
		}
	}
	return s, nil
}

// space returns what the controller searches: of what are not numbers their places
// in the list.
func (s *ownSpace) space() dropout.Space {
	out := dropout.Space{Name: s.Name, Groups: s.Groups}
	for _, t := range s.Tokens {
		choice := dropout.Choice{Name: t.Name}
		for i, v := range t.Values {
			var x float64
			if json.Unmarshal(v, &x) != nil {
				choice.Values = nil
				for k := range t.Values {
					choice.Values = append(choice.Values, float64(k))
				}
				break
			}
			choice.Values = append(choice.Values[:i], x)
		}
		out.Choices = append(out.Choices, choice)
	}
	return out
}

// choices are a point of a space of one's own.
type choices struct {
	origin dropout.Origin
	space  *ownSpace
	point  []int
}

// decode returns the choices that a point stands for.
func (s *ownSpace) decode(space dropout.Space, point []int, origin dropout.Origin) (*choices, error) {
	if err := space.Check(point); err != nil {
		return nil, err
	}
	return &choices{origin, s, slices.Clone(point)}, nil
}

// values returns those of a group.
func (c *choices) values(group int) []json.RawMessage {
	tokens := c.space.Tokens
	values := make([]json.RawMessage, len(tokens))
	for i, t := range tokens {
		values[i] = t.Values[c.point[group*len(tokens)+i]]
	}
	return values
}

// plain returns a value as it stands in an argument.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}

// String implements [experiment.Pattern].
func (c *choices) String() string {
	var groups []string
	for g := range c.space.Groups {
		var parts []string
		for i, v := range c.values(g) {
			parts = append(parts, c.space.Tokens[i].Name+" "+plain(v))
		}
		groups = append(groups, strings.Join(parts, ", "))
	}
	return strings.Join(groups, "; ") + "."
}

// MarshalJSON writes the content of choices.json, and where the choices are from.
func (c *choices) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("{\n  \"version\": 1,\n")
	if c.origin != (dropout.Origin{}) {
		origin, err := json.Marshal(c.origin)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "  \"origin\": %s,\n", origin)
	}
	b.WriteString("  \"groups\": [\n")
	for g := range c.space.Groups {
		b.WriteString("    {")
		for i, v := range c.values(g) {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%q: %s", c.space.Tokens[i].Name, v)
		}
		b.WriteString("}")
		if g < c.space.Groups-1 {
			b.WriteString(",")
		}
		b.WriteString("\n")
	}
	b.WriteString("  ]\n}\n")
	return b.Bytes(), nil
}

// Save implements [experiment.Pattern].
func (c *choices) Save(path string) error {
	text, err := c.MarshalJSON()
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, text)
}

// load reads choices of the space from a file that Save wrote.
func (s *ownSpace) load(path string) (*choices, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Version int                          `json:"version"`
		Origin  dropout.Origin               `json:"origin"`
		Groups  []map[string]json.RawMessage `json:"groups"`
	}
	if err := json.Unmarshal(text, &file); err != nil || file.Version != 1 {
		return nil, fmt.Errorf("%s has no choices of version 1 (%v)", path, err)
	}
	if len(file.Groups) != s.Groups {
		return nil, fmt.Errorf("%s has choices for %d groups, and the space has %d", path, len(file.Groups), s.Groups)
	}
	c := &choices{origin: file.Origin, space: s}
	for g, group := range file.Groups {
		for _, t := range s.Tokens {
			at := slices.IndexFunc(t.Values, func(v json.RawMessage) bool { return bytes.Equal(v, group[t.Name]) })
			if at < 0 {
				return nil, fmt.Errorf("%s has the value %s of %s in group %d, which is none of the space's", path, group[t.Name], t.Name, g+1)
			}
			c.point = append(c.point, at)
		}
	}
	return c, nil
}
