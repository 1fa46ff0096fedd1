package report

import (
	"image"

	"autodropout/dropout"
)

// Picture draws the masks of a pattern, a row for each of its layers; nil: it is no
// pattern of dropout.
func Picture(pattern any, side int, s dropout.Stream) image.Image {
	const pixels, columns = 112, 8 // of the side of a map; masks in a row
	switch p := pattern.(type) {
	case *dropout.ConvPattern:
		return p.Image(side, max(1, pixels/max(1, side)), columns, s)
	case *dropout.SequencePattern:
		const tokens, channels, scale, sequences = 64, 32, 3, 4
		return p.Image(tokens, channels, scale, sequences, s)
	}
	return nil
}
