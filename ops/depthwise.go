package ops

import (
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// depthwise reports whether every channel is a group of its own.
func (s *conv) depthwise() bool { return s.groups == s.c && s.oc == s.c }

// depthwiseElements is about how many outputs a task of a depthwise convolution
// computes: what it reads should stay in the second-level cache.
const depthwiseElements = 1 << 15

// depthwise sets dst to the sweep over src with kernels w (KH, KW, C) that work
// on every channel alone, and then does to it what end says. kw is that KW.
func (s sweep) depthwise(memory scratcher, dst, src, w []float32, kw int, end *rowEnd) {
	c := s.src.c
	kernels := memory.Scratch(s.taps() * c)
	for t := range s.taps() {
		copy(kernels[t*c:][:c], w[s.kernel(t, kw)*c:])
	}
	d := &depthwiseSweep{sweep: s, to: dst, from: src, kernels: kernels, end: end}
	d.offsets = multiples(d.few[:0], s.y.taps, s.y.next*s.src.w*c)
	d.length = max(1, depthwiseElements/(s.x.outputs*c))
	parallel.Each(ceilDiv(s.n*s.y.outputs, d.length), 0, d, (*depthwiseSweep).compute)
}

// A depthwiseSweep computes rows of outputs.
type depthwiseSweep struct {
	sweep
	to, from []float32
	kernels  []float32
	offsets  []int           // of the rows of taps
	few      [fewOffsets]int // memory of offsets
	length   int             // rows of a task
	end      *rowEnd
}

func (d *depthwiseSweep) compute(task int, _ []float32) {
	rows := d.y.outputs
	lo, hi := task*d.length, min((task+1)*d.length, d.n*rows)
	for row := lo; row < hi; row++ {
		d.row(d.to, d.from, row/rows, row%rows)
	}
	d.end.apply(lo*d.x.outputs, 0, (hi-lo)*d.x.outputs, d.dst.c)
}

// row computes a row of an image's outputs. Those that all taps of a row are
// inside of the image for are computed together, the others one by one and tap
// row by tap row.
func (d *depthwiseSweep) row(dst, src []float32, image, row int) {
	c, x := d.src.c, d.x
	top := row*d.y.step + d.y.place
	up, down := d.y.clip(top, d.src.h)
	src = src[image*d.src.h*d.src.w*c:][:d.src.h*d.src.w*c]
	dst = dst[d.output(image, row):]
	if up >= down { // nothing but padding is seen
		for i := range x.outputs {
			clear(dst[i*x.apart*c:][:c])
		}
		return
	}
	line := (top + up*d.y.next) * d.src.w
	offsets := d.offsets[:down-up]
	kernels := d.kernels[up*x.taps*c:]
	lo, hi := x.whole(d.src.w)
	if lo < hi {
		a := simd.Taps{Data: src[(line+lo*x.step+x.place)*c:], Offsets: offsets, Run: x.taps, Row: x.step * c, Col: x.next * c}
		simd.DepthwiseTaps(hi-lo, c, a, kernels, c, dst[lo*x.apart*c:], x.apart*c, false)
	}
	for i := range x.outputs {
		if i >= lo && i < hi {
			continue
		}
		left := i*x.step + x.place
		from, to := x.clip(left, d.src.w)
		pixel := dst[i*x.apart*c:][:c]
		if from >= to {
			clear(pixel)
			continue
		}
		for t := range offsets {
			a := simd.Taps{Data: src[(line+left+from*x.next)*c+offsets[t]:], Offsets: offsets[:1], Run: to - from, Col: x.next * c}
			simd.DepthwiseTaps(1, c, a, kernels[(t*x.taps+from)*c:], c, pixel, c, t > 0)
		}
	}
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

// whole returns the outputs [lo, hi) all of whose taps lie within an image of
// that length.
func (a axis) whole(length int) (lo, hi int) {
	lo = min(a.outputs, ceilDiv(max(0, -a.place), a.step))
	hi = min(a.outputs, (length-a.place-a.span()+a.step)/a.step)
	return lo, max(lo, hi)
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
		simd.DepthwiseTaps(d.kw, d.c, a, d.dy[d.sweep.output(image, lo):], d.c, sum[ky*d.kw*d.c:], d.c, accumulate)
	}
}
