#!/usr/bin/env bash
# Go 1.26.8, image/gif, beside Pillow 13.0.0.
#
# A GIF frame names one palette entry as transparent. image/gif replaces the colour
# of that entry by transparent black, so the file's own colour is lost. Pillow keeps
# it: convert("RGB") shows it.
#
# What follows: a network that was trained on pictures of Pillow sees other colours
# there. Package data/picture takes the flag out of the file before it is decoded.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages pillow==13.0.0
cat > write.py <<'PYTHON'
import PIL.Image

image = PIL.Image.new("P", (2, 1))
image.putpalette([200, 30, 40, 10, 220, 60])
image.putpixel((1, 0), 1)
image.save("red.gif", transparency=0)
print("Pillow", PIL.Image.open("red.gif").convert("RGB").getpixel((0, 0)))
PYTHON
cat > main.go <<'GO'
package main

import (
	"fmt"
	"image/gif"
	"log"
	"os"
)

func main() {
	file, err := os.Open("red.gif")
	if err != nil {
		log.Fatal(err)
	}
	image, err := gif.Decode(file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("image/gif", image.At(0, 0))
}
GO
{ python write.py; go run main.go; } 2>/dev/null | same 'Pillow (200, 30, 40)
image/gif {0 0 0 0}'
