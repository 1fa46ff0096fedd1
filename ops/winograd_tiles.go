package ops

import (
	"autodropout/internal/parallel"
	"autodropout/simd"
)

const (
	// A few tiles are transformed along one axis and then the other: so few that
	// they stay in the first-level cache in between.
	stripElements = 256 // a row of tiles and channels
	stripChannels = 128

	// winogradScratch is the number of elements that a transform has in between.
	winogradScratch = 1 << 17
)

// transform applies the windows' transforms along both axes to channels [c0, c1) of windows
// [lo, hi) of x, taking pixels outside of the image as 0. Element (i, j) of the results
// is the matrix of windows x channels at dst[(i*out+j)*plane].
func (s *windows) transform(dst []float32, plane int, x []float32, lo, hi, c0, c1 int, scratch []float32) {
	for c := c0; c < c1; c += stripChannels {
		n := min(stripChannels, c1-c)
		s.runs(lo, hi, stripElements/n, func(row, count, image, ty, tx int) {
			s.transformRun(simd.Strided{Data: dst[row*(c1-c0)+c-c0:], Step: plane, Next: c1 - c0},
				seen{x, image, c, n}, count, ty, tx, scratch)
		})
	}
}

// parts calls body for the elements that a map gives or takes, of side: count of them from
// number i on.
func parts(t simd.WinogradTransform, side int, body func(i, count int)) {
	head := min(t.Head(), side)
	body(0, head)
	if head < side {
		body(side-1, 1)
	}
}

// seen is what a run of windows sees of x: n channels of an image from a channel on.
type seen struct {
	x           []float32
	image, c, n int
}

// transformRun is transform for a run of windows of one image. What neighbours share is
// transformed once along the columns.
func (s *windows) transformRun(dst simd.Strided, of seen, count, ty, tx int, scratch []float32) {
	y, x := s.y.at(ty), s.x.at(tx)
	top, left := ty*s.y.stride-s.y.pad, tx*s.x.stride-s.x.pad
	_, out := y.t.Size()
	n := of.n
	if s.far {
		simd.Fetch(dst.Data, dst.Step, (count-1)*dst.Next+n, out*out)
	}
	columns := (count-1)*s.x.stride + x.side
	from, to := min(max(0, -left), columns), min(columns, s.w-left) // that are inside
	strip := scratch[:out*columns*n]
	if from < to {
		src := s.rows(of, top, y.side, left+from, to-from, scratch[len(strip):])
		simd.Winograd(y.t, simd.Strided{Data: strip[from*n:], Step: columns * n, Next: n}, src, n, to-from, 1)
	}
	for i := range out {
		row := strip[i*columns*n:][:columns*n]
		clear(row[:from*n])
		clear(row[max(from, to)*n:])
	}
	parts(y.t, out, func(i, rows int) {
		simd.Winograd(x.t, simd.Strided{Data: dst.Data[i*out*dst.Step:], Step: dst.Step, Next: dst.Next, Row: out * dst.Step},
			simd.Strided{Data: strip[i*columns*n:], Step: n, Next: s.x.stride * n, Row: columns * n}, n, count, rows)
	})
}

// rows returns width columns of side rows of pixels, which are a group each and inside of
// the image. Rows outside of it are 0; if there are any, all rows are copied to patch.
func (s *windows) rows(of seen, top, side, left, width int, patch []float32) simd.Strided {
	if s.from != nil {
		return s.squares(of, top, side, left, width, patch)
	}
	image, n := of.x[of.image*s.h*s.w*s.c+of.c:], of.n
	if top >= 0 && top+side <= s.h {
		return simd.Strided{Data: image[(top*s.w+left)*s.c:], Step: s.w * s.c, Next: s.c}
	}
	for i := range side {
		row := patch[i*width*n:][:width*n]
		if y := top + i; y < 0 || y >= s.h {
			clear(row)
			continue
		}
		if n == s.c {
			copy(row, image[((top+i)*s.w+left)*s.c:])
			continue
		}
		for j := range width {
			copy(row[j*n:][:n], image[((top+i)*s.w+left+j)*s.c:])
		}
	}
	return simd.Strided{Data: patch, Step: width * n, Next: n}
}

// A spectrum is the transform of windows, in blocks of tiles x channels.
type spectrum struct {
	windows
	x               []float32
	all             int       // tiles
	tiles, channels int       // of a block
	plane, size     int       // of a matrix, and of a block
	data            []float32 // all blocks, or nil: block makes them
}

