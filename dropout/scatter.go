package dropout

import (
	"math"
)

// Aspect is the shape of the blocks of a [BlockPattern].
type Aspect int

// The shapes, as height to width.
const (
	Square Aspect = iota // as in the paper
	Row                  // of the pattern's height, over the full width
	Column               // of the pattern's width, over the full height
)

var aspectNames = [...]string{Square: "1:1", Row: "1:full", Column: "full:1"}

// String returns the shape's name in files.
func (a Aspect) String() string {
	if a < 0 || int(a) >= len(aspectNames) {
		return "?"
	}
	return aspectNames[a]
}

// sides returns the height and the width of a block in cells of a map. Where the
// pattern is a grid, a block may be larger than the map.
func (b BlockPattern) sides(height, width int) (h, w int) {
	side := max(1, int(math.Round(b.Size*float64(min(height, width)))))
	if b.Cells > 0 {
		side = b.Cells
	}
	h, w = side, side
	switch b.Aspect {
	case Row:
		w = width
	case Column:
		h = height
	}
	return h, w
}

// scattered is a [BlockPattern] whose blocks lie at independent places, ready for maps
// of one size and one strength: DropBlock's way to place them, of which Dropout,
// SpatialDropout and stochastic depth are the cases of a block of one cell, of the whole
// map, and of the whole map in all channels.
type scattered struct {
	height, width int // of the map
	rows, columns int // of a block
	shared        bool
	threshold     uint16 // a block begins at a place with probability threshold/65536
}

// scatter returns what draws blocks so that about the share Scatter times strength of
// all elements is dropped. A block lies inside the map.
func (b BlockPattern) scatter(height, width int, strength float64) scattered {
	s := scattered{height: height, width: width, shared: b.ShareC}
	s.rows, s.columns = b.sides(height, width)
	s.rows, s.columns = min(s.rows, height), min(s.columns, width)
	down, across := s.places()
	gamma := b.Scatter * strength * float64(height*width) / float64(s.rows*s.columns) / float64(down*across)
	s.threshold = threshold16(gamma)
	return s
}

// places returns in how many places a block fits along each axis.
func (s *scattered) places() (down, across int) {
	return s.height - s.rows + 1, s.width - s.columns + 1
}

// share returns the share of elements that are expected to be dropped.
func (s *scattered) share() float64 {
	down, across := s.places()
	keep := math.Log1p(-float64(s.threshold) / 65536)
	sum := 0.0
	for y, rows := range covers(s.height, s.rows, down) {
		for x, columns := range covers(s.width, s.columns, across) {
			if rows*columns > 0 {
				sum -= float64(rows*columns) * math.Expm1(keep*float64(y*x))
			}
		}
	}
	return sum / float64(s.height*s.width)
}

// covers returns, for each number of places from 0 on, how many cells of an axis a block
// at just so many places covers.
func covers(extent, side, places int) []int {
	cells := make([]int, side+1)
	for i := range extent {
		cells[min(i, places-1)-max(0, i-side+1)+1]++
	}
	return cells
}

// drop clears the bits of one example of the given number of channels; its first
// element has bit pos. A block begins at place (y, x) of channel c, of across places in
// a row, where bit (y·across + x)·channels + c of the example's noise says so, or bit
// y·across + x for all channels when they share the pattern.
func (s *scattered) drop(keep []uint32, pos, channels int, ctr [4]uint32, key [2]uint32) {
	if s.rows*s.columns == 1 && !s.shared {
		dropElements(keep, pos, s.height*s.width*channels, s.threshold, ctr, key)
		return
	}
	drawn, run := channels, 1 // in a cell: channels that are drawn, and that one of them stands for
	if s.shared {
		drawn, run = 1, channels
	}
	down, across := s.places()
	eachDropped(down*across*drawn, s.threshold, ctr, key, func(i int) {
		place, c := i/drawn, i%drawn
		corner := place/across*s.width + place%across
		for y := range s.rows {
			for x := range s.columns {
				clearRange(keep, pos+(corner+y*s.width+x)*channels+c, run)
			}
		}
	})
}
