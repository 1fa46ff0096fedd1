package dropout

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// field is one choice: its name in spaces and files, the grids that
// searches choose from, and the range a file may use.
type field struct {
	name   string
	paper  []float64 // the grid of the paper's space; nil: it is no choice there, and 0 in files of version 1
	wide   []float64 // the grid of the wide space, where it is another
	lo, hi float64
	kind   fieldKind
	words  []string // of a word: what the numbers 0, 1, ... are called in files; "" is none
}

type fieldKind int

const (
	number fieldKind = iota
	whole
	flag
	word
)

// fields are the choices of one group, in the order in which they are made; those
// of the paper come first. Values of fields are numbers, where flags are 0 or 1 and
// words their places in a list.
type fields []field

var convFields = fields{
	{name: "size", paper: []float64{0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1}, hi: 1},
	{name: "stride", paper: []float64{0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1}, lo: 0.01, hi: 1},
	{name: "repeat", paper: []float64{1, 2, 3, 4, 5, 6, 7, 8}, lo: 1, hi: 64, kind: whole},
	{name: "rotate", paper: []float64{0, 15, 30, 45, 60, 75}, lo: -180, hi: 180},
	{name: "shear_x", paper: []float64{-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3}, lo: -1, hi: 1},
	{name: "shear_y", paper: []float64{-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3}, lo: -1, hi: 1},
	{name: "share_c", paper: []float64{0, 1}, hi: 1, kind: flag},
	{name: "residual", paper: []float64{0, 1}, hi: 1, kind: flag},
	{name: "place", wide: []float64{float64(Norm), float64(Hidden), float64(Branch), float64(Features)}, hi: float64(Features), kind: word,
		words: []string{Norm: Norm.String(), Hidden: Hidden.String(), Branch: Branch.String(), Features: Features.String()}},
	{name: "cells", wide: []float64{0, 1, 3, 5, 7}, hi: 64, kind: whole},
	{name: "aspect", wide: []float64{0, 1, 2}, hi: 2, kind: word, words: aspectNames[:]},
	{name: "scatter", wide: []float64{0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5}, hi: 0.95},
	{name: "schedule", wide: []float64{0, 1, 2, 3}, hi: 3, kind: word, words: scheduleNames[:]},
}

func (b BlockPattern) values() []float64 {
	return []float64{b.Size, b.Stride, float64(b.Repeat), b.Rotate, b.ShearX, b.ShearY, indicator(b.ShareC), indicator(b.Residual),
		float64(b.Place), float64(b.Cells), float64(b.Aspect), b.Scatter, float64(b.Schedule)}
}

func blockPattern(v []float64) BlockPattern {
	return BlockPattern{Size: v[0], Stride: v[1], Repeat: int(v[2]), Rotate: v[3], ShearX: v[4], ShearY: v[5], ShareC: v[6] != 0, Residual: v[7] != 0,
		Place: Kind(v[8]), Cells: int(v[9]), Aspect: Aspect(v[10]), Scatter: v[11], Schedule: Schedule(v[12])}
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// first returns the fields of the paper's space, which files of version 1 have.
func (fs fields) first() fields {
	n := slices.IndexFunc(fs, func(f field) bool { return f.paper == nil })
	return fs[:n]
}

// version returns the version of the file that can hold values of all fields.
func (fs fields) version(values []float64) int {
	if slices.ContainsFunc(values[len(fs.first()):], func(v float64) bool { return v != 0 }) {
		return 2
	}
	return 1
}

// index returns which field has a name, -1 for none.
func (fs fields) index(name string) int {
	return slices.IndexFunc(fs, func(f field) bool { return f.name == name })
}

// choices returns those of the paper's space, or of the wide one.
func (fs fields) choices(wide bool) (all []Choice) {
	for _, f := range fs {
		grid := f.paper
		if wide && f.wide != nil {
			grid = f.wide
		}
		if grid != nil {
			all = append(all, Choice{Name: f.name, Values: slices.Clone(grid)})
		}
	}
	return all
}

// text returns a value as it stands in a file.
func (f field) text(v float64) string {
	switch f.kind {
	case flag:
		return strconv.FormatBool(v != 0)
	case word:
		return strconv.Quote(f.words[int(v)])
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// check returns an error when v is out of the range that a file may use.
func (f field) check(v float64) error {
	switch {
	case f.kind == word:
		if v != math.Trunc(v) || !(v >= 0) || int(v) >= len(f.words) || f.words[int(v)] == "" {
			return fmt.Errorf("must be one of %s, not number %g", f.known(), v)
		}
		return nil
	case v >= f.lo && v <= f.hi && (f.kind != whole || v == math.Trunc(v)):
		return nil
	case f.kind == whole:
		return fmt.Errorf("must be a whole number from %g to %g, not %g", f.lo, f.hi, v)
	default:
		return fmt.Errorf("must be a number from %g to %g, not %g", f.lo, f.hi, v)
	}
}

// known lists the words of a field.
func (f field) known() string {
	var known []string
	for _, w := range f.words {
		if w != "" {
			known = append(known, strconv.Quote(w))
		}
	}
	return strings.Join(known, ", ")
}

// check returns an error when one of the values at path is out of range.
func (fs fields) check(values []float64, path string) error {
	for j, f := range fs {
		if err := f.check(values[j]); err != nil {
			return fmt.Errorf("%s.%s %w", path, f.name, err)
		}
	}
	return nil
}

// check returns an error when a pattern cannot be used or saved.
func (p *ConvPattern) check() error {
	if len(p.Stages) == 0 {
		return fmt.Errorf("stages must hold at least one stage")
	}
	for s, stage := range p.Stages {
		if len(stage) == 0 {
			return fmt.Errorf("stages[%d] must hold at least one block", s)
		}
		for i, block := range stage {
			if err := convFields.check(block.values(), fmt.Sprintf("stages[%d][%d]", s, i)); err != nil {
				return err
			}
		}
	}
	return p.Origin.check()
}

// check returns an error when an origin cannot be written as JSON.
func (o Origin) check() error {
	if math.IsNaN(o.Reward) || math.IsInf(o.Reward, 0) {
		return fmt.Errorf("origin.reward must be finite, not %g", o.Reward)
	}
	return nil
}
