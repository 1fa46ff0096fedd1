package data

import "math/rand/v2"

// A rgb is a colour with channels 0..255, or out of that range until a scene is
// finished.
type rgb [Channels]int32

// A scene is an image under construction. Its places are in eighths of a pixel
// of detail 1.
type scene struct {
	pixels []rgb
	side   int // height and width in pixels
	pitch  int // from one pixel to the next, in eighths of a pixel of detail 1
	rng    *rand.Rand
	d      Difficulty
}

// A figure is a shape placed in a scene.
type figure struct {
	shape, texture int
	x, y           int // centre in eighths of a pixel
	radius         int // in eighths of a pixel
	turn           int // in degrees
	aspect         int // width as a percentage of the height
	paint          [2]rgb
}

// drawScene draws an image of the given class into dst, an RGB image.
func drawScene(dst []uint8, rng *rand.Rand, cfg SyntheticConfig, class int) {
	side := syntheticSize * cfg.Detail
	s := scene{pixels: make([]rgb, side*side), side: side, pitch: 8 / cfg.Detail, rng: rng, d: cfg.Difficulty}
	s.background()
	main := s.place(class)
	for range rng.IntN(s.d.Distractors + 1) {
		s.draw(s.distractor(class, main))
	}
	s.draw(main)
	for range rng.IntN(s.d.Occluders + 1) {
		s.occlude(main)
	}
	s.light()
	s.finish(dst)
}

// background fills the scene with a colour gradient under a faint texture.
func (s *scene) background() {
	from, to, grain := s.colour(), s.colour(), s.colour()
	texture := textures[s.rng.IntN(len(textures))]
	size := s.between(4, 14) * 8
	view := newFrame(s.between(0, 255), s.between(0, 255), size, s.between(0, 359), 100)
	dx, dy := s.between(-16, 16), s.between(-16, 16)
	reach := int32(max(16*(abs(dx)+abs(dy)), 1))
	strength := int32(s.rng.IntN(s.d.Clutter + 1))
	for y := range s.side {
		for x := range s.side {
			at := s.slope(x, y, dx, dy) + reach // 0..2*reach
			p := mixed(from, to, at, 2*reach)
			if texture(view.at(s.middle(x), s.middle(y))) {
				p = mixed(p, grain, strength, 100)
			}
			s.pixels[y*s.side+x] = p
		}
	}
}

// place chooses how the main shape lies in the scene.
func (s *scene) place(class int) figure {
	f := figure{
		shape:   class,
		texture: class,
		radius:  s.between(8*s.d.MinRadius, 8*s.d.MaxRadius),
		turn:    s.between(-s.d.Rotation, s.d.Rotation),
		aspect:  s.between(80, 125),
	}
	if s.rng.IntN(100) >= s.d.Texture {
		f.texture = s.rng.IntN(len(textures))
	}
	// The centre keeps most of the shape in the picture.
	margin := f.radius * 7 / 8
	f.x = s.between(margin, 8*syntheticSize-margin)
	f.y = s.between(margin, 8*syntheticSize-margin)
	f.paint = s.paint(s.brightness(f.x/8, f.y/8))
	return f
}

// distractor chooses a small shape of another class, away from the middle of the
// main one.
func (s *scene) distractor(class int, main figure) figure {
	f := figure{
		shape:   (class + s.between(1, len(shapes)-1)) % len(shapes),
		texture: s.rng.IntN(len(textures)),
		radius:  s.between(16, 36),
		turn:    s.between(0, 359),
		aspect:  100,
		x:       s.between(0, 8*syntheticSize-1),
		y:       s.between(0, 8*syntheticSize-1),
	}
	// Opposite the main shape there is most room.
	if abs(f.x-main.x) < main.radius && abs(f.y-main.y) < main.radius {
		f.x, f.y = 8*syntheticSize-1-main.x, 8*syntheticSize-1-main.y
	}
	f.paint = s.paint(s.brightness(min(f.x/8, syntheticSize-1), min(f.y/8, syntheticSize-1)))
	return f
}

// occlude draws a bar of one colour over the main shape, off its middle.
func (s *scene) occlude(main figure) {
	reach := main.radius
	view := newFrame(main.x+s.between(-reach, reach), main.y+s.between(-reach, reach), 8, s.between(0, 359), 100)
	width, length := unit*s.between(8, 20)/10, unit*s.between(3, 12)
	p := s.colour()
	for y := range s.side {
		for x := range s.side {
			if u, v := view.at(s.middle(x), s.middle(y)); abs(u) < width && abs(v) < length {
				s.pixels[y*s.side+x] = p
			}
		}
	}
}

