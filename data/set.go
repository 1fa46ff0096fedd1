package data

import (
	"fmt"
	"hash/crc32"
	"math"

	"autodropout/data/imaging"
)

// Channels is the number of colour channels of every image: red, green, blue.
const Channels = imaging.Channels

// Set is a list of labelled RGB images of one size.
type Set struct {
	// Name says what the set is, for people: "CIFAR-10 training".
	Name string
	// Height and Width are the size of every image in pixels.
	Height, Width int
	// Images holds N images one after the other, each (Height, Width, Channels)
	// with values 0..255.
	Images []uint8
	// Labels holds the class of each image, an index into Classes.
	Labels []uint8
	// Classes names the classes.
	Classes []string
	// Mean and Std describe each channel of the training part this set belongs
	// to, with pixel values scaled to 0..1. Test parts and subsets carry the
	// values of the whole training part, so that all are normalised alike.
	Mean, Std [Channels]float32
}

// Len returns the number of images.
func (s *Set) Len() int { return len(s.Labels) }

// Image returns image i as (Height, Width, Channels). It shares memory with s.
func (s *Set) Image(i int) []uint8 {
	size := s.imageSize()
	return s.Images[i*size : (i+1)*size : (i+1)*size]
}

// Header implements [Source].
func (s *Set) Header() Header {
	return Header{Name: s.Name, Classes: s.Classes, Height: s.Height, Width: s.Width, Shorter: min(s.Height, s.Width), Mean: s.Mean, Std: s.Std}
}

// Label implements [Source].
func (s *Set) Label(i int) int { return int(s.Labels[i]) }

// Load implements [Source].
func (s *Set) Load(i int) (imaging.Image, error) {
	if end := (i + 1) * s.imageSize(); end > len(s.Images) {
		return imaging.Image{}, fmt.Errorf("data: %s has %d labels, and image %d of %dx%d pixels would end at element %d of Images, which has %d", s.Name, len(s.Labels), i, s.Width, s.Height, end, len(s.Images))
	}
	return imaging.Image{Width: s.Width, Height: s.Height, Pix: s.Image(i)}, nil
}

// Checksum implements [Source].
func (s *Set) Checksum() uint32 {
	return crc32.Update(crc32.Checksum(s.Images, castagnoli), castagnoli, s.Labels)
}

func (s *Set) imageSize() int { return s.Height * s.Width * Channels }

// setMoments computes Mean and Std from the images. Sums are whole numbers, so
// that the result does not depend on the order or the machine.
func (s *Set) setMoments() {
	var sum, squares [Channels]uint64
	for i := 0; i < len(s.Images); i += Channels {
		for c := range Channels {
			v := uint64(s.Images[i+c])
			sum[c] += v
			squares[c] += v * v
		}
	}
	n := float64(len(s.Images) / Channels)
	for c := range Channels {
		mean := float64(sum[c]) / n
		variance := float64(squares[c])/n - float64(mean*mean)
		std := math.Sqrt(max(variance, 0)) / 255
		if std == 0 {
			std = 1 // a constant channel: centring is all that can be done
		}
		s.Mean[c], s.Std[c] = float32(mean/255), float32(std)
	}
}
