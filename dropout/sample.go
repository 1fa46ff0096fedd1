package dropout

import (
	"image"
	"image/color"
)

// Sample draws the pattern on the map of one channel of the stream's example, at full
// strength of the schedule: true where an element is kept. It is for pictures; a policy
// draws other masks from the same stream.
func (b BlockPattern) Sample(height, width, channel int, s Stream) [][]bool {
	channels := channel + 1
	keep := make([]uint32, (height*width*channels+31)/32)
	key := streamKey("sample", s)
	drop := b.dropper(height, width, channels, 1, func(h, w int) *tiling { return newTiling(b, h, w) })
	fill(keep, 1, height*width*channels, s, func(keep []uint32, pos int, ctr [4]uint32) {
		if b.Size > 0 && drop != nil {
			drop(keep, pos, ctr, key)
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

// imageGap is the space around the tiles of an image, in pixels.
const imageGap = 6

// Sample draws the pattern on the stream's example, at full strength of the schedule: for
// every token a row with true where a channel is kept. It is for pictures; a policy draws
// other masks from the same stream.
func (b TokenPattern) Sample(tokens, channels int, s Stream) [][]bool {
	keep := make([]uint32, (tokens*channels+31)/32)
	key := streamKey("sample", s)
	mask := b.mask(1)
	fill(keep, 1, tokens*channels, s, func(keep []uint32, pos int, ctr [4]uint32) {
		if b.Drop > 0 {
			mask.drop(keep, pos, tokens, channels, ctr, key)
		}
	})
	rows := make([][]bool, tokens)
	for t := range rows {
		rows[t] = make([]bool, channels)
		for c := range rows[t] {
			bit := t*channels + c
			rows[t][c] = keep[bit/32]>>(bit%32)&1 == 1
		}
	}
	return rows
}

// Image draws sample masks of every place that the pattern speaks of: one row for
// each, in the order of Places, and in each row columns examples side by side. A tile has a row of
// cells for each channel and a column for each token, so that time runs to the
// right, with scale pixels to a cell. Kept cells are light, dropped ones dark;
// places that do not drop anything are light all over.
func (p *SequencePattern) Image(tokens, channels, scale, columns int, s Stream) *image.Paletted {
	img := newTiles(len(p.places()), columns, tokens*scale, channels*scale)
	for row := range p.places() {
		b := p.Places[row]
		for column := range columns {
			sample := s
			sample.Example += uint64(column)
			mask := b.Sample(tokens, channels, sample)
			img.draw(row, column, func(y, x int) bool { return mask[x/scale][y/scale] })
		}
	}
	return img.Paletted
}

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
	img := newTiles(rows, columns, side*scale, side*scale)
	row := 0
	for i, stage := range p.Stages {
		cells := max(1, side>>i)
		for _, block := range stage {
			for column := range columns {
				sample := s
				sample.Example += uint64(column / 2)
				mask := block.Sample(cells, cells, column%2, sample)
				img.draw(row, column, func(y, x int) bool { return mask[y*cells/(side*scale)][x*cells/(side*scale)] })
			}
			row++
		}
	}
	return img.Paletted
}

// tiles is an image of masks in rows and columns.
type tiles struct {
	*image.Paletted
	width, height int // of a tile
}

func newTiles(rows, columns, width, height int) tiles {
	palette := color.Palette{color.White, color.Gray{0xd8}, color.Gray{0x30}}
	bounds := image.Rect(0, 0, columns*(width+imageGap)+imageGap, rows*(height+imageGap)+imageGap)
	return tiles{image.NewPaletted(bounds, palette), width, height}
}

// draw draws the tile of a row and column.
func (t tiles) draw(row, column int, kept func(y, x int) bool) {
	left, top := imageGap+column*(t.width+imageGap), imageGap+row*(t.height+imageGap)
	for y := range t.height {
		for x := range t.width {
			index := uint8(2)
			if kept(y, x) {
				index = 1
			}
			t.SetColorIndex(left+x, top+y, index)
		}
	}
}
