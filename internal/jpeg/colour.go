package jpeg

import "autodropout/data/imaging"

// image returns the pixels.
func (d *decoder) image() imaging.Image {
	m := imaging.New(d.width, d.height)
	convert := d.conversion()
	var rows [4][]uint8
	for i := range d.components {
		rows[i] = make([]uint8, d.width+2*d.maxH)
	}
	for y := range d.height {
		var row [4][]uint8
		for i := range d.components {
			row[i] = d.row(&d.components[i], y, rows[i])[:d.width]
		}
		convert(m.Pix[y*d.width*imaging.Channels:][:d.width*imaging.Channels], &row)
	}
	return m
}

// row returns row y of the image in one channel, in buffer where it is not a row of the
// plane.
func (d *decoder) row(c *component, y int, buffer []uint8) []uint8 {
	stride := c.blocksX * 8
	at := func(y int) []uint8 { // of the plane
		y = min(max(y, 0), c.height-1)
		return c.plane[y*stride:][:c.width]
	}
	wider, higher := d.maxH/c.h, d.maxV/c.v
	near := at(y / higher)
	far := at(y/2 - 1 + y%2*2) // for a half of the height
	switch {
	case wider == 1 && higher == 1:
		return near
	case wider == 1 && higher == 2:
		for x := range near {
			buffer[x] = uint8((3*int(near[x]) + int(far[x]) + 1 + y%2) >> 2)
		}
	case wider == 2 && higher == 1 && c.width > 2:
		widen(buffer, c.width, 2, 1, 2, func(x int) int { return int(near[x]) })
	case wider == 2 && higher == 2 && c.width > 2:
		widen(buffer, c.width, 4, 8, 7, func(x int) int { return 3*int(near[x]) + int(far[x]) })
	default:
		for x := range d.width {
			buffer[x] = near[x/wider]
		}
	}
	return buffer
}

// widen makes a row twice as wide, by the triangle filter, of n values times
// 1<<(shift-2). Halves are rounded up and down in turns.
func widen(dst []uint8, n, shift, left, right int, value func(x int) int) {
	last, this := value(0), value(0)
	for x := range n {
		next := this
		if x+1 < n {
			next = value(x + 1)
		}
		dst[2*x] = uint8((3*this + last + left) >> shift)
		dst[2*x+1] = uint8((3*this + next + right) >> shift)
		last, this = this, next
	}
}

// conversion returns what turns a row of channels into one of red, green and blue.
func (d *decoder) conversion() func(dst []uint8, row *[4][]uint8) {
	ids := [3]byte{}
	for i := range min(len(d.components), 3) {
		ids[i] = d.components[i].id
	}
	switch {
	case len(d.components) == 1:
		return fromGrey
	case len(d.components) == 3 && !d.jfif && (d.adobe && d.transform == 0 || !d.adobe && ids == [3]byte{'R', 'G', 'B'}):
		return fromRGB
	case len(d.components) == 3:
		return fromYCC
	case d.adobe && d.transform != 0:
		return fromYCCK
	}
	return fromCMYK
}

func fromGrey(dst []uint8, row *[4][]uint8) {
	for x, v := range row[0] {
		p := dst[3*x : 3*x+3 : 3*x+3]
		p[0], p[1], p[2] = v, v, v
	}
}

func fromRGB(dst []uint8, row *[4][]uint8) {
	for x := range row[0] {
		p := dst[3*x : 3*x+3 : 3*x+3]
		p[0], p[1], p[2] = row[0][x], row[1][x], row[2][x]
	}
}

func fromYCC(dst []uint8, row *[4][]uint8) {
	blue, red := row[1][:len(row[0])], row[2][:len(row[0])]
	for x, l := range row[0] {
		p := dst[3*x : 3*x+3 : 3*x+3]
		p[0], p[1], p[2] = rgb(l, blue[x], red[x])
	}
}

// rgb converts a colour as JFIF says, with the rounding of libjpeg.
func rgb(light, blue, red uint8) (r, g, b uint8) {
	l, cb, cr := int32(light)<<16+1<<15, int32(blue)-128, int32(red)-128
	return upper(l + 91881*cr), // 1.402 times 65536, and so on
		upper(l - 22554*cb - 46802*cr),
		upper(l + 116130*cb)
}

// upper returns v divided by 65536, from 0 to 255.
func upper(v int32) uint8 { return uint8(min(max(v>>16, 0), 255)) }

// fromCMYK converts inks. All files store them inverted, or Pillow takes them to be.
func fromCMYK(dst []uint8, row *[4][]uint8) {
	for x := range row[0] {
		inked(dst[3*x:3*x+3], row[0][x], row[1][x], row[2][x], row[3][x])
	}
}

// fromYCCK converts the light and the colours of inverted inks, and black.
func fromYCCK(dst []uint8, row *[4][]uint8) {
	for x, l := range row[0] {
		r, g, b := rgb(l, row[1][x], row[2][x])
		inked(dst[3*x:3*x+3], 255-r, 255-g, 255-b, row[3][x])
	}
}

// inked sets a pixel to inverted inks, black being the last, as Pillow rounds them.
func inked(p []uint8, c, m, y, k uint8) {
	for i, v := range [3]uint8{c, m, y} {
		t := int(255-v)*int(k) + 128
		p[i] = k - uint8((t>>8+t)>>8)
	}
}
