package data

// Shapes live in a frame of their own in which unit is their nominal radius, u
// points right and v points down. All of it is whole-number arithmetic.
const unit = 1024

// A shape is the outline that makes a class of the synthetic set.
type shape struct {
	name   string
	inside func(u, v int) bool
}

var shapes = []shape{
	{"disc", func(u, v int) bool { return u*u+v*v < 920*920 }},
	{"ring", func(u, v int) bool { r := u*u + v*v; return r < 1024*1024 && r > 560*560 }},
	{"crescent", func(u, v int) bool {
		return u*u+v*v < 1024*1024 && (u-480)*(u-480)+v*v > 820*820
	}},
	{"square", func(u, v int) bool { return abs(u) < 800 && abs(v) < 800 }},
	{"cross", func(u, v int) bool {
		return abs(u) < 330 && abs(v) < 1024 || abs(v) < 330 && abs(u) < 1024
	}},
	{"hourglass", func(u, v int) bool { return abs(v) < 960 && abs(u) < abs(v)*8/10+110 }},
	{"triangle", func(u, v int) bool { return within(triangle, u, v) }},
	{"star", func(u, v int) bool { return within(star, u, v) }},
	{"arrow", func(u, v int) bool { return within(arrow, u, v) }},
	{"bolt", func(u, v int) bool { return within(bolt, u, v) }},
}

// Polygons as (u, v) corners.
var (
	triangle = [][2]int{{0, -1024}, {960, 760}, {-960, 760}}
	star     = [][2]int{
		{0, -1080}, {265, -360}, {1030, -330}, {430, 140}, {635, 875},
		{0, 455}, {-635, 875}, {-430, 140}, {-1030, -330}, {-265, -360},
	}
	arrow = [][2]int{
		{1080, 0}, {150, 900}, {150, 360}, {-1000, 360}, {-1000, -360}, {150, -360}, {150, -900},
	}
	bolt = [][2]int{
		{-450, -1060}, {500, -1060}, {160, -300}, {740, -300}, {-420, 1080}, {-60, 100}, {-700, 100},
	}
)

// within reports whether (u, v) lies in a polygon, by counting how often a ray
// to the right crosses its sides.
func within(polygon [][2]int, u, v int) bool {
	in := false
	p := polygon[len(polygon)-1]
	for _, q := range polygon {
		if (q[1] > v) != (p[1] > v) {
			// The crossing lies right of u; both sides times (p.v - q.v), whose
			// sign decides the direction of the comparison.
			height := p[1] - q[1]
			d := (p[0]-q[0])*(v-q[1]) - (u-q[0])*height
			if (d > 0) == (height > 0) {
				in = !in
			}
		}
		p = q
	}
	return in
}

// textures paint a surface with two colours: each reports which one lies at
// (u, v) of the shape's frame. Texture k usually goes with shape k.
var textures = []func(u, v int) bool{
	// Plain.
	func(u, v int) bool { return false },
	// Stripes along u.
	func(u, v int) bool { return wave(v, 560) },
	// Chessboard.
	func(u, v int) bool { return wave(u, 900) != wave(v, 900) },
	// Concentric rings.
	func(u, v int) bool {
		r := u*u + v*v
		return r > 260*260 && r < 540*540 || r > 800*800
	},
	// Two halves.
	func(u, v int) bool { return u > 0 },
	// Dots on a lattice.
	func(u, v int) bool {
		x, y := modulo(u, 620)-310, modulo(v, 620)-310
		return x*x+y*y < 190*190
	},
	// Broad stripes along v.
	func(u, v int) bool { return wave(u+200, 800) },
	// A grid of thin lines.
	func(u, v int) bool { return modulo(u, 600) < 190 || modulo(v, 600) < 190 },
	// Fine diagonal stripes.
	func(u, v int) bool { return wave(u+v, 640) },
	// Sectors like those of a wheel.
	func(u, v int) bool { return (u > 0) != (v > 0) != (abs(u) > abs(v)) },
}

// wave reports whether x lies in the first half of its period.
func wave(x, period int) bool { return modulo(x, period) < period/2 }

func modulo(x, m int) int {
	x %= m
	if x < 0 {
		x += m
	}
	return x
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}
