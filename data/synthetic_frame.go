package data

// A frame maps pixels to the frame of a shape: a turn, a scale and a shift.
type frame struct {
	x, y           int   // centre in eighths of a pixel
	xu, yu, xv, yv int64 // change of u and v per eighth of a pixel, times 65536
}

// newFrame returns the frame of a shape with the given centre and radius in
// eighths of a pixel, turned clockwise by turn degrees, whose width is aspect
// percent of its height.
func newFrame(x, y, radius, turn, aspect int) frame {
	cos, sin := cosine(turn), cosine(turn-90) // times 16384
	// u = (cos*dx + sin*dy) / radius * unit, and unit/16384*65536 = 4096.
	scale := func(a int) int64 { return int64(a) * 4096 / int64(radius) }
	return frame{
		x: x, y: y,
		xu: scale(cos) * 100 / int64(aspect), yu: scale(sin) * 100 / int64(aspect),
		xv: scale(-sin), yv: scale(cos),
	}
}

// at returns the place of a point of the picture, in eighths of a pixel.
func (f *frame) at(x, y int) (u, v int) {
	dx, dy := int64(x-f.x), int64(y-f.y)
	return int((f.xu*dx + f.yu*dy) >> 16), int((f.xv*dx + f.yv*dy) >> 16)
}

// cosine returns the cosine of a whole number of degrees times 16384.
func cosine(degrees int) int {
	degrees = modulo(degrees, 360)
	switch {
	case degrees <= 90:
		return quarterCosine[degrees]
	case degrees <= 180:
		return -quarterCosine[180-degrees]
	case degrees <= 270:
		return -quarterCosine[degrees-180]
	default:
		return quarterCosine[360-degrees]
	}
}

// quarterCosine holds round(16384*cos(d)) for d from 0 to 90 degrees. It is
// written out because math.Cos may differ in its last bit between machines.
var quarterCosine = [91]int{
	16384, 16382, 16374, 16362, 16344, 16322, 16294, 16262, 16225, 16182, 16135, 16083, 16026,
	15964, 15897, 15826, 15749, 15668, 15582, 15491, 15396, 15296, 15191, 15082, 14968, 14849,
	14726, 14598, 14466, 14330, 14189, 14044, 13894, 13741, 13583, 13421, 13255, 13085, 12911,
	12733, 12551, 12365, 12176, 11982, 11786, 11585, 11381, 11174, 10963, 10749, 10531, 10311,
	10087, 9860, 9630, 9397, 9162, 8923, 8682, 8438, 8192, 7943, 7692, 7438, 7182,
	6924, 6664, 6402, 6138, 5872, 5604, 5334, 5063, 4790, 4516, 4240, 3964, 3686,
	3406, 3126, 2845, 2563, 2280, 1997, 1713, 1428, 1143, 857, 572, 286, 0,
}
