package ops

import (
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// depthwise reports whether every channel is a group of its own.
func (s *conv) depthwise() bool { return s.groups == s.c && s.oc == s.c }

// depthwiseElements is about how many outputs a task of a depthwise convolution
// computes: what it reads should stay in the second-level cache. It computes all
// channels of some rows, or, if it can have depthwiseChannels of them, whole images.
const depthwiseElements, depthwiseChannels = 1 << 15, 64

// depthwise sets dst to the sweep over src with kernels w (KH, KW, C) that work
// on every channel alone, and then does to it what end says. kw is that KW.
func (s sweep) depthwise(memory scratcher, dst, src, w []float32, kw int, end *rowEnd) {
	c := s.src.c
	d := &depthwiseSweep{sweep: s, to: dst, from: src, end: end}
	d.strips = d.fewStrips[:0]
	for lo := 0; lo < s.x.outputs; {
		from, to, hi := s.x.alike(lo, s.x.outputs, s.src.w)
		kernels := memory.Scratch(s.y.taps * (to - from) * c)
		d.strips = append(d.strips, strip{lo, hi, from, to, kernels})
		for row := range s.y.taps {
			for col := from; col < to; col++ {
				copy(kernels[:c], w[s.kernel(row*s.x.taps+col, kw)*c:])
				kernels = kernels[c:]
			}
		}
		lo = hi
	}
	d.offsets = multiples(d.few[:0], s.y.taps, s.y.next*s.src.w*c)
	d.share()
	parallel.Each(ceilDiv(s.n*s.y.outputs, d.length)*d.blocks, 0, d, (*depthwiseSweep).compute)
}

// share sets what a task computes.
func (d *depthwiseSweep) share() {
	const lanes = 16
	row, rows, c := d.x.outputs, d.y.outputs, d.src.c
	d.length, d.channels, d.blocks = max(1, depthwiseElements/(row*c)), c, 1
	if fit := depthwiseElements / (row * rows); d.length < rows && fit >= depthwiseChannels {
		d.blocks = ceilDiv(c, fit)
		d.channels = ceilDiv(ceilDiv(c, d.blocks), lanes) * lanes
		d.length, d.blocks = rows, ceilDiv(c, d.channels)
	}
}

// A depthwiseSweep computes rows of outputs.
type depthwiseSweep struct {
	sweep
	to, from  []float32
	strips    []strip // side by side
	fewStrips [5]strip
	offsets   []int           // of the rows of taps
	few       [fewOffsets]int // memory of offsets
	end       *rowEnd

	length, channels int // of a task
	blocks           int // of channels
}

// A strip is the outputs [lo, hi) of every row, for which the same columns of taps,
// [from, to), lie within the image. It has the kernels of these, (KH, to-from, C).
type strip struct {
	lo, hi, from, to int
	kernels          []float32
}

// compute computes as many rows at a time as see the same rows of taps.
func (d *depthwiseSweep) compute(task int, _ []float32) {
	rows, part, from := d.y.outputs, task/d.blocks, task%d.blocks*d.channels
	lo, hi, channels := part*d.length, min((part+1)*d.length, d.n*rows), min(d.channels, d.src.c-from)
	for at := lo; at < hi; {
		image, row := at/rows, at%rows
		up, down, end := d.y.alike(row, min(rows, row+hi-at), d.src.h)
		for i := range d.strips {
			d.rectangle(&d.strips[i], image, row, end, up, down, from, channels)
		}
		at += end - row
	}
	d.end.apply(lo*d.x.outputs, from, (hi-lo)*d.x.outputs, channels)
}

// rectangle computes some channels of the outputs of a strip in rows [lo, hi) of an
// image, which see the rows of taps [up, down): along its longer side, since tiles of
// several outputs are faster.
func (d *depthwiseSweep) rectangle(s *strip, image, lo, hi, up, down, channel, channels int) {
	c, x, y, run := d.src.c, d.x, d.y, s.to-s.from
	next, line := x.apart*c, y.apart*d.dst.w*c // from output to output, and from line to line
	m, lines := s.hi-s.lo, hi-lo
	dst := d.to[d.output(image, lo)+s.lo*next+channel:]
	if up >= down || run <= 0 { // nothing but padding is seen
		for i := range lines {
			for k := range m {
				clear(dst[i*line+k*next:][:channels])
			}
		}
		return
	}
	width := d.src.w * c
	row, column := lo*y.step+y.place+up*y.next, s.lo*x.step+x.place+s.from*x.next
	src := d.from[image*d.src.h*width:][:d.src.h*width][row*width+column*c+channel:]
	a := simd.Taps{Offsets: d.offsets[:down-up], Run: run, Row: x.step * c, Col: x.next * c}
	below := y.step * width
	if lines > m {
		m, lines, next, line, a.Row, below = lines, m, line, next, below, a.Row
	}
	for i := range lines {
		a.Data = src[i*below:]
		simd.DepthwiseTaps(m, channels, &a, s.kernels[up*run*c+channel:], c, dst[i*line:], next, false)
	}
}

// alike returns which taps [from, to) of output i lie within an image of that length,
// and the first output after it, but at most end, of which others do.
func (a axis) alike(i, end, length int) (from, to, next int) {
	from, to = a.clip(i*a.step+a.place, length)
	for next = i + 1; next < end; next++ {
		if f, t := a.clip(next*a.step+a.place, length); f != from || t != to {
			break
		}
	}
	return from, to, next
}

// clip returns which taps [from, to) of an output lie within an image of that
// length if the first one lies at place.
func (a axis) clip(place, length int) (from, to int) {
	from, to = 0, a.taps
	for from < to && place+from*a.next < 0 {
		from++
	}
	for from < to && place+(to-1)*a.next >= length {
		to--
	}
	return from, to
}

// depthwiseGradW sets dw (KH, KW, C) to the gradient of the kernels of a
// depthwise convolution.
func (s *conv) depthwiseGradW(memory scratcher, dw, x, dy []float32) {
	const pixels, size = 1 << 10, 1 << 16 // of a band at most, for the second-level cache
	d := &depthwiseGrad{conv: s, sweep: s.forwardSweep(), x: x, dy: dy}
	d.band = d.sweep.bands(ceilDiv(pixels, s.ow), size, s.c)
	d.offsets = multiples(d.few[:0], d.band.rows, s.vert.Stride*d.band.pitch)
	d.sweep.sumBands(memory, d.band, 1, d.band.size, dw, d)
}

// A depthwiseGrad computes the gradient of kernels.
type depthwiseGrad struct {
	*conv
	sweep   sweep
	x, dy   []float32
	band    band
	offsets []int
	few     [fewOffsets]int // memory of offsets
}

func (d *depthwiseGrad) add(sum []float32, _, image, lo, hi int, accumulate bool, scratch []float32) {
	in := d.sweep.load(d.band, scratch, d.x, image, lo, hi, 0)
	a := simd.Taps{Offsets: d.offsets[:hi-lo], Run: d.ow, Row: d.horiz.Dilation * d.c, Col: d.horiz.Stride * d.c}
	for ky := range d.kh {
		a.Data = in[ky*d.vert.Dilation*d.band.pitch:]
		simd.DepthwiseTaps(d.kw, d.c, &a, d.dy[d.sweep.output(image, lo):], d.c, sum[ky*d.kw*d.c:], d.c, accumulate)
	}
}
