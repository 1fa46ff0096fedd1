package data

import (
	"math/rand/v2"

	"autodropout/data/imaging"
)

// Augment says how training images are varied. Its zero value leaves them alone.
// Places that no pixel reaches hold 0 after normalisation, the mean colour, unless
// Reflect is set.
type Augment struct {
	// Crop cuts a box out of the image that has at least this share of its area
	// and a shape between 3:4 and 4:3, and resizes it (Szegedy et al., arXiv
	// 1409.4842); 0.08 is usual, 0 takes the middle.
	Crop float64
	// RandAugment then varies the pixels.
	RandAugment imaging.RandAugment
	// Flip mirrors half of the images left to right.
	Flip bool
	// Alternate mirrors, with Flip, every image in one of two epochs in turn: half of them,
	// drawn at random, in even epochs and the others in odd ones (Jordan, arXiv 2404.00498,
	// section 3.6), so that each is seen both ways as soon as can be.
	Alternate bool `json:",omitempty"`
	// Pad surrounds an image by this many pixels and crops it at random to its
	// old size, which shifts it by up to Pad pixels each way.
	Pad int
	// Reflect surrounds it by its own pixels, mirrored at those of the border. Pad is less
	// than a side then.
	Reflect bool `json:",omitempty"`
	// Cutout blanks a square of this many pixels a side at a random place, cut
	// off at the borders of the image (DeVries and Taylor 2017); 0 is none.
	Cutout int
	// Inside leaves the borders alone: the square lies in the image as a whole, however large
	// it is (Jordan, airbench96).
	Inside bool `json:",omitempty"`
}

// StandardAugment returns the usual augmentation of CIFAR-10: flip and a random
// crop after padding by 4 pixels.
func StandardAugment() Augment { return Augment{Flip: true, Pad: 4} }

// A normaliser maps pixel values to float32: value/255, minus the mean, divided
// by the standard deviation of its channel.
type normaliser [Channels][256]float32

func newNormaliser(h *Header) *normaliser {
	var table normaliser
	for c := range table {
		for v := range table[c] {
			table[c][v] = (float32(v)/255 - h.Mean[c]) / h.Std[c]
		}
	}
	return &table
}

// apply normalises src, an image of (height, width, Channels), into dst.
func (t *normaliser) apply(dst []float32, src []uint8) {
	for i := 0; i < len(src); i += Channels {
		dst[i] = t[0][src[i]]
		dst[i+1] = t[1][src[i+1]]
		dst[i+2] = t[2][src[i+2]]
	}
}

// scratch is memory for images, to be used for one after another.
type scratch struct {
	images  [2]imaging.Image
	resized imaging.Image
}

// take returns the two images, made anew where they are not of the given size.
func (s *scratch) take(width, height int) (image, spare imaging.Image) {
	if s.images[0].Width != width || s.images[0].Height != height {
		s.images = [2]imaging.Image{imaging.New(width, height), imaging.New(width, height)}
	}
	return s.images[0], s.images[1]
}

// apply normalises src into dst as table says and varies it by numbers from rng.
// Both are images of (height, width, Channels). turn says whether it is the image's turn
// to be mirrored where flips alternate.
func (a Augment) apply(dst []float32, src []uint8, height, width int, table *normaliser, rng *rand.Rand, turn bool, memory *scratch) {
	if a.RandAugment.Operations > 0 {
		image, spare := memory.take(width, height)
		copy(image.Pix, src)
		a.RandAugment.Apply(image, spare, rng)
		src = image.Pix
	}
	flip := a.Flip && turn
	if a.Flip && !a.Alternate {
		flip = rng.IntN(2) == 1
	}
	var down, right int // how far the crop lies from the image
	if a.Pad > 0 {
		down, right = rng.IntN(2*a.Pad+1)-a.Pad, rng.IntN(2*a.Pad+1)-a.Pad
	}
	row := width * Channels
	for y := range height {
		line := dst[y*row : (y+1)*row]
		from := a.place(y+down, height)
		if from < 0 {
			clear(line)
			continue
		}
		a.row(line, src[from*row:(from+1)*row], right, flip, table)
	}
	if a.Cutout > 0 {
		a.cut(dst, height, width, rng)
	}
}

// place returns which of n pixels is to be seen at a place, -1 where none is.
func (a Augment) place(at, n int) int {
	switch {
	case at >= 0 && at < n:
		return at
	case !a.Reflect:
		return -1
	case at < 0:
		return -at
	}
	return 2*(n-1) - at
}

// row normalises one row shifted to the left by right pixels, or by -right
// to the right, and mirrors the result if flip is set.
func (a Augment) row(dst []float32, src []uint8, right int, flip bool, table *normaliser) {
	width := len(dst) / Channels
	for x := range width {
		to := x
		if flip {
			to = width - 1 - x
		}
		p := dst[to*Channels : to*Channels+Channels : to*Channels+Channels]
		from := a.place(x+right, width)
		if from < 0 {
			clear(p)
			continue
		}
		q := src[from*Channels : from*Channels+Channels : from*Channels+Channels]
		p[0], p[1], p[2] = table[0][q[0]], table[1][q[1]], table[2][q[2]]
	}
}

// cut blanks a square whose centre may be any pixel, or that lies inside.
func (a Augment) cut(dst []float32, height, width int, rng *rand.Rand) {
	place := func(n int) int { return rng.IntN(n) - a.Cutout/2 }
	if a.Inside {
		place = func(n int) int { return rng.IntN(max(0, n-a.Cutout) + 1) }
	}
	top, left := place(height), place(width)
	lo, hi := max(left, 0), min(left+a.Cutout, width)
	for y := max(top, 0); y < min(top+a.Cutout, height); y++ {
		clear(dst[(y*width+lo)*Channels : (y*width+hi)*Channels])
	}
}
