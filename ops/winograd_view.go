package ops

import "autodropout/simd"

// windows are rectangles of pixels, one for each tile, of images with c channels.
type windows struct {
	h, w, c int
	y, x    axisOfWindows
	far     bool   // the transforms go beyond the second-level cache
	first   int    // image of the first window
	from    []byte // as inputFrom of winograd
}

// axisOfWindows are the windows of an image along an axis.
type axisOfWindows struct {
	count, stride, pad int
	usual, last        window
}

// A window is what a tile sees along an axis, and how that is transformed.
type window struct {
	t    simd.WinogradTransform
	side int // pixels
}

func (a *axisOfWindows) at(i int) window {
	if i == a.count-1 {
		return a.last
	}
	return a.usual
}

// whole is the number of windows before those with maps of their own.
func (a *axisOfWindows) whole() int {
	if a.last != a.usual {
		return a.count - 1
	}
	return a.count
}

// inputs are what the tiles see of x.
func (s *winograd) inputs() windows {
	along := func(a axisOfTiles, pad int) axisOfWindows {
		return axisOfWindows{a.count, s.tile, pad, window{a.usual.input, a.usual.tile + 2}, window{a.last.input, a.last.tile + 2}}
	}
	return windows{h: s.h, w: s.w, c: s.c, y: along(s.down, s.vert.Pad), x: along(s.across, s.horiz.Pad), first: s.first, from: s.inputFrom}
}

// outputs are the tiles of y.
func (s *winograd) outputs() windows {
	along := func(a axisOfTiles) axisOfWindows {
		return axisOfWindows{a.count, s.tile, 0, window{a.usual.outputGrad, a.usual.tile}, window{a.last.outputGrad, a.last.tile}}
	}
	return windows{h: s.oh, w: s.ow, c: s.oc, y: along(s.down), x: along(s.across), first: s.first, from: s.outputFrom}
}

// A blockOrder is the order of the tiles of a block. Where last tiles have maps of their own
// these are together, so that the tiles with an element are a span of rows of its matrix:
// those at the right border of their images come first, then those at no border, those at
// the bottom, and those at both.
type blockOrder struct {
	*windows
	lo                          int
	images                      int
	right, inner, below, corner int // tiles
}

func (s *windows) order(lo, hi int) blockOrder {
	o := blockOrder{windows: s, lo: lo, images: (hi - lo) / (s.y.count * s.x.count)}
	down, across := s.y.whole(), s.x.whole()
	lastDown, lastAcross := s.y.count-down, s.x.count-across
	o.right, o.inner = o.images*down*lastAcross, o.images*down*across
	o.below, o.corner = o.images*lastDown*across, o.images*lastDown*lastAcross
	return o
}

// row returns the row of a tile, the number of which is at.
func (o *blockOrder) row(at, ty, tx int) int {
	down, across := o.y.whole(), o.x.whole()
	image := at/(o.y.count*o.x.count) - o.lo/(o.y.count*o.x.count)
	switch {
	case down == o.y.count && across == o.x.count:
		return at - o.lo
	case ty < down && tx == across:
		return image*down + ty
	case ty < down:
		return o.right + (image*down+ty)*across + tx
	case tx < across:
		return o.right + o.inner + image*across + tx
	}
	return o.right + o.inner + o.below + image
}

// elementSpans has a span for each element of a transformed tile.
type elementSpans [36]simd.Span

// spans returns the rows of tiles [lo, hi) that have each element, in memory, or nil where
// all have.
func (s *windows) spans(memory *elementSpans, lo, hi int) []simd.Span {
	if s.y.whole() == s.y.count && s.x.whole() == s.x.count {
		return nil
	}
	o := s.order(lo, hi)
	_, side := s.y.usual.t.Size()
	for e := range memory {
		span := simd.Span{Lo: 0, Hi: hi - lo}
		if s.x.last.lacks(e % side) {
			span = simd.Span{Lo: o.right, Hi: o.right + o.inner + o.below}
		}
		if s.y.last.lacks(e / side) {
			span.Hi = o.right + o.inner
		}
		memory[e] = span
	}
	return memory[:]
}

// lacks reports whether a transformed window does not have element i.
func (w window) lacks(i int) bool {
	_, side := w.t.Size()
	return i >= w.t.Head() && i < side-1
}

// runs cuts the windows [lo, hi) into runs of at most limit windows that lie side by side and
// are alike, and calls body for each run: it begins at a row of the block's matrices, with
// window tx of row ty of an image, and has count windows.
func (s *windows) runs(lo, hi, limit int, body func(row, count, image, ty, tx int)) {
	o, each := s.order(lo, hi), s.y.count*s.x.count
	for at := lo; at < hi; {
		ty, tx := at/s.x.count%s.y.count, at%s.x.count
		count := min(hi-at, limit, max(1, s.x.whole()-tx))
		body(o.row(at, ty, tx), count, s.first+at/each, ty, tx)
		at += count
	}
}
