package dropout

import (
	"fmt"
	"math"
)

// field is one choice: its name in spaces and files, the grid a
// search chooses from, and the range a file may use.
type field struct {
	name   string
	grid   []float64
	lo, hi float64
	kind   fieldKind
}

type fieldKind int

const (
	number fieldKind = iota
	whole
	flag
)

// fields are the choices of one group, in the order in which they are made. The
// grids are those of the pattern file's version: changing one changes the
// version. Values of fields are numbers, where flags are 0 or 1.
type fields []field

var convFields = fields{
	{"size", []float64{0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1}, 0, 1, number},
	{"stride", []float64{0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1}, 0.01, 1, number},
	{"repeat", []float64{1, 2, 3, 4, 5, 6, 7, 8}, 1, 64, whole},
	{"rotate", []float64{0, 15, 30, 45, 60, 75}, -180, 180, number},
	{"shear_x", []float64{-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3}, -1, 1, number},
	{"shear_y", []float64{-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3}, -1, 1, number},
	{"share_c", []float64{0, 1}, 0, 1, flag},
	{"residual", []float64{0, 1}, 0, 1, flag},
}

func (b BlockPattern) values() []float64 {
	return []float64{b.Size, b.Stride, float64(b.Repeat), b.Rotate, b.ShearX, b.ShearY, indicator(b.ShareC), indicator(b.Residual)}
}

func blockPattern(v []float64) BlockPattern {
	return BlockPattern{Size: v[0], Stride: v[1], Repeat: int(v[2]), Rotate: v[3], ShearX: v[4], ShearY: v[5], ShareC: v[6] != 0, Residual: v[7] != 0}
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// check returns an error when v is out of the range that a file may use.
func (f field) check(v float64) error {
	switch {
	case v >= f.lo && v <= f.hi && (f.kind != whole || v == math.Trunc(v)):
		return nil
	case f.kind == whole:
		return fmt.Errorf("must be a whole number from %g to %g, not %g", f.lo, f.hi, v)
	default:
		return fmt.Errorf("must be a number from %g to %g, not %g", f.lo, f.hi, v)
	}
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
