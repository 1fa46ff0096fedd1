package dropout

import (
	"image"
	"image/color"
)

// Sample draws the pattern on one map, that of a channel of the stream's
// example: true where an element is kept. It is for looking at; a policy
// draws other masks from the same stream.
func (b BlockPattern) Sample(height, width, channel int, s Stream) [][]bool {
	channels := channel + 1
	keep := make([]uint32, (height*width*channels+31)/32)
	key := streamKey("sample", s)
	fill(keep, 1, height*width*channels, s, func(keep []uint32, pos int, ctr [4]uint32) {
		if b.Size > 0 {
			newTiling(b, height, width).drop(keep, pos, channels, ctr, key)
		}
	})
	rows := make([][]bool, height)
	for y := range rows {
		rows[y] = make([]bool, width)
		for x := range rows[y] {
			bit := (y*width+x)*channels + channel
			rows[y][x] = keep[bit/32]>>(bit%32)&1 == 1
		}
	}
	return rows
}

// imageGap is the space around the maps of Image, in pixels.
const imageGap = 6

// Image draws sample masks of every block: one row for each block from the
// first to the last, and in each row columns maps, two channels of one example
// after the other. Side is the height and width of the first stage's maps in
// cells and halves from stage to stage; all maps are drawn equally large, with
// at least scale pixels to a cell. Kept cells are light, dropped ones dark;
// blocks that do not drop anything are light all over.
func (p *ConvPattern) Image(side, scale, columns int, s Stream) *image.Paletted {
	rows := 0
	for _, stage := range p.Stages {
		rows += len(stage)
	}
	pitch := side*scale + imageGap
	palette := color.Palette{color.White, color.Gray{0xd8}, color.Gray{0x30}}
	img := image.NewPaletted(image.Rect(0, 0, columns*pitch+imageGap, rows*pitch+imageGap), palette)
	row := 0
	for i, stage := range p.Stages {
		cells := max(1, side>>i)
		for _, block := range stage {
			for column := range columns {
				sample := s
				sample.Example += uint64(column / 2)
				mask := block.Sample(cells, cells, column%2, sample)
				drawMask(img, mask, imageGap+column*pitch, imageGap+row*pitch, side*scale)
			}
			row++
		}
	}
	return img
}

// drawMask draws a mask as a square with its upper left corner at (left, top).
func drawMask(img *image.Paletted, mask [][]bool, left, top, side int) {
	for y := range side {
		for x := range side {
			index := uint8(2)
			if mask[y*len(mask)/side][x*len(mask)/side] {
				index = 1
			}
			img.SetColorIndex(left+x, top+y, index)
		}
	}
}
