package dropout

import (
	"math"

	"autodropout/simd"
)

// tiling is a [BlockPattern] made ready for maps of one size. Looking a cell
// up in the placed pattern takes two steps: the inverse transform of the cell,
// which is the same for all placements, and then one test along each axis. So
// the transform is a table, and a placement is two short lines of bits, one
// bit for each of 32 channels.
type tiling struct {
	height, width int
	shared        bool
	cells         []cell // for every cell of the map, row by row
	y, x          axis
}

// cell says where to look a cell of the map up, as indices into the lines of
// the two axes.
type cell struct{ y, x int32 }

// axis is the pattern along one axis of the map, in cells.
type axis struct {
	size, pitch int // of a block, and from one block to the next
	span        int // of all blocks; 0: without end
	extent      int // of the map
	low, length int // of the line: the first cell looked up, and how many
}

func newTiling(b BlockPattern, height, width int) *tiling {
	t := &tiling{height: height, width: width, shared: b.ShareC, cells: make([]cell, height*width)}
	t.y, t.x = b.axes(height, width)
	inverse := b.inverse()
	for i := range t.cells {
		// Relative to the centre, in half cells.
		y, x := 2*(i/width)-(height-1), 2*(i%width)-(width-1)
		t.cells[i] = cell{
			y: nearestCell(inverse[1][0]*float64(x)+inverse[1][1]*float64(y), height),
			x: nearestCell(inverse[0][0]*float64(x)+inverse[0][1]*float64(y), width),
		}
		if i == 0 {
			t.y.low, t.x.low = int(t.cells[0].y), int(t.cells[0].x)
			t.y.length, t.x.length = 1, 1
		}
		t.y.include(int(t.cells[i].y))
		t.x.include(int(t.cells[i].x))
	}
	for i := range t.cells {
		t.cells[i].y -= int32(t.y.low)
		t.cells[i].x -= int32(t.x.low)
	}
	return t
}

// axes returns the pattern along the axes of a map, without the lines. Blocks that go
// over all of an axis cover it wherever they are.
func (b BlockPattern) axes(height, width int) (y, x axis) {
	h, w := b.sides(height, width)
	gap := max(1, int(math.Round(b.Stride*float64(min(height, width)))))
	along := func(size, extent int, full bool) axis {
		if full {
			return axis{size: 1, pitch: 1, extent: extent}
		}
		a := axis{size: size, pitch: size + gap, extent: extent}
		if span := b.Repeat * a.pitch; span < extent {
			a.span = span
		}
		return a
	}
	return along(h, height, b.Aspect == Column), along(w, width, b.Aspect == Row)
}

// inverse returns the inverse of Rotate·ShearY·ShearX on columns (x, y). Its
// entries are multiples of 2^-24, so that every sum of products with cells is
// exact and every machine finds the same cells.
func (b BlockPattern) inverse() [2][2]float64 {
	sin, cos := math.Sincos(b.Rotate * math.Pi / 180)
	sx, sy := b.ShearX, b.ShearY
	m := [2][2]float64{
		{(1+sx*sy)*cos + sx*sin, (1+sx*sy)*sin - sx*cos},
		{-sy*cos - sin, -sy*sin + cos},
	}
	for i := range m {
		for j := range m[i] {
			m[i][j] = math.Round(m[i][j]*(1<<24)) / (1 << 24)
		}
	}
	return m
}

// nearestCell returns the cell nearest to half half-cells from the centre of
// extent cells; halves round up.
func nearestCell(half float64, extent int) int32 {
	return int32(math.Floor((half + float64(extent-1) + 1) / 2))
}

// include makes the axis' line long enough for cell i.
func (a *axis) include(i int) {
	end := max(a.low+a.length, i+1)
	a.low = min(a.low, i)
	a.length = end - a.low
}

// place sets the bits of lanes in every cell of line that a block covers,
// where draw, a uniform word, chooses the position.
func (a *axis) place(line []uint32, draw, lanes uint32) {
	var first, end int // of the blocks, as indices of line
	if a.span == 0 {
		anchor := below(draw, a.pitch) - a.low
		first, end = anchor%a.pitch, a.length
		if first > 0 {
			first -= a.pitch
		}
	} else {
		anchor := below(draw, a.span+a.extent-1) - (a.span - 1) - a.low
		first, end = anchor, min(anchor+a.span, a.length)
	}
	for block := first; block < end; block += a.pitch {
		for i := max(block, 0); i < min(block+a.size, a.length); i++ {
			line[i] |= lanes
		}
	}
}

// below maps a uniform word to a uniform number from 0 to n-1.
func below(draw uint32, n int) int { return int(uint64(draw) * uint64(n) >> 32) }

// drop clears the bits of one example of the given number of channels; the
// example's first element has bit pos. Channel c is placed by the words 2c (y)
// and 2c+1 (x) of the example's random stream, all channels by those of
// channel 0 when they share the pattern.
func (t *tiling) drop(keep []uint32, pos, channels int, ctr [4]uint32, key [2]uint32) {
	var small [512]uint32
	lines := small[:]
	if need := t.y.length + t.x.length; need > len(lines) {
		lines = make([]uint32, need)
	}
	rows, columns := lines[:t.y.length], lines[t.y.length:t.y.length+t.x.length]
	var draws [2 * 32]uint32
	for c := 0; c < channels; c += 32 {
		lanes := min(32, channels-c)
		clear(rows)
		clear(columns)
		if t.shared {
			all := uint32(1<<lanes - 1)
			simd.PhiloxFill(draws[:2], ctr, key)
			t.y.place(rows, draws[0], all)
			t.x.place(columns, draws[1], all)
		} else {
			simd.PhiloxFill(draws[:2*lanes], ctr, key)
			ctr[0] += 2 * 32 / 4
			for i := range lanes {
				t.y.place(rows, draws[2*i], 1<<i)
				t.x.place(columns, draws[2*i+1], 1<<i)
			}
		}
		for i, at := range t.cells {
			clearBits(keep, pos+i*channels+c, rows[at.y]&columns[at.x])
		}
	}
}
