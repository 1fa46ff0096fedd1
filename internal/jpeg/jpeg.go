// Package jpeg decodes photographs to the same values as libjpeg-turbo does, and so
// Pillow, torchvision and OpenCV: networks see here the pixels that they were trained
// on there. Against Go's image/jpeg it interpolates colours that are stored at half the
// size, and reads more kinds of files: coded arithmetically, in progressive scans with
// restarts, without tables, with colours at a third or a quarter of the size.
//
// The format is that of ITU-T T.81, whose sections and figures the comments name.
package jpeg

import (
	"errors"
	"fmt"

	"autodropout/data/imaging"
)

// Config is what the header of an image says.
type Config struct {
	Width, Height int
}

// work bounds how often a block may be visited by scans, in all: a small file can
// have a large image and thousands of scans. Photographs of 30 megapixels in ten scans
// need half of it.
const work = 1 << 24

// Decode decodes an image. It is an error when that would take more than budget bytes
// of memory, when the data is damaged or ends too early, and when it is of a kind that
// libjpeg-turbo does not decode either.
func Decode(text []byte, budget int) (imaging.Image, error) {
	d := decoder{text: text, budget: budget}
	for i := range d.tables {
		d.tables[i] = standardTables[i]
	}
	for i := range d.conditions {
		d.conditions[i] = conditions{dcLower: 0, dcUpper: 1, ac: 5} // T.81, section F.1.4.4.1.4
	}
	if err := d.segments(); err != nil {
		return imaging.Image{}, err
	}
	return d.image(), nil
}

// decoder is a file that is being decoded.
type decoder struct {
	text   []byte
	pos    int
	budget int
	visits int // of blocks

	width, height int
	components    []component
	maxH, maxV    int // the largest sampling factors
	mcusX, mcusY  int // of interleaved scans

	progressive, arithmetic bool
	interval                int // MCUs between restarts, 0: there are none
	quantisers              [4]*[blockSize]uint16
	tables                  [8]*huffman // for DC, then for AC
	conditions              [4]conditions
	jfif, adobe             bool
	transform               byte // of Adobe's segment
}

const blockSize = 64

// A block holds the coefficients of 8x8 samples, row by row.
type block [blockSize]int16

// component is a colour.
type component struct {
	id            byte
	h, v          int // sampling factors
	quantiser     byte
	quant         *[blockSize]uint16 // as it was when the first scan began
	width, height int                // of what is shown, in samples
	blocksX       int                // of the plane, which whole MCUs fill
	plane         []uint8
	blocks        []block // of a progressive image

	// In a scan.
	dc, ac  *huffman
	dcTable byte
	acTable byte
	pred    int // the last DC coefficient
	context int // of its difference, in arithmetic decoding
}

// Markers, T.81, table B.1.
const (
	sof0 = 0xc0
	sof1 = 0xc1
	sof2 = 0xc2
	dht  = 0xc4
	sof9 = 0xc9
	sofA = 0xca
	dac  = 0xcc
	rst0 = 0xd0
	rst7 = 0xd7
	soi  = 0xd8
	eoi  = 0xd9
	sos  = 0xda
	dqt  = 0xdb
	dri  = 0xdd
	app0 = 0xe0
	appE = 0xee
	tem  = 0x01
)

var (
	errTruncated = errors.New("the file is truncated")
	errDamaged   = errors.New("the data is damaged")
)

// segments reads the file up to the end of its image.
func (d *decoder) segments() error {
	if len(d.text) < 2 || d.text[0] != 0xff || d.text[1] != soi {
		return errors.New("it is no JPEG image")
	}
	d.pos = 2
	for {
		marker, ok := d.marker()
		switch {
		case !ok && !d.complete():
			return errTruncated
		case !ok || marker == eoi:
			return d.finish()
		case marker == tem || rst0 <= marker && marker <= soi:
			continue // stand alone
		}
		if len(d.text)-d.pos < 2 {
			return errTruncated
		}
		length := int(d.text[d.pos])<<8 | int(d.text[d.pos+1])
		if length < 2 {
			return errDamaged
		}
		if length > len(d.text)-d.pos {
			return errTruncated
		}
		body := d.text[d.pos+2 : d.pos+length]
		d.pos += length
		if err := d.segment(marker, body); err != nil {
			return err
		}
	}
}

// marker looks for the next marker, whatever stands before it.
func (d *decoder) marker() (byte, bool) {
	for ; d.pos+1 < len(d.text); d.pos++ {
		if m := d.text[d.pos+1]; d.text[d.pos] == 0xff && m != 0 && m != 0xff {
			d.pos += 2
			return m, true
		}
	}
	return 0, false
}

// complete reports whether a file without an end has all there is to see.
func (d *decoder) complete() bool {
	for i := range d.components {
		if d.components[i].quant == nil {
			return false
		}
	}
	return len(d.components) > 0 && !d.progressive
}

