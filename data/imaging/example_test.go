package imaging_test

import (
	"fmt"

	"autodropout/data/imaging"
)

func ExampleResize() {
	photo := imaging.Image{Width: 4, Height: 1, Pix: []uint8{0, 0, 0, 100, 0, 0, 200, 0, 0, 100, 0, 0}}
	small := imaging.New(2, 1)
	imaging.Resize(small, photo, photo.Whole(), imaging.Bilinear)
	fmt.Println(small.Pix)
	// Output: [71 0 0 143 0 0]
}
