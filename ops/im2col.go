package ops

import "autodropout/simd"

// gather copies what output pixels [lo, hi) see of one channel group of x
// through tap rows [first, last): a row (last-first, KW, Cin/groups) of columns
// for each pixel, with zeros where it looks outside the image.
func (s *conv) gather(columns, x []float32, group, lo, hi, first, last int) {
	ins := s.c / s.groups
	run := s.kw * ins
	for pixel := lo; pixel < hi; pixel++ {
		image, top, left := s.window(pixel)
		for ky := first; ky < last; ky++ {
			to := columns[:run]
			columns = columns[run:]
			iy := top + ky*s.dilation
			if iy < 0 || iy >= s.h {
				clear(to)
				continue
			}
			row := x[(image*s.h+iy)*s.w*s.c:][:s.w*s.c]
			if s.dilation == 1 && s.groups == 1 {
				a, b := s.inside(left)
				clear(to[:a*ins])
				if a < b {
					copy(to[a*ins:b*ins], row[max(0, left)*ins:])
				}
				clear(to[b*ins:])
				continue
			}
			for kx := range s.kw {
				ix := left + kx*s.dilation
				if ix < 0 || ix >= s.w {
					clear(to[kx*ins : (kx+1)*ins])
				} else {
					copy(to[kx*ins:(kx+1)*ins], row[ix*s.c+group*ins:])
				}
			}
		}
	}
}

// scatter is the transpose of gather over all taps: it adds every row of
// columns to the places of dx that gather reads.
func (s *conv) scatter(dx, columns []float32, group, lo, hi int) {
	ins := s.c / s.groups
	run := s.kw * ins
	for pixel := lo; pixel < hi; pixel++ {
		image, top, left := s.window(pixel)
		for ky := range s.kh {
			from := columns[:run]
			columns = columns[run:]
			iy := top + ky*s.dilation
			if iy < 0 || iy >= s.h {
				continue
			}
			row := dx[(image*s.h+iy)*s.w*s.c:][:s.w*s.c]
			if s.dilation == 1 && s.groups == 1 {
				if a, b := s.inside(left); a < b {
					to := row[max(0, left)*ins:][:(b-a)*ins]
					simd.Add(to, to, from[a*ins:b*ins])
				}
				continue
			}
			for kx := range s.kw {
				if ix := left + kx*s.dilation; ix >= 0 && ix < s.w {
					to := row[ix*s.c+group*ins:][:ins]
					simd.Add(to, to, from[kx*ins:(kx+1)*ins])
				}
			}
		}
	}
}

// window returns the image of an output pixel and the top left corner, which
// may lie in the padding, of what it sees.
func (s *conv) window(pixel int) (image, top, left int) {
	row := pixel / s.ow
	return row / s.oh, row%s.oh*s.stride - s.padY, pixel%s.ow*s.stride - s.padX
}

// inside returns which taps [a, b) of a row that begins at column left, with
// dilation 1, fall into the image.
func (s *conv) inside(left int) (a, b int) {
	a = min(max(0, -left), s.kw)
	return a, max(a, min(s.kw, s.w-left))
}