func (d *decoder) segment(marker byte, body []byte) error {
	switch marker {
	case sof0, sof1, sof2, sof9, sofA:
		d.progressive = marker == sof2 || marker == sofA
		d.arithmetic = marker >= sof9
		return d.frame(body)
	case 0xc3, 0xc5, 0xc6, 0xc7, 0xcb, 0xcd, 0xce, 0xcf:
		return fmt.Errorf("it is coded in the way SOF%d, which photographs are not: save it again as a usual JPEG", marker-sof0)
	case dht:
		return d.huffmanTables(body)
	case dqt:
		return d.quantisation(body)
	case dac:
		return d.conditioning(body)
	case dri:
		if len(body) != 2 {
			return errDamaged
		}
		d.interval = int(body[0])<<8 | int(body[1])
	case app0:
		d.jfif = d.jfif || len(body) >= 5 && string(body[:5]) == "JFIF\x00"
	case appE:
		if len(body) >= 12 && string(body[:5]) == "Adobe" {
			d.adobe, d.transform = true, body[11]
		}
	case sos:
		return d.scan(body)
	}
	return nil
}

// frame reads the header of the image, T.81, section B.2.2.
func (d *decoder) frame(body []byte) error {
	if d.components != nil || len(body) < 6 || len(body) != 6+3*int(body[5]) {
		return errDamaged
	}
	if body[0] != 8 {
		return fmt.Errorf("it has %d bits a channel: save it with 8", body[0])
	}
	d.height, d.width = int(body[1])<<8|int(body[2]), int(body[3])<<8|int(body[4])
	if n := body[5]; n != 1 && n != 3 && n != 4 {
		return fmt.Errorf("it has %d channels: a photograph has 1, 3 or 4", n)
	}
	if d.width == 0 || d.height == 0 {
		return errors.New("it has no pixels")
	}
	d.components = make([]component, body[5])
	for i := range d.components {
		c, b := &d.components[i], body[6+3*i:]
		c.id, c.h, c.v, c.quantiser = b[0], int(b[1]>>4), int(b[1]&15), b[2]
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.quantiser > 3 {
			return errDamaged
		}
		d.maxH, d.maxV = max(d.maxH, c.h), max(d.maxV, c.v)
	}
	return d.memory()
}

// memory takes the memory for the image, once it is known to fit.
func (d *decoder) memory() error {
	d.mcusX, d.mcusY = ceil(d.width, 8*d.maxH), ceil(d.height, 8*d.maxV)
	bytes := int64(d.width) * int64(d.height) * imaging.Channels // more than 32 bits hold
	for i := range d.components {
		c := &d.components[i]
		if d.maxH%c.h != 0 || d.maxV%c.v != 0 {
			return fmt.Errorf("a channel is sampled %d x %d to %d x %d of another one: save it as a usual JPEG", c.h, c.v, d.maxH, d.maxV)
		}
		c.width, c.height = ceil(d.width*c.h, d.maxH), ceil(d.height*c.v, d.maxV)
		c.blocksX = d.mcusX * c.h
		samples := int64(c.blocksX) * int64(d.mcusY) * int64(c.v) * blockSize
		if bytes += samples; d.progressive {
			bytes += 2 * samples
		}
	}
	if bytes > int64(d.budget) {
		return fmt.Errorf("it has %d x %d pixels, for which %d MB are needed: make it smaller (%d MB are possible)", d.width, d.height, bytes>>20, d.budget>>20)
	}
	for i := range d.components {
		c := &d.components[i]
		blocks := c.blocksX * d.mcusY * c.v
		c.plane = make([]uint8, blocks*blockSize)
		if d.progressive {
			c.blocks = make([]block, blocks)
		}
	}
	return nil
}

func ceil(a, b int) int { return (a + b - 1) / b }

// quantisation reads tables, T.81, section B.2.4.1.
func (d *decoder) quantisation(body []byte) error {
	for len(body) > 0 {
		kind, size := body[0], blockSize
		if kind>>4 == 1 {
			size *= 2
		}
		if kind>>4 > 1 || kind&15 > 3 || len(body) < 1+size {
			return errDamaged
		}
		var q [blockSize]uint16
		for k, at := range zigzag {
			if v := body[1:]; kind>>4 == 1 {
				q[at] = uint16(v[2*k])<<8 | uint16(v[2*k+1])
			} else {
				q[at] = uint16(v[k])
			}
		}
		d.quantisers[kind&15] = &q
		body = body[1+size:]
	}
	return nil
}

// finish checks that all channels are there, and computes the samples of a
// progressive image.
func (d *decoder) finish() error {
	for i := range d.components {
		c := &d.components[i]
		if c.quant == nil {
			return errors.New("a channel is missing")
		}
		for at := range c.blocks {
			c.inverse(&c.blocks[at], at%c.blocksX, at/c.blocksX)
		}
		c.blocks = nil
	}
	if len(d.components) == 0 {
		return errors.New("it has no image")
	}
	return nil
}

// zigzag is the place in a block of each coefficient as they come, T.81, figure A.6.
var zigzag = [blockSize]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}
