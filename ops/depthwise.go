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
// on every channel alone. kw is that KW.
func (s *sweep) depthwise(memory scratcher, dst, src, w []float32, kw int) {
	c := s.src.c
	kernels := memory.Scratch(s.taps() * c)
	for t := range s.taps() {
		copy(kernels[t*c:][:c], w[s.kernel(t, kw)*c:])
	}
	offsets := make([]int, s.y.taps)
	for i := range offsets {
		offsets[i] = i * s.y.next * s.src.w * c
	}
	d := depthwiseSweep{s, kernels, offsets}
	parallel.Range(s.n*s.y.outputs, max(1, depthwiseElements/(s.x.outputs*c)), func(lo, hi int) {
		for row := lo; row < hi; row++ {
			d.row(dst, src, row/s.y.outputs, row%s.y.outputs)
		}
	})
}

// A depthwiseSweep computes rows of outputs.
type depthwiseSweep struct {
	*sweep
	kernels []float32
	offsets []int // of the rows of taps
}

// row computes a row of an image's outputs. Those that all taps of a row are
// inside of the image for are computed together, the others one by one and tap
// row by tap row.
func (d *depthwiseSweep) row(dst, src []float32, image, row int) {
	c, x := d.src.c, d.x
	top := row*d.step + d.y.place
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
	lo, hi := x.whole(d.step, d.src.w)
	if lo < hi {
		a := simd.Taps{Data: src[(line+lo*d.step+x.place)*c:], Offsets: offsets, Run: x.taps, Row: d.step * c, Col: x.next * c}
		simd.DepthwiseTaps(hi-lo, c, a, kernels, c, dst[lo*x.apart*c:], x.apart*c, false)
	}
	for i := range x.outputs {
		if i >= lo && i < hi {
			continue
		}
		left := i*d.step + x.place
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
func (a axis) whole(step, length int) (lo, hi int) {
	lo = min(a.outputs, ceilDiv(max(0, -a.place), step))
	hi = min(a.outputs, (length-a.place-a.span()+step)/step)
	return lo, max(lo, hi)
}

// depthwiseGradW sets dw (KH, KW, C) to the gradient of the kernels of a
// depthwise convolution.
func (s *conv) depthwiseGradW(memory scratcher, dw, x, dy []float32) {
	const pixels, size = 1 << 10, 1 << 16 // of a band at most, for the second-level cache
	sweep, c := s.forwardSweep(), s.c
	b := sweep.bands(ceilDiv(pixels, s.ow), size, c)
	a := simd.Taps{Offsets: sweep.rowOffsets(b, b.rows, s.stride), Run: s.ow, Row: s.dilation * c, Col: s.stride * c}
	sweep.sumBands(memory, b, 1, b.size, dw, func(sum []float32, _, image, lo, hi int, accumulate bool, scratch []float32) {
		in, a := sweep.load(b, scratch, x, image, lo, hi, 0), a
		a.Offsets = a.Offsets[:hi-lo]
		for ky := range s.kh {
			a.Data = in[ky*s.dilation*b.pitch:]
			simd.DepthwiseTaps(s.kw, c, a, dy[sweep.output(image, lo):], c, sum[ky*s.kw*c:], c, accumulate)
		}
	})
}
