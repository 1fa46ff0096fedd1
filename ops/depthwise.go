package ops

import "autodropout/simd"

// depthwise reports whether every channel is a group of its own.
func (s *conv) depthwise() bool { return s.groups == s.c && s.oc == s.c }

// depthwiseBand is the number of elements of a band of a depthwise convolution:
// it should stay in the second-level cache.
const depthwiseBand = 1 << 16

// depthwise sets dst to the sweep over src with kernels w (KH, KW, C) that work
// on every channel alone. kw is that KW.
func (s *sweep) depthwise(memory scratcher, dst, src, w []float32, kw int) {
	c := s.src.c
	kernels := memory.Scratch(s.taps() * c)
	for t := range s.taps() {
		copy(kernels[t*c:][:c], w[s.kernel(t, kw)*c:])
	}
	b := s.bands(s.y.outputs, depthwiseBand, c)
	a := simd.Taps{Offsets: s.rowOffsets(b, s.y.taps, s.y.next), Run: s.x.taps, Row: s.step * c, Col: s.x.next * c}
	s.eachBand(b, 1, src, func(in []float32, image, lo, hi, _ int) {
		a := a
		for row := range hi - lo {
			a.Data = in[row*s.step*b.pitch:]
			simd.DepthwiseTaps(s.x.outputs, c, a, kernels, c, dst[s.output(image, lo+row):], s.x.apart*c, false)
		}
	})
}

// depthwiseGradW sets dw (KH, KW, C) to the gradient of the kernels of a
// depthwise convolution.
func (s *conv) depthwiseGradW(memory scratcher, dw, x, dy []float32) {
	const pixels = 1 << 10 // of a band at most
	sweep, c := s.forwardSweep(), s.c
	b := sweep.bands(ceilDiv(pixels, s.ow), depthwiseBand, c)
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
