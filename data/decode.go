package data

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"

	"autodropout/data/imaging"
)

// mostPixels bounds the memory that an image takes: a file of a few bytes can
// claim billions of pixels.
const mostPixels = 1 << 26

// decode decodes a JPEG or PNG image.
func decode(text []byte) (imaging.Image, error) {
	var none imaging.Image
	size, all := jpeg.DecodeConfig, jpeg.Decode
	switch {
	case bytes.HasPrefix(text, []byte("\x89PNG\r\n\x1a\n")):
		size, all = png.DecodeConfig, png.Decode
	case !bytes.HasPrefix(text, []byte("\xff\xd8")):
		return none, errors.New("it is neither a JPEG nor a PNG image")
	}
	config, err := size(bytes.NewReader(text))
	if err != nil {
		return none, err
	}
	if config.Width < 1 || config.Height < 1 || config.Width > mostPixels/config.Height {
		return none, fmt.Errorf("it has %d x %d pixels; up to %d are possible: make it smaller", config.Width, config.Height, mostPixels)
	}
	m, err := all(bytes.NewReader(text))
	if err != nil {
		return none, err
	}
	return toRGB(m), nil
}

// toRGB converts an image.
func toRGB(m image.Image) imaging.Image {
	bounds := m.Bounds()
	dst := imaging.New(bounds.Dx(), bounds.Dy())
	switch m := m.(type) {
	case *image.YCbCr:
		fromYCbCr(dst, m)
	case *image.Gray:
		for y := range dst.Height {
			line := dst.Pix[y*dst.Width*Channels:]
			for x, v := range m.Pix[y*m.Stride:][:dst.Width] {
				line[x*Channels], line[x*Channels+1], line[x*Channels+2] = v, v, v
			}
		}
	case *image.Paletted:
		fromPalette(dst, m)
	case *image.NRGBA:
		for y := range dst.Height {
			pack(dst, y, m.Pix[y*m.Stride:], 4, 1)
		}
	case *image.NRGBA64:
		for y := range dst.Height {
			pack(dst, y, m.Pix[y*m.Stride:], 8, 2)
		}
	default:
		// Opaque kinds: conversion to colours with alpha changes nothing.
		rgba := image.NewRGBA(image.Rect(0, 0, dst.Width, dst.Height))
		draw.Draw(rgba, rgba.Bounds(), m, bounds.Min, draw.Src)
		for y := range dst.Height {
			pack(dst, y, rgba.Pix[y*rgba.Stride:], 4, 1)
		}
	}
	return dst
}

// fromPalette takes the colours of a palette as they are, whether they are opaque
// or not.
func fromPalette(dst imaging.Image, m *image.Paletted) {
	palette := make([]imaging.Colour, len(m.Palette))
	for i, c := range m.Palette {
		if c, ok := c.(color.NRGBA); ok {
			palette[i] = imaging.Colour{c.R, c.G, c.B}
			continue
		}
		r, g, b, _ := c.RGBA() // opaque
		palette[i] = imaging.Colour{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
	}
	for y := range dst.Height {
		row := dst.Pix[y*dst.Width*Channels:]
		for x, index := range m.Pix[y*m.Stride:][:dst.Width] {
			copy(row[x*Channels:], palette[index][:])
		}
	}
}

// pack fills row y of dst from pixels that lie so many bytes apart, as do their
// channels.
func pack(dst imaging.Image, y int, src []uint8, pixel, channel int) {
	row := dst.Pix[y*dst.Width*Channels : (y+1)*dst.Width*Channels]
	for x := range dst.Width {
		p, q := row[x*Channels:x*Channels+Channels], src[x*pixel:]
		p[0], p[1], p[2] = q[0], q[channel], q[2*channel]
	}
}

// fromYCbCr converts what nearly all photographs are. It is a fifth of the work
// of loading them if every pixel looks for its colour itself. Decoded images
// begin at (0, 0).
func fromYCbCr(dst imaging.Image, m *image.YCbCr) {
	each := 1 // pixels of a row that share a colour
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		each = 2
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		each = 4
	}
	for y := range dst.Height {
		row := dst.Pix[y*dst.Width*Channels : (y+1)*dst.Width*Channels]
		light := m.Y[y*m.YStride:][:dst.Width]
		from := m.COffset(0, y)
		for x := 0; x < dst.Width; x += each {
			blue, red := int32(m.Cb[from])-128, int32(m.Cr[from])-128
			from++
			for i, v := range light[x:min(x+each, dst.Width)] {
				p := row[(x+i)*Channels : (x+i)*Channels+Channels : (x+i)*Channels+Channels]
				l := int32(v)<<16 + 1<<15
				p[0] = upper(l + 91881*red) // 1.402 times 65536, and so on, as JFIF says
				p[1] = upper(l - 22554*blue - 46802*red)
				p[2] = upper(l + 116130*blue)
			}
		}
	}
}

// upper returns v divided by 65536, from 0 to 255.
func upper(v int32) uint8 { return uint8(min(max(v>>16, 0), 255)) }
