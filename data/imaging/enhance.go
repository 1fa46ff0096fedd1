package imaging

// luma is the brightness of a pixel as PIL's mode L has it (ITU-R 601).
func luma(p []uint8) uint8 {
	return uint8((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 0x8000) >> 16)
}

// A blend mixes two values: factor 0 is the first, 1 the second, and more goes
// beyond it.
type blend float32

func (factor blend) mix(from, to uint8) uint8 {
	v := float32(from) + float32(float32(factor)*float32(int(to)-int(from)))
	switch {
	case v <= 0:
		return 0
	case v >= 255:
		return 255
	}
	return uint8(v)
}

// color sets dst to src with its colours weakened (factor below 1; 0 is grey) or
// strengthened. dst may be src.
func color(dst, src Image, factor float32) {
	sameSize("Color", dst, src)
	for i := 0; i < len(src.Pix); i += Channels {
		d, s := dst.Pix[i:i+Channels:i+Channels], src.Pix[i:i+Channels:i+Channels]
		grey := luma(s)
		for c := range d {
			d[c] = blend(factor).mix(grey, s[c])
		}
	}
}

// contrast sets dst to src with all values moved towards (factor below 1) or away
// from the mean brightness. dst may be src.
func contrast(dst, src Image, factor float32) {
	sum := int64(0) // a large image has more than 32 bits of brightness
	for i := 0; i < len(src.Pix); i += Channels {
		sum += int64(luma(src.Pix[i : i+Channels]))
	}
	mean := uint8(float64(sum)/float64(max(1, src.Width*src.Height)) + 0.5)
	each("Contrast", dst, src, func(v uint8) uint8 { return blend(factor).mix(mean, v) })
}

// brightness sets dst to src times factor. dst may be src.
func brightness(dst, src Image, factor float32) {
	each("Brightness", dst, src, func(v uint8) uint8 { return blend(factor).mix(0, v) })
}

// sharpness sets dst to src smoothed (factor below 1) or sharpened. dst must not
// share memory with src.
func sharpness(dst, src Image, factor float32) {
	sameSize("Sharpness", dst, src)
	apart("Sharpness", dst, src)
	copy(dst.Pix, src.Pix) // smoothing leaves the border as it is
	row := src.Width * Channels
	for y := 1; y < src.Height-1; y++ {
		for i := y*row + Channels; i < (y+1)*row-Channels; i++ {
			dst.Pix[i] = blend(factor).mix(smooth(src.Pix[i-row-Channels:], row), src.Pix[i])
		}
	}
}

// smooth is the mean of 3x3 pixels, of which the middle one counts five times.
// p begins with the first of them. PIL computes in float32, in this order.
func smooth(p []uint8, row int) uint8 {
	const side, middle = float32(1) / 13, float32(5) / 13
	line := func(p []uint8, weight float32) float32 {
		a, b, c := float32(float32(p[0])*side), float32(float32(p[Channels])*weight), float32(float32(p[2*Channels])*side)
		return float32(a+b) + c
	}
	sum := float32(0.5) + line(p[2*row:], side)
	sum += line(p[row:], middle)
	sum += line(p, side)
	return uint8(min(sum, 255))
}