// draw paints a figure, with 2x2 samples a pixel for soft edges.
func (s *scene) draw(f figure) {
	view := newFrame(f.x, f.y, f.radius, f.turn, f.aspect)
	inside, texture := shapes[f.shape].inside, textures[f.texture]
	reach := f.radius*2 + 8 // no shape extends beyond: stretched corners included
	top, bottom := max((f.y-reach)/s.pitch, 0), min((f.y+reach)/s.pitch, s.side-1)
	left, right := max((f.x-reach)/s.pitch, 0), min((f.x+reach)/s.pitch, s.side-1)
	for y := top; y <= bottom; y++ {
		for x := left; x <= right; x++ {
			p := &s.pixels[y*s.side+x]
			var sum rgb
			covered := int32(0)
			for sample := range 4 {
				u, v := view.at(s.pitch*x+s.pitch/4+sample%2*s.pitch/2, s.pitch*y+s.pitch/4+sample/2*s.pitch/2)
				if !inside(u, v) {
					continue
				}
				covered++
				paint := &f.paint[0]
				if texture(u, v) {
					paint = &f.paint[1]
				}
				for c := range sum {
					sum[c] += paint[c]
				}
			}
			for c := range sum {
				p[c] = (p[c]*(4-covered) + sum[c]) / 4
			}
		}
	}
}

// light makes one side of the scene brighter than the other and shifts all of it.
func (s *scene) light() {
	dx, dy := s.between(-10, 10), s.between(-10, 10)
	level := s.between(750, 1200) // thousandths
	for y := range s.side {
		for x := range s.side {
			gain := int32(level) + s.slope(x, y, dx, dy)
			p := &s.pixels[y*s.side+x]
			for c := range p {
				p[c] = p[c] * gain / 1000
			}
		}
	}
}

// finish adds noise and stores the image.
func (s *scene) finish(dst []uint8) {
	// Two bytes give a triangular distribution; a scene has a strength of its own.
	strength := int32(s.rng.IntN(s.d.Noise + 1))
	for i := range s.pixels {
		bits := s.rng.Uint64()
		for c := range Channels {
			noise := int32(bits&255) + int32(bits>>8&255) - 255
			bits >>= 16
			v := s.pixels[i][c] + noise*strength/255
			dst[i*Channels+c] = uint8(min(max(v, 0), 255))
		}
	}
}

// colour draws any colour.
func (s *scene) colour() rgb {
	return rgb{s.rng.Int32N(256), s.rng.Int32N(256), s.rng.Int32N(256)}
}

// paint draws two colours that stand out from each other and, at least one of
// them clearly, from the brightness behind.
func (s *scene) paint(behind int32) [2]rgb {
	contrast := int32(s.d.Contrast)
	for {
		a, b := s.colour(), s.colour()
		if difference(luma(a), behind) >= contrast && difference(luma(a), luma(b)) >= contrast {
			return [2]rgb{a, b}
		}
	}
}

// middle returns the place of the middle of a column or row of pixels.
func (s *scene) middle(x int) int { return s.pitch*x + s.pitch/2 }

// slope is what a plane through the middle of the scene, which rises by dx and dy
// for each pixel of detail 1, has at a pixel.
func (s *scene) slope(x, y, dx, dy int) int32 {
	const half = 8 * syntheticSize / 2
	return int32(((s.pitch*x-half)*dx + (s.pitch*y-half)*dy) / 8)
}

// brightness returns the mean brightness of the pixels around (x, y), a pixel of
// detail 1.
func (s *scene) brightness(x, y int) int32 {
	var sum, n int32
	for j := max(y-6, 0); j <= min(y+6, syntheticSize-1); j += 3 {
		for i := max(x-6, 0); i <= min(x+6, syntheticSize-1); i += 3 {
			sum += luma(s.pixels[(j*s.side+i)*8/s.pitch])
			n++
		}
	}
	return sum / n
}

// between draws a whole number from lo to hi, both included.
func (s *scene) between(lo, hi int) int { return lo + s.rng.IntN(hi-lo+1) }

// luma is the brightness of a colour (ITU-R BT.601), 0..255.
func luma(p rgb) int32 { return (299*p[0] + 587*p[1] + 114*p[2]) / 1000 }

func difference(a, b int32) int32 { return max(a-b, b-a) }

// mixed goes from a to b as part goes from 0 to whole.
func mixed(a, b rgb, part, whole int32) rgb {
	for c := range a {
		a[c] += (b[c] - a[c]) * part / whole
	}
	return a
}
