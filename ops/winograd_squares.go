package ops

import "autodropout/simd"

// This file has what Winograd's convolutions do where maxima over squares of 2x2 pixels
// follow: neither the pixels of the squares nor their gradients are ever all in memory.
// Height and width of the images are even.

// maxima sets the maxima of a run of count tiles, whose first pixel has a place in its
// image, from their transforms along the columns.
func (s *winograd) maxima(of seen, maps axisMaps, from simd.Strided, top, left, rows, count int, patch []float32) {
	width := (count-1)*s.tile + maps.tile // columns of the patch; the last tile may reach beyond the image
	simd.Winograd(maps.output, simd.Strided{Data: patch, Step: of.n, Next: s.tile * of.n, Row: width * of.n}, from, of.n, count, rows)
	w := s.outputs()
	for r := 0; r < rows; r += 2 {
		w.along(of, top+r, left, min(width, s.ow-left), patch[r*width*of.n:], width).Max()
	}
}

// squares returns width columns of side rows of pixels, as rows does, where x has the
// gradients of the maxima.
func (s *windows) squares(of seen, top, side, left, width int, patch []float32) simd.Strided {
	above, before := top&^1, left&^1 // whole squares
	columns := (left - before + width + 1) &^ 1
	for y := above; y < top+side; y += 2 {
		row := patch[(y-above)*columns*of.n:][:2*columns*of.n]
		if y < 0 || y >= s.h {
			clear(row)
			continue
		}
		s.along(of, y, before, columns, row, columns).Spread()
	}
	return simd.Strided{Data: patch[((top-above)*columns+left-before)*of.n:], Step: columns * of.n, Next: of.n}
}

// along returns the squares of two rows, from row top and column left on and so many
// columns wide. Their pixels are in patch, in rows of width pixels.
func (s *windows) along(of seen, top, left, columns int, patch []float32, width int) simd.Squares {
	at := ((of.image*s.h/2+top/2)*(s.w/2)+left/2)*s.c + of.c
	return simd.Squares{
		Pixels: patch, Row: width * of.n,
		Largest: of.x[at:], From: s.from[at:], Step: s.c,
		N: of.n, Count: columns / 2,
	}
}
