package data

import (
	"math"
	"math/rand/v2"

	"autodropout/data/imaging"
)

// middle brings an image to the size of a header: its shorter side is resized
// to the length that the header says, and the middle is cut out. Where nothing
// is to be done the result is the image itself, otherwise it is in memory.
func middle(m imaging.Image, h *Header, memory *scratch) imaging.Image {
	if m.Width == h.Width && m.Height == h.Height && h.Shorter == min(m.Width, m.Height) {
		return m
	}
	width, height := h.Shorter, h.Shorter // of the whole image after resizing
	if m.Width <= m.Height {
		height = h.Shorter * m.Height / m.Width
	} else {
		width = h.Shorter * m.Width / m.Height
	}
	// Resizing the box alone gives what cutting after resizing would, but for rounding: its ends are float32.
	left, top := math.RoundToEven(float64(width-h.Width)/2), math.RoundToEven(float64(height-h.Height)/2)
	x, y := float64(m.Width)/float64(width), float64(m.Height)/float64(height)
	return memory.resize(m, h, imaging.Box{
		Left: left * x, Right: min((left+float64(h.Width))*x, float64(m.Width)),
		Top: top * y, Bottom: min((top+float64(h.Height))*y, float64(m.Height)),
	})
}

// crop brings a random box of an image to the size of a header.
func (a Augment) crop(m imaging.Image, h *Header, rng *rand.Rand, memory *scratch) imaging.Image {
	left, top, width, height := a.box(m.Width, m.Height, rng)
	return memory.resize(m, h, imaging.Box{
		Left: float64(left), Top: float64(top), Right: float64(left + width), Bottom: float64(top + height),
	})
}

// widest is the ratio of the sides of a cropped box at most.
const widest = 4.0 / 3

// box draws a box inside an image. As in torchvision it is, after ten that do
// not fit, the largest in the middle of an allowed shape.
func (a Augment) box(width, height int, rng *rand.Rand) (left, top, w, h int) {
	for range 10 {
		area := float64(width*height) * (a.Crop + (1-a.Crop)*rng.Float64())
		ratio := math.Exp((2*rng.Float64() - 1) * math.Log(widest))
		w, h = int(math.Round(math.Sqrt(area*ratio))), int(math.Round(math.Sqrt(area/ratio)))
		if w > 0 && w <= width && h > 0 && h <= height {
			return rng.IntN(width - w + 1), rng.IntN(height - h + 1), w, h
		}
	}
	w, h = width, height
	switch ratio := float64(width) / float64(height); {
	case ratio > widest:
		w = int(math.Round(float64(height) * widest))
	case ratio < 1/widest:
		h = int(math.Round(float64(width) * widest))
	}
	return (width - w) / 2, (height - h) / 2, w, h
}

// resize brings a box of an image to the size of a header.
func (s *scratch) resize(m imaging.Image, h *Header, box imaging.Box) imaging.Image {
	if s.resized.Width != h.Width || s.resized.Height != h.Height {
		s.resized = imaging.New(h.Width, h.Height)
	}
	imaging.Resize(s.resized, m, box, h.Filter)
	return s.resized
}