func (s *winograd) spectrum(w windows, x []float32, tiles, channels int) spectrum {
	p := plane(tiles, channels)
	return spectrum{windows: w, x: x, all: s.tiles(), tiles: tiles, channels: channels, plane: p, size: s.elements() * p}
}

// fill makes all blocks, in data where that is long enough, and returns where they are.
func (s *spectrum) fill(memory scratcher, data []float32) []float32 {
	n := ceilDiv(s.all, s.tiles) * ceilDiv(s.c, s.channels)
	s.far = true
	if s.data = data; len(data) < n*s.size {
		s.data = memory.Scratch(n * s.size)
	}
	parallel.Each(n, winogradScratch, s, (*spectrum).fillBlock)
	return s.data
}

func (s *spectrum) fillBlock(task int, scratch []float32) {
	across := ceilDiv(s.c, s.channels)
	s.compute(task/across, task%across, s.data[task*s.size:], scratch)
}

// lent is the number of elements that block needs.
func (s *spectrum) lent() int {
	if s.data != nil {
		return 0
	}
	return s.size
}

// block returns block i of the tiles and j of the channels, made in dst unless
// there are all blocks.
func (s *spectrum) block(i, j int, dst, scratch []float32) simd.Planes {
	if s.data != nil {
		dst = s.data[(i*ceilDiv(s.c, s.channels)+j)*s.size:]
	} else {
		s.compute(i, j, dst, scratch)
	}
	return simd.Planes{Data: dst, Plane: s.plane, Row: min(s.channels, s.c-j*s.channels), Far: s.data != nil}
}

// compute makes block i, j in dst.
func (s *spectrum) compute(i, j int, dst, scratch []float32) {
	lo, c := i*s.tiles, j*s.channels
	s.transform(dst, s.plane, s.x, lo, min(lo+s.tiles, s.all), c, min(c+s.channels, s.c), scratch)
}

// transformOutputs sets channels [c0, c1) of tiles [lo, hi) of y from their
// transforms m.
func (s *winograd) transformOutputs(y, m []float32, plane, lo, hi, c0, c1 int, scratch []float32) {
	side, n := s.side(), c1-c0
	w := s.outputs()
	w.runs(lo, hi, stripElements/n, func(row, count, image, ty, tx int) {
		vertical, horizontal := s.down.at(ty), s.across.at(tx)
		top, left := ty*s.tile, tx*s.tile
		size, rows := count*n, min(vertical.tile, s.oh-top)
		columns := (count-1)*s.tile + horizontal.tile // the last tile may reach beyond the image
		if s.outputFrom == nil {
			for r := range rows {
				simd.Fetch(y[((image*s.oh+top+r)*s.ow+left)*s.oc+c0:], s.oc, n, min(columns, s.ow-left))
			}
		}
		parts(horizontal.output, side, func(j, elements int) {
			simd.Winograd(vertical.output, simd.Strided{Data: scratch[j*size:], Step: side * size, Next: size},
				simd.Strided{Data: m[j*plane+row*n:], Step: side * plane, Next: plane}, size, elements, 1)
		})
		from := simd.Strided{Data: scratch, Step: size, Next: n, Row: side * size}
		rest := scratch[s.tile*side*size:]
		if s.outputFrom != nil {
			s.maxima(seen{y, image, c0, n}, horizontal, from, top, left, rows, count, rest)
			return
		}
		to := simd.Strided{Data: y[((image*s.oh+top)*s.ow+left)*s.oc+c0:], Step: s.oc, Next: s.tile * s.oc, Row: s.ow * s.oc}
		whole := count
		if left+columns > s.ow {
			whole--
		}
		simd.Winograd(horizontal.output, to, from, n, whole, rows)
		if whole == count {
			return
		}
		patch := simd.Strided{Data: rest, Step: n, Row: s.tile * n}
		from.Data = from.Data[whole*n:]
		simd.Winograd(horizontal.output, patch, from, n, 1, rows)
		for r := range rows {
			for q := range s.ow - left - whole*s.tile {
				copy(to.Data[r*to.Row+whole*to.Next+q*to.Step:][:n], patch.Data[r*patch.Row+q*n:])
			}
		}
	})
}

// endTiles does what s.end says to tiles [lo, hi) of the result, all of whose channels are there.
func (s *winograd) endTiles(lo, hi int) {
	w := s.outputs()
	w.runs(lo, hi, hi-lo, func(_, count, image, ty, tx int) {
		pixels := min(count*s.tile, s.ow-tx*s.tile)
		for y := ty * s.tile; y < min((ty+1)*s.tile, s.oh); y++ {
			s.end.apply((image*s.oh+y)*s.ow+tx*s.tile, 0, pixels, s.oc)
		}
	})
}
