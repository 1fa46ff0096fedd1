#!/usr/bin/env bash
# Go 1.26.8, image/jpeg, beside Pillow 13.0.0.
#
# Most JPEG files store colour at half the size. image/jpeg gives each pair of
# pixels the same colour, Pillow (libjpeg) interpolates. At an edge between red and
# blue, of one file, the same pixel then differs by a fifth of the range.
#
# What follows: a network that was trained on pictures of Pillow sees other colours at
# every edge. Package data/picture interpolates as libjpeg does, to the bit.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages pillow==13.0.0
cat > write.py <<'PYTHON'
import PIL.Image

image = PIL.Image.new("RGB", (16, 16), (255, 0, 0))
image.paste((0, 0, 255), (8, 0, 16, 16))
image.save("edge.jpg", quality=95, subsampling="4:2:0")
again = PIL.Image.open("edge.jpg")
print("Pillow", [again.getpixel((x, 8))[0] for x in range(5, 11)])
PYTHON
cat > main.go <<'GO'
package main

import (
	"fmt"
	"image/color"
	"image/jpeg"
	"log"
	"os"
)

func main() {
	file, err := os.Open("edge.jpg")
	if err != nil {
		log.Fatal(err)
	}
	image, err := jpeg.Decode(file)
	if err != nil {
		log.Fatal(err)
	}
	var reds []uint8
	for x := 5; x < 11; x++ {
		reds = append(reds, color.RGBAModel.Convert(image.At(x, 8)).(color.RGBA).R)
	}
	fmt.Println("image/jpeg", reds)
}
GO
{ python write.py; go run main.go; } 2>/dev/null | same 'Pillow [254, 254, 202, 50, 0, 0]
image/jpeg [254 254 254 0 0 0]'
