package dropout

import (
	"fmt"
	"math"
	"strings"
)

// mostDropped is the largest probability of dropping that a pattern may have.
const mostDropped = 0.95

// times returns a probability of dropping times a factor, which raises none above what a
// pattern may have.
func times(p, factor float64) float64 { return min(p*factor, max(p, mostDropped)) }

// Times implements [Pattern]: the probability Drop of each place is factor times as large.
func (p *SequencePattern) Times(factor float64) Pattern {
	out := *p
	for i := range out.Places {
		out.Places[i].Drop = times(out.Places[i].Drop, factor)
	}
	out.Origin = p.Origin.times(factor)
	return &out
}

// Times implements [Pattern]: scattered blocks drop a share that is factor times as large,
// and a grid has the gap, of those on maps of 32x32 cells and the smaller maps of later
// stages, with which its share comes nearest to that.
func (p *ConvPattern) Times(factor float64) Pattern {
	out := &ConvPattern{Origin: p.Origin.times(factor), Stages: make([][]BlockPattern, len(p.Stages))}
	for s, stage := range p.Stages {
		for _, b := range stage {
			out.Stages[s] = append(out.Stages[s], b.times(factor, stageSide(s)))
		}
	}
	return out
}

// times returns the pattern that drops factor times as much of maps with a side of so
// many cells, as nearly as can be.
func (b BlockPattern) times(factor float64, side int) BlockPattern {
	switch {
	case b.Size == 0 || factor == 1:
		return b
	case factor == 0:
		b.Size = 0
		return b
	case b.Scatter > 0:
		b.Scatter = times(b.Scatter, factor)
		return b
	}
	want := factor * b.Share(side, side)
	best, distance := b, math.Abs(b.Share(side, side)-want)
	for cells := 1; cells <= side; cells++ {
		other := b
		other.Stride = float64(cells) / float64(side)
		if d := math.Abs(other.Share(side, side) - want); d < distance {
			best, distance = other, d
		}
	}
	return best
}

// times notes that a pattern is not what was found.
func (o Origin) times(factor float64) Origin {
	if factor != 1 {
		o.Note = strings.TrimPrefix(fmt.Sprintf("%s; it drops %g times as much", o.Note, factor), "; ")
	}
	return o
}
