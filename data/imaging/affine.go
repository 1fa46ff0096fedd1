package imaging

import "math"

// matrix maps the centre of a pixel of the result to a place in the image: x, y
// comes from (m[0]*x + m[1]*y + m[2], m[3]*x + m[4]*y + m[5]).
type matrix [6]float64

// affine sets dst to src seen through a matrix: each pixel is the one whose area
// holds the place that it comes from, or fill outside src. dst must not share
// memory with src.
func affine(dst, src Image, m matrix, fill Colour) {
	apart("Affine", dst, src)
	dst.fill(fill)
	if m[1] == 0 && m[3] == 0 {
		scale(dst, src, m)
		return
	}
	if m.fits(float64(dst.Width), float64(dst.Height)) {
		fixed(dst, src, m)
		return
	}
	for y := range dst.Height {
		for x := range dst.Width {
			u, v := m.apply(float64(x)+0.5, float64(y)+0.5)
			if inside(src, u, v) {
				copy(dst.at(x, y), src.at(int(u), int(v)))
			}
		}
	}
}

func (m matrix) apply(x, y float64) (u, v float64) {
	return m[0]*x + m[1]*y + m[2], m[3]*x + m[4]*y + m[5]
}

func inside(src Image, u, v float64) bool {
	return u >= 0 && u < float64(src.Width) && v >= 0 && v < float64(src.Height)
}

// fits reports whether no corner comes from so far away that 16 bits before the
// binary point do not hold it.
func (m matrix) fits(width, height float64) bool {
	for _, corner := range [][2]float64{{0, 0}, {width, height}, {0, height}, {width, 0}} {
		u, v := m.apply(corner[0], corner[1])
		if math.Abs(u) >= 32768 || math.Abs(v) >= 32768 {
			return false
		}
	}
	return true
}

// fixed is affine in 16.16 numbers, which is how PIL rounds.
func fixed(dst, src Image, m matrix) {
	number := func(v float64) int { return int(math.Floor(v*65536 + 0.5)) }
	u, v := number(m[2]+m[0]*0.5+m[1]*0.5), number(m[5]+m[3]*0.5+m[4]*0.5)
	ux, uy, vx, vy := number(m[0]), number(m[1]), number(m[3]), number(m[4])
	for y := range dst.Height {
		p, q := u, v
		for x := range dst.Width {
			if i, j := p>>16, q>>16; i >= 0 && i < src.Width && j >= 0 && j < src.Height {
				copy(dst.at(x, y), src.at(i, j))
			}
			p, q = p+ux, q+vx
		}
		u, v = u+uy, v+vy
	}
}

// scale is affine without rotation and shear. PIL adds up the steps of such a
// one in floating point.
func scale(dst, src Image, m matrix) {
	v := m[5] + m[4]*0.5
	for y := range dst.Height {
		if v >= 0 && int(v) < src.Height {
			u := m[2] + m[0]*0.5
			for x := range dst.Width {
				if u >= 0 && int(u) < src.Width {
					copy(dst.at(x, y), src.at(int(u), int(v)))
				}
				u += m[0]
			}
		}
		v += m[4]
	}
}

// rotate sets dst to src turned counter-clockwise about its centre. dst must not
// share memory with src.
func rotate(dst, src Image, degrees float64, fill Colour) {
	sameSize("Rotate", dst, src)
	sin, cos := math.Sincos(-math.Mod(degrees, 360) * math.Pi / 180)
	sin, cos = decimals(sin), decimals(cos)
	x, y := float64(src.Width)/2, float64(src.Height)/2
	m := matrix{cos, sin, 0, -sin, cos, 0}
	m[2], m[5] = m.apply(-x, -y)
	m[2], m[5] = m[2]+x, m[5]+y
	affine(dst, src, m, fill)
}

// decimals rounds to 15 decimals, so that a quarter turn is exact.
func decimals(v float64) float64 { return math.Round(v*1e15) / 1e15 }

// shearX sets dst to src with row y moved to the left by factor*y pixels. dst
// must not share memory with src.
func shearX(dst, src Image, factor float64, fill Colour) {
	sameSize("ShearX", dst, src)
	affine(dst, src, matrix{1, factor, 0, 0, 1, 0}, fill)
}

// shearY sets dst to src with column x moved up by factor*x pixels. dst must not
// share memory with src.
func shearY(dst, src Image, factor float64, fill Colour) {
	sameSize("ShearY", dst, src)
	affine(dst, src, matrix{1, 0, 0, factor, 1, 0}, fill)
}

// translate sets dst to src moved to the left by x and up by y pixels. dst must
// not share memory with src.
func translate(dst, src Image, x, y float64, fill Colour) {
	sameSize("Translate", dst, src)
	affine(dst, src, matrix{1, 0, x, 0, 1, y}, fill)
}

// blankSquare fills the square of side pixels about column x and row y, as far as it
// lies in m (Cutout, DeVries and Taylor 2017).
func blankSquare(m Image, x, y, side int, fill Colour) {
	top, left := y-side/2, x-side/2
	for j := max(top, 0); j < min(top+side, m.Height); j++ {
		for i := max(left, 0); i < min(left+side, m.Width); i++ {
			copy(m.at(i, j), fill[:])
		}
	}
}
