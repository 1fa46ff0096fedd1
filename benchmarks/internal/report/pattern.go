package report

import (
	"cmp"
	"fmt"
	"strings"

	"autodropout/dropout"
)

// Pattern is a pattern drawn on a picture of the network.
type Pattern struct {
	Title  string  // "AutoDropout, best of 8 trials"
	Words  string  // what it does
	Hint   string  // how to read the picture
	Stages []Stage // none: it has no picture
	JSON   string
}

// First returns the ID of the layer that is shown first: the first one that
// drops anything, or the very first.
func (p *Pattern) First() string {
	first := ""
	for _, stage := range p.Stages {
		for _, l := range stage.Layers {
			if l.Drop > 0 {
				return l.ID
			}
			first = cmp.Or(first, l.ID)
		}
	}
	return first
}

// Stage is a row of the network's picture.
type Stage struct {
	Name   string
	Layers []Layer
}

// Layer is a place in the network with the masks of a pattern.
type Layer struct {
	ID     string // of the page's element
	Name   string // "block 2.1"
	Label  string // "2.1"
	Words  string // what the pattern does there
	Values []Fact // its choices
	Drop   float64
	Groups []Samples

	Box      int  // the side of the layer's box in the picture, in pixels
	Arc      Arc  // the shortcut above it
	Shortcut bool // which loses the same pattern
	Parallel bool // the layer stands below the one before, not behind it
}

// Samples are masks that belong together.
type Samples struct {
	Name  string
	Masks []Mask
}

// Arc says which part of a shortcut's line lies above a layer.
type Arc string

// The parts of a shortcut.
const (
	WholeArc  Arc = "whole"
	ArcStart  Arc = "start"
	ArcMiddle Arc = "middle"
	ArcEnd    Arc = "end"
)

// Mask is a drawn mask: a path of strokes, one cell high, over what is dropped.
type Mask struct {
	Width, Height int
	Path          string
}

// newMask draws a mask; kept tells whether a cell is kept.
func newMask(width, height int, kept func(y, x int) bool) Mask {
	var b strings.Builder
	for y := range height {
		for x := 0; x < width; {
			end := x
			for end < width && !kept(y, end) {
				end++
			}
			if end > x {
				fmt.Fprintf(&b, "M%d %d.5h%d", x, y, end-x)
			}
			x = max(end, x+1)
		}
	}
	return Mask{width, height, b.String()}
}

// DrawPattern draws a pattern's masks layer by layer. Side is the height and
// width of the maps in the first stage of a ConvNet, in cells, and halves from
// stage to stage; it means nothing for sequences. Of what is no pattern of dropout
// there is no picture, but what it says of itself.
func DrawPattern(pattern fmt.Stringer, side int, s dropout.Stream) *Pattern {
	switch p := pattern.(type) {
	case *dropout.ConvPattern:
		return drawConv(p, side, s)
	case *dropout.SequencePattern:
		return drawSequence(p, s)
	}
	return &Pattern{Words: pattern.String()}
}

// measured is how many masks the share of dropped cells is counted over.
const measured = 64

// share returns the share of cells that masks drop.
func share(sample func(example int) [][]bool) float64 {
	cells, dropped := 0, 0
	for i := range measured {
		for _, row := range sample(i) {
			for _, kept := range row {
				cells++
				if !kept {
					dropped++
				}
			}
		}
	}
	return float64(dropped) / float64(cells)
}

// example returns the stream of another example.
func example(s dropout.Stream, i int) dropout.Stream {
	s.Example += uint64(i)
	return s
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// Percent writes the share of what a layer drops.
func (l Layer) Percent() string {
	if l.Drop == 0 {
		return "nothing"
	}
	return whole(l.Drop)
}
