// Package picture decodes image files to the values that Pillow's Image.convert("RGB")
// has, so that networks from torchvision and timm see the pixels that they were trained
// on: JPEG, PNG, WebP, GIF, BMP, TIFF, and PPM and PGM.
//
// Every pixel keeps its colour, whether it is transparent or not, as in Pillow. Of an
// animation it takes the first picture. Of 16-bit images it keeps the upper 8 bits; Pillow
// instead makes all but the darkest shades of a 16-bit grey image white.
//
// It refuses some files that Pillow reads:
//   - JPEG whose data is damaged, for which Pillow shows what libjpeg makes of it;
//   - TIFF in CMYK, YCbCr or Lab, with grey and alpha, with a fourth channel that is not
//     alpha, with 2, 4 or 32 bits a value, with separate planes, or as BigTIFF;
//   - TIFF that is compressed as JPEG, Zstandard or LZMA;
//   - BMP in runs (RLE), with 16 bits, with masks, or with the header of OS/2;
//   - GIF without a table of colours, or with a picture that is larger than its screen.
package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/png"
	"io"
	"slices"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"autodropout/data/imaging"
	"autodropout/internal/jpeg"
)

// Budget is the memory in bytes that an image may take while it is decoded, beside its
// file: a file of a few bytes can claim billions of pixels. It is enough for 56 million
// pixels of a JPEG image.
const Budget = 320 << 20

// Endings lists how names of files end whose formats [Decode] knows, in small letters.
var Endings = []string{".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm"}

// formats lists the formats, by what their files begin with; a question mark is any
// byte.
var formats = []struct {
	magic  string
	decode func(text []byte) (imaging.Image, error)
}{
	{"\xff\xd8", func(text []byte) (imaging.Image, error) { return jpeg.Decode(text, Budget) }},
	{"\x89PNG\r\n\x1a\n", decodePNG},
	{"RIFF????WEBP", decodeWebP},
	{"GIF8", decodeGIF},
	{"BM", decodeBMP},
	{"II*\x00", decodeTIFF},
	{"MM\x00*", decodeTIFF},
	{"P2", decodeNetpbm}, {"P3", decodeNetpbm}, {"P5", decodeNetpbm}, {"P6", decodeNetpbm},
}

// Decode decodes the content of a file, whatever its name. It is an error when the
// format is none of the known ones, the content is damaged, or the image is too large
// for [Budget].
func Decode(text []byte) (imaging.Image, error) {
	for _, f := range formats {
		if hasMagic(text, f.magic) {
			return f.decode(text)
		}
	}
	return imaging.Image{}, errors.New("it is no JPEG, PNG, WebP, GIF, BMP, TIFF, PPM or PGM image")
}

func hasMagic(text []byte, magic string) bool {
	if len(text) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != text[i] {
			return false
		}
	}
	return true
}

// fits returns an error unless an image is in the budget, at so many bytes a pixel with
// the result.
func fits(width, height, bytes int) error {
	switch {
	case width < 1 || height < 1:
		return errors.New("it has no pixels")
	case width > Budget/bytes/height:
		return fmt.Errorf("it has %d x %d pixels, and up to %d are possible in this format: make it smaller", width, height, Budget/bytes)
	}
	return nil
}

// decodeBy decodes with a decoder that takes so many bytes a pixel, beside the result.
func decodeBy(r func() io.Reader, bytes int, size func(io.Reader) (image.Config, error), all func(io.Reader) (image.Image, error)) (imaging.Image, error) {
	config, err := size(r())
	if err == png.UnsupportedError("dimension overflow") { // with 32 bits that of a large image
		return imaging.Image{}, fmt.Errorf("it has more pixels than can be counted, and up to %d are possible in this format: make it smaller", Budget/(bytes+imaging.Channels))
	}
	if err != nil {
		return imaging.Image{}, err
	}
	if err := fits(config.Width, config.Height, bytes+imaging.Channels); err != nil {
		return imaging.Image{}, err
	}
	m, err := all(r())
	if err != nil {
		return imaging.Image{}, err
	}
	return toRGB(m), nil
}

func decodeBMP(text []byte) (imaging.Image, error) {
	return decodeBy(func() io.Reader { return bytes.NewReader(text) }, 4, bmp.DecodeConfig, bmp.Decode)
}

// decodePNG decodes a PNG image, of which only what colours need has to be there and to
// be whole: the end may be missing.
func decodePNG(text []byte) (imaging.Image, error) {
	text = needed(text)
	return decodeBy(func() io.Reader { return bytes.NewReader(text) }, 12, png.DecodeConfig, png.Decode)
}

// needed returns a PNG image without the chunks that say nothing about its colours, and
// with an end.
func needed(text []byte) []byte {
	const end = "\x00\x00\x00\x00IEND\xaeB`\x82"
	const frame = 12 // length, name and checksum
	keep := append([]byte{}, text[:8]...)
	data := false
	for text = text[8:]; len(text) >= frame; {
		length := int(text[0])<<24 | int(text[1])<<16 | int(text[2])<<8 | int(text[3])
		name := string(text[4:8])
		if length < 0 || length > len(text)-frame || data && name != "IDAT" {
			break
		}
		switch name {
		case "IDAT", "IHDR", "PLTE":
			keep = append(keep, text[:frame+length]...)
			data = name == "IDAT"
		}
		text = text[frame+length:]
	}
	return append(keep, end...)
}

