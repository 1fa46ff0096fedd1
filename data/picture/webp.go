package picture

import (
	"bytes"
	"image"
	"io"

	"golang.org/x/image/webp"

	"autodropout/data/imaging"
)

// decodeWebP decodes a WebP image. Colours of the lossy kind are interpolated and
// converted as libwebp does, whose rounding is part of what people call WebP.
func decodeWebP(text []byte) (imaging.Image, error) {
	size := func(r io.Reader) (image.Config, error) { return webp.DecodeConfig(r) }
	all := func(r io.Reader) (image.Image, error) {
		m, err := webp.Decode(r)
		switch m := m.(type) {
		case *image.NYCbCrA: // with its alpha it would be multiplied
			return lossy{&m.YCbCr}, err
		case *image.YCbCr:
			return lossy{m}, err
		}
		return m, err
	}
	return decodeBy(func() io.Reader { return bytes.NewReader(text) }, 12, size, all)
}

// lossy is the image of a VP8 frame.
type lossy struct{ *image.YCbCr }

// convert writes the pixels.
func (m lossy) convert(dst imaging.Image) {
	width, height := (dst.Width+1)/2, (dst.Height+1)/2 // of the colours
	for y := range dst.Height {
		near := y / 2
		far := min(max(near-1+y%2*2, 0), height-1)
		row := dst.Pix[y*dst.Width*channels:]
		for x := range dst.Width {
			a := x / 2
			b := a - 1 + x%2*2
			u := interpolate(m.Cb[near*m.CStride:], m.Cb[far*m.CStride:], a, b, width)
			v := interpolate(m.Cr[near*m.CStride:], m.Cr[far*m.CStride:], a, b, width)
			p := row[x*channels : x*channels+channels]
			p[0], p[1], p[2] = studio(int(m.Y[y*m.YStride+x]), u, v)
		}
	}
}

// interpolate returns the colour of a pixel that lies between two rows and two
// columns, nearer to the first ones.
func interpolate(near, far []uint8, a, b, width int) int {
	nn, fn := int(near[a]), int(far[a])
	if b < 0 || b >= width {
		return (3*nn + fn + 2) >> 2
	}
	nf, ff := int(near[b]), int(far[b])
	return ((nn+nf+fn+ff+8+2*(nf+fn))>>3 + nn) >> 1
}

// studio converts a colour whose light is from 16 to 235 (ITU-R BT.601), times 16384.
func studio(y, u, v int) (r, g, b uint8) {
	l := y * 19077 >> 8
	return clip6(l + v*26149>>8 - 14234),
		clip6(l - u*6419>>8 - v*13320>>8 + 8708),
		clip6(l + u*33050>>8 - 17685)
}

func clip6(v int) uint8 { return uint8(min(max(v>>6, 0), 255)) }
