// Package imaging varies and resizes 8-bit RGB images exactly as PIL, the Python Imaging
// Library (Pillow), does: published results of data augmentation depend on its rounding.
//
// [Resize] and [RandAugment.Apply] write to an image of the caller's, so that
// augmentation allocates nothing. Neither keeps what it is given.
package imaging

import (
	"fmt"
)

// Channels is the number of colour channels of an image: red, green, blue.
const Channels = 3

// Image is an RGB image.
type Image struct {
	Width, Height int
	Pix           []uint8 // (Height, Width, Channels)
}

// New returns a black image.
func New(width, height int) Image {
	return Image{width, height, make([]uint8, width*height*Channels)}
}

// Colour is the red, green and blue value of a pixel.
type Colour [Channels]uint8

// grey is the colour that published recipes fill with.
var grey = Colour{128, 128, 128}

// at returns the pixel in column x of row y.
func (m Image) at(x, y int) []uint8 {
	i := (y*m.Width + x) * Channels
	return m.Pix[i : i+Channels : i+Channels]
}

// fill sets every pixel to a colour.
func (m Image) fill(c Colour) {
	for i := 0; i < len(m.Pix); i += Channels {
		copy(m.Pix[i:], c[:])
	}
}

// sameSize panics unless both images have one size.
func sameSize(op string, dst, src Image) {
	if dst.Width != src.Width || dst.Height != src.Height {
		panic(fmt.Sprintf("imaging.%s: the result is %dx%d pixels and the image %dx%d; they must have one size", op, dst.Width, dst.Height, src.Width, src.Height))
	}
}

// apart panics if both images share memory.
func apart(op string, dst, src Image) {
	if len(dst.Pix) > 0 && len(src.Pix) > 0 && &dst.Pix[0] == &src.Pix[0] {
		panic("imaging." + op + ": the result must not share memory with the image")
	}
}