// decodeGIF decodes the first picture of an animation.
func decodeGIF(text []byte) (imaging.Image, error) {
	config, err := gif.DecodeConfig(bytes.NewReader(text))
	if err != nil {
		return imaging.Image{}, err
	}
	if err := fits(config.Width, config.Height, 1+imaging.Channels); err != nil {
		return imaging.Image{}, err
	}
	text, around := opaque(text)
	m, err := gif.Decode(bytes.NewReader(text))
	if err != nil {
		return imaging.Image{}, err
	}
	frame, ok := m.(*image.Paletted)
	if !ok || frame.Rect == image.Rect(0, 0, config.Width, config.Height) {
		return toRGB(m), nil
	}
	if err := fits(config.Width, config.Height, 1+2*channels); err != nil {
		return imaging.Image{}, err
	}
	var colour imaging.Colour // black, as Pillow has it, if the palette is too short
	if around < len(frame.Palette) {
		colour = colourOf(frame.Palette[around])
	}
	return framed(toRGB(frame), frame.Rect.Min, config.Width, config.Height, colour), nil
}

// framed returns an image of a size that has a smaller one at a place, and around it a
// colour.
func framed(m imaging.Image, at image.Point, width, height int, around imaging.Colour) imaging.Image {
	dst := imaging.New(width, height)
	for i := 0; i < len(dst.Pix); i += channels {
		copy(dst.Pix[i:], around[:])
	}
	row := m.Width * channels
	for y := range m.Height {
		copy(dst.Pix[((at.Y+y)*width+at.X)*channels:], m.Pix[y*row:][:row])
	}
	return dst
}

// opaque returns a GIF image whose first picture has no transparent colour: the
// decoder would forget what it is. It also returns the index of the colour around the
// picture, which is the transparent one, or else the first.
func opaque(text []byte) (_ []byte, around int) {
	text = bytes.Clone(text)
	at := 13 // the end of the header
	if len(text) >= at && text[10]&0x80 != 0 {
		at += 3 << (text[10]&7 + 1)
	}
	for at+3 < len(text) && text[at] == '!' {
		if text[at+1] == 0xf9 && at+6 < len(text) && text[at+3]&1 != 0 {
			text[at+3] &^= 1
			around = int(text[at+6])
		}
		for at += 2; at < len(text) && text[at] != 0; {
			at += 1 + int(text[at])
		}
		at++
	}
	return text, around
}

// decodeTIFF decodes the first picture of a TIFF file. The decoder takes its parts
// piece by piece, of which a small file can have millions, all at one place.
func decodeTIFF(text []byte) (imaging.Image, error) {
	m, err := decodeBy(func() io.Reader {
		return &counted{Reader: bytes.NewReader(text), reads: 1<<15 + len(text)/1024}
	}, 8+3*8, tiff.DecodeConfig, tiff.Decode)
	if err != nil {
		return imaging.Image{}, err
	}
	const blackIsZero, group3, group4 = 1, 3, 4
	if c := tiffNumber(text, 259); (c == group3 || c == group4) && tiffNumber(text, 262) == blackIsZero {
		// Pillow says what bits mean by this tag; to the decoder what a fax calls black is black.
		for i := range m.Pix {
			m.Pix[i] = 255 - m.Pix[i]
		}
	}
	return turned(m, tiffNumber(text, 274)), nil
}

// tiffNumber returns the number that a tag has in the first directory of a TIFF file that
// has been decoded, whose directory is known to be there, or else 0.
func tiffNumber(text []byte, tag uint16) int {
	order := binary.ByteOrder(binary.LittleEndian)
	if text[0] == 'M' {
		order = binary.BigEndian
	}
	const entry = 12 // tag, type, count and value
	directory := text[order.Uint32(text[4:]):]
	for i := range int(order.Uint16(directory)) {
		e := directory[2+i*entry:]
		if order.Uint16(e) != tag {
			continue
		}
		switch order.Uint16(e[2:]) {
		case 3: // SHORT
			return int(order.Uint16(e[8:]))
		case 4: // LONG
			return int(order.Uint32(e[8:]))
		}
	}
	return 0
}

// turned returns an image as it is to be seen by the orientation of TIFF 6.0, section 8.
func turned(m imaging.Image, orientation int) imaging.Image {
	if orientation < 2 || orientation > 8 {
		return m
	}
	exchange := orientation >= 5 // columns are rows
	mirrorX := slices.Contains([]int{2, 3, 7, 8}, orientation)
	mirrorY := slices.Contains([]int{3, 4, 6, 7}, orientation)
	width, height := m.Width, m.Height
	if exchange {
		width, height = height, width
	}
	dst := imaging.New(width, height)
	for i := range width * height {
		x, y := i%width, i/width
		if exchange {
			x, y = y, x
		}
		if mirrorX {
			x = m.Width - 1 - x
		}
		if mirrorY {
			y = m.Height - 1 - y
		}
		copy(dst.Pix[i*channels:][:channels], m.Pix[(y*m.Width+x)*channels:])
	}
	return dst
}

// counted is a reader that may be called a number of times.
type counted struct {
	*bytes.Reader
	reads int
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	if c.reads--; c.reads < 0 {
		return 0, errors.New("it consists of too many parts: save it again with larger strips")
	}
	return c.Reader.ReadAt(p, off)
}
