package ops

import (
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// gatherPays has, for every tier, the least number of channels, of inputs and of
// outputs, from which convolutions with a stride were measured to be faster as
// products of gathered inputs: their maps are small and rows of taps far apart.
var gatherPays = [...]int{simd.Generic: 96, simd.NEON: 96, simd.AVX2: 96, simd.AVX512: 160}

// gathers reports whether to gather inputs.
func (s *conv) gathers() bool {
	return s.strides() && s.groups == 1 && min(s.c, s.oc) >= gatherPays[simd.Active()] && s.pixels() > 0
}

// eachChunk calls body, in order, for chunks of whole images [lo, hi), with
// memory for their columns: a row (KH, KW, C) of what it sees for each output
// pixel, which makes a convolution a matrix product.
func (s *conv) eachChunk(memory scratcher, body func(columns []float32, lo, hi int)) {
	const size, rows = 1 << 20, 384 // elements, for the caches, and rows at least, so that kernels are used often
	image, k := s.oh*s.ow, s.kh*s.kw*s.c
	chunk := min(s.n, max(size/(image*k), ceilDiv(rows, image)))
	columns := memory.Scratch(chunk * image * k)
	for lo := 0; lo < s.n; lo += chunk {
		body(columns, lo, min(lo+chunk, s.n))
	}
}

// gatheredForward is forward by products with columns.
func (s *conv) gatheredForward(memory former, y, x, w []float32, end *rowEnd) {
	k, image := s.kh*s.kw*s.c, s.oh*s.ow
	s.eachChunk(memory, func(columns []float32, lo, hi int) {
		s.gather(columns, x, lo, hi)
		gemmWeights(memory, false, (hi-lo)*image, s.oc, k, columns, w, y[lo*image*s.oc:], end.below(lo*image))
	})
}

// gatheredGradX is gradX by products that give columns.
func (s *conv) gatheredGradX(memory scratcher, dx, dy, w []float32) {
	k, image := s.kh*s.kw*s.c, s.oh*s.ow
	s.eachChunk(memory, func(columns []float32, lo, hi int) {
		gemm(false, true, (hi-lo)*image, k, s.oc, dy[lo*image*s.oc:], s.oc, w, s.oc, 0, columns, k)
		s.collect(dx, columns, lo, hi)
	})
}

// gatheredGradW is gradW by products with columns.
func (s *conv) gatheredGradW(memory scratcher, dw, x, dy []float32) {
	k, image := s.kh*s.kw*s.c, s.oh*s.ow
	s.eachChunk(memory, func(columns []float32, lo, hi int) {
		s.gather(columns, x, lo, hi)
		gemm(true, false, k, s.oc, (hi-lo)*image, columns, k, dy[lo*image*s.oc:], s.oc, float32(min(lo, 1)), dw, s.oc)
	})
}

// gather sets columns to what the output pixels of images [lo, hi) of x see,
// with zeros where they look outside.
func (s *conv) gather(columns, x []float32, lo, hi int) {
	row := s.kw * s.c
	parallel.For((hi-lo)*s.oh, func(line int) {
		image, oy := lo+line/s.oh, line%s.oh
		to := columns[line*s.ow*s.kh*row:]
		for ox := range s.ow {
			for ky := range s.kh {
				s.gatherRow(to[:row], x, image, oy*s.vert.Stride-s.vert.Pad+ky*s.vert.Dilation, ox*s.horiz.Stride-s.horiz.Pad)
				to = to[row:]
			}
		}
	})
}

// gatherRow sets to to what a row of taps that begins at pixel (y, left) sees.
func (s *conv) gatherRow(to, x []float32, image, y, left int) {
	if y < 0 || y >= s.h {
		clear(to)
		return
	}
	line := x[(image*s.h+y)*s.w*s.c:][:s.w*s.c]
	if s.horiz.Dilation == 1 && left >= 0 && left+s.kw <= s.w {
		copy(to, line[left*s.c:])
		return
	}
	for kx := range s.kw {
		pixel := to[kx*s.c:][:s.c]
		if at := left + kx*s.horiz.Dilation; at >= 0 && at < s.w {
			copy(pixel, line[at*s.c:])
		} else {
			clear(pixel)
		}
	}
}

// collect sets images [lo, hi) of dx to the sums of the columns' elements that
// [conv.gather] would have taken there.
func (s *conv) collect(dx, columns []float32, lo, hi int) {
	row := s.kw * s.c
	parallel.For((hi-lo)*s.h, func(line int) {
		image, y := line/s.h, line%s.h
		to := dx[(lo*s.h+line)*s.w*s.c:][:s.w*s.c]
		clear(to)
		for ky := range s.kh {
			oy := y + s.vert.Pad - ky*s.vert.Dilation
			if oy < 0 || oy%s.vert.Stride != 0 || oy/s.vert.Stride >= s.oh {
				continue
			}
			from := columns[(image*s.oh+oy/s.vert.Stride)*s.ow*s.kh*row:]
			for ox := range s.ow {
				s.collectRow(to, from[(ox*s.kh+ky)*row:][:row], ox*s.horiz.Stride-s.horiz.Pad)
			}
		}
	})
}

// collectRow adds what a row of taps saw to a line of dx from pixel left on.
func (s *conv) collectRow(to, from []float32, left int) {
	if s.horiz.Dilation == 1 && left >= 0 && left+s.kw <= s.w {
		to = to[left*s.c:][:len(from)]
		simd.Add(to, to, from)
		return
	}
	for kx := range s.kw {
		if at := left + kx*s.horiz.Dilation; at >= 0 && at < s.w {
			pixel := to[at*s.c:][:s.c]
			simd.Add(pixel, pixel, from[kx*s.c:])
		}
	}
}
