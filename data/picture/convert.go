package picture

import (
	"image"
	"image/color"
	"image/draw"

	"autodropout/data/imaging"
)

const channels = imaging.Channels

// toRGB converts an image.
func toRGB(m image.Image) imaging.Image {
	bounds := m.Bounds()
	dst := imaging.New(bounds.Dx(), bounds.Dy())
	switch m := m.(type) {
	case lossy:
		m.convert(dst)
	case *image.Gray:
		greyRows(dst, m.Pix, m.Stride, 1)
	case *image.Gray16:
		greyRows(dst, m.Pix, m.Stride, 2)
	case *image.Paletted:
		fromPalette(dst, m)
	case *image.NRGBA:
		rows(dst, m.Pix, m.Stride, 4, 1)
	case *image.NRGBA64:
		rows(dst, m.Pix, m.Stride, 8, 2)
	case *image.RGBA:
		rows(dst, m.Pix, m.Stride, 4, 1)
		divide(dst, m.Pix, m.Stride, 4, 1)
	case *image.RGBA64:
		rows(dst, m.Pix, m.Stride, 8, 2)
		divide(dst, m.Pix, m.Stride, 8, 2)
	default:
		// Opaque kinds: conversion to colours with alpha changes nothing.
		rgba := image.NewRGBA(image.Rect(0, 0, dst.Width, dst.Height))
		draw.Draw(rgba, rgba.Bounds(), m, bounds.Min, draw.Src)
		rows(dst, rgba.Pix, rgba.Stride, 4, 1)
	}
	return dst
}

// greyRows takes pixels of so many bytes, of which the first counts.
func greyRows(dst imaging.Image, pix []uint8, stride, pixel int) {
	for y := range dst.Height {
		row, src := dst.Pix[y*dst.Width*channels:], pix[y*stride:]
		for x := range dst.Width {
			v := src[x*pixel]
			row[x*channels], row[x*channels+1], row[x*channels+2] = v, v, v
		}
	}
}

// rows takes pixels that lie so many bytes apart, as do their channels.
func rows(dst imaging.Image, pix []uint8, stride, pixel, channel int) {
	for y := range dst.Height {
		row, src := dst.Pix[y*dst.Width*channels:], pix[y*stride:]
		for x := range dst.Width {
			p, q := row[x*channels:x*channels+channels], src[x*pixel:]
			p[0], p[1], p[2] = q[0], q[channel], q[2*channel]
		}
	}
}

// divide takes back that colours were multiplied by their alpha, rounded as Pillow does.
func divide(dst imaging.Image, pix []uint8, stride, pixel, channel int) {
	for y := range dst.Height {
		row, src := dst.Pix[y*dst.Width*channels:], pix[y*stride:]
		for x := range dst.Width {
			alpha := int(src[x*pixel+3*channel])
			if alpha == 0 || alpha == 255 {
				continue
			}
			for c := range channels {
				p := &row[x*channels+c]
				*p = uint8(min(255*int(*p)/alpha, 255))
			}
		}
	}
}

// fromPalette looks colours up.
func fromPalette(dst imaging.Image, m *image.Paletted) {
	palette := make([]imaging.Colour, len(m.Palette))
	for i, c := range m.Palette {
		palette[i] = colourOf(c)
	}
	for y := range dst.Height {
		row := dst.Pix[y*dst.Width*channels:]
		for x, index := range m.Pix[y*m.Stride:][:dst.Width] {
			copy(row[x*channels:], palette[index][:])
		}
	}
}

// colourOf returns a colour of a palette, which is opaque.
func colourOf(c color.Color) imaging.Colour {
	r, g, b, _ := c.RGBA()
	return imaging.Colour{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
}
