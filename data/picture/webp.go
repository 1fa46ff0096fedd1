package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/vp8"
	"golang.org/x/image/vp8l"

	"autodropout/data/imaging"
)

var errWebP = errors.New("the WebP image is damaged or truncated")

// decodeWebP decodes a WebP image, or the first picture of an animation.
func decodeWebP(text []byte) (imaging.Image, error) {
	length := binary.LittleEndian.Uint32(text[4:])
	if length < 4 || uint64(length) > uint64(len(text)-8) {
		return imaging.Image{}, errWebP
	}
	chunks := text[8:][4:length]
	name, head, rest := chunk(chunks)
	if name != "VP8X" {
		return decodeVP8(chunks)
	}
	const animated = 1 << 1
	if len(head) < 10 {
		return imaging.Image{}, errWebP
	}
	width, height := 1+int24(head[4:]), 1+int24(head[7:])
	if head[0]&animated == 0 {
		m, err := decodeVP8(rest)
		if err == nil && (m.Width != width || m.Height != height) {
			err = errWebP
		}
		return m, err
	}
	for name != "ANMF" {
		if name, head, rest = chunk(rest); name == "" {
			return imaging.Image{}, errors.New("the WebP animation has no pictures")
		}
	}
	if len(head) < 16 {
		return imaging.Image{}, errWebP
	}
	if err := fits(width, height, 12+2*channels); err != nil {
		return imaging.Image{}, err
	}
	m, err := decodeVP8(head[16:])
	if err != nil {
		return imaging.Image{}, err
	}
	at := image.Pt(2*int24(head), 2*int24(head[3:]))
	if at.X > width-m.Width || at.Y > height-m.Height {
		return imaging.Image{}, fmt.Errorf("the first picture of the WebP animation has %d x %d pixels at (%d, %d), which are not within its %d x %d pixels", m.Width, m.Height, at.X, at.Y, width, height)
	}
	return framed(m, at, width, height, imaging.Colour{}), nil
}

// chunk returns the first chunk of a row of chunks, and the rest. Without a whole chunk,
// its name is empty.
func chunk(chunks []byte) (name string, body, rest []byte) {
	const head = 8 // name and length
	if len(chunks) < head {
		return "", nil, nil
	}
	length := binary.LittleEndian.Uint32(chunks[4:])
	name, body = string(chunks[:4]), chunks[head:]
	if uint64(length) > uint64(len(body)) {
		return "", nil, nil
	}
	body, rest = body[:length], body[length:]
	if length%2 == 1 && len(rest) > 0 {
		rest = rest[1:]
	}
	return name, body, rest
}

// int24 reads the first three bytes.
func int24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// decodeVP8 decodes the first picture among chunks, whatever its alpha is. Colours of the
// lossy kind are interpolated and converted as libwebp does, whose rounding is part of
// what people call WebP.
func decodeVP8(chunks []byte) (imaging.Image, error) {
	name, body, rest := chunk(chunks)
	for name != "" && name != "VP8 " && name != "VP8L" {
		name, body, rest = chunk(rest)
	}
	size, all := vp8l.DecodeConfig, vp8l.Decode
	switch name {
	case "":
		return imaging.Image{}, errWebP
	case "VP8 ":
		size = func(r io.Reader) (image.Config, error) {
			_, header, err := newLossy(r, len(body))
			return image.Config{Width: header.Width, Height: header.Height}, err
		}
		all = func(r io.Reader) (image.Image, error) {
			d, _, err := newLossy(r, len(body))
			if err != nil {
				return nil, err
			}
			m, err := d.DecodeFrame()
			return lossy{m}, err
		}
	}
	return decodeBy(func() io.Reader { return bytes.NewReader(body) }, 12, size, all)
}

// newLossy returns a decoder that has read the header.
func newLossy(r io.Reader, length int) (*vp8.Decoder, vp8.FrameHeader, error) {
	d := vp8.NewDecoder()
	d.Init(r, length)
	header, err := d.DecodeFrameHeader()
	return d, header, err
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
