package picture

import (
	"errors"
	"math"

	"autodropout/data/imaging"
)

var errNetpbm = errors.New("the PPM or PGM image is damaged or truncated")

// decodeNetpbm decodes a PPM or PGM image, of bytes or of words.
func decodeNetpbm(text []byte) (imaging.Image, error) {
	kind := text[1]
	r := netpbm{text: text[2:]}
	width, height, most := r.number(), r.number(), r.number()
	if r.bad || most < 1 || most > 65535 {
		return imaging.Image{}, errNetpbm
	}
	if err := fits(width, height, channels); err != nil {
		return imaging.Image{}, err
	}
	colours := 1
	if kind == '3' || kind == '6' {
		colours = channels
	}
	value := r.number
	if kind >= '5' {
		if len(r.text) > 0 {
			r.text = r.text[1:] // one white space
		}
		value = r.byte
		if most > 255 {
			value = func() int { return r.byte()<<8 | r.byte() }
		}
	}
	dst := imaging.New(width, height)
	for i := 0; i < len(dst.Pix) && !r.bad; i += channels {
		for c := range colours {
			dst.Pix[i+c] = uint8(min(math.RoundToEven(float64(value())/float64(most)*255), 255))
		}
		if colours == 1 {
			dst.Pix[i+1], dst.Pix[i+2] = dst.Pix[i], dst.Pix[i]
		}
	}
	if r.bad {
		return imaging.Image{}, errNetpbm
	}
	return dst, nil
}

// netpbm is the rest of a file.
type netpbm struct {
	text []byte
	bad  bool
}

func (r *netpbm) byte() int {
	if len(r.text) == 0 {
		r.bad = true
		return 0
	}
	v := r.text[0]
	r.text = r.text[1:]
	return int(v)
}

// number reads a number, whatever white space and comments stand before it.
func (r *netpbm) number() int {
	comment := false
	for len(r.text) > 0 && (comment || isBlank(r.text[0]) || r.text[0] == '#') {
		comment = r.text[0] == '#' || comment && r.text[0] != '\n' && r.text[0] != '\r'
		r.text = r.text[1:]
	}
	n, digits := 0, 0
	for ; len(r.text) > 0 && r.text[0] >= '0' && r.text[0] <= '9' && digits < 9; digits++ {
		n = 10*n + int(r.text[0]-'0')
		r.text = r.text[1:]
	}
	r.bad = r.bad || digits == 0
	return n
}

func isBlank(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' }
