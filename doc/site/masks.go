package main

import (
	"fmt"
	"strings"

	"autodropout/dropout"
)

// masks draws what four kinds of dropout do to two channels of a map.
func masks() string {
	kinds := []struct {
		title   string
		pattern dropout.BlockPattern
	}{
		{"Dropout", dropout.BlockPattern{Size: 1, Cells: 1, Scatter: 0.3}},
		{"SpatialDropout", dropout.BlockPattern{Size: 1, Scatter: 0.5}},
		{"DropBlock", dropout.BlockPattern{Size: 1, Cells: 4, Scatter: 0.3}},
		{"AutoDropout, a grid", dropout.BlockPattern{Size: 0.2, Stride: 0.2, Repeat: 8, Rotate: 30}},
		{"AutoDropout, one block", dropout.BlockPattern{Size: 0.4, Stride: 0.3, Repeat: 1, ShearX: 0.3, ShareC: true}},
	}
	const side, cell, gap = 16, 6, 14
	const tile = side * cell
	width, height := len(kinds)*(2*tile+gap/2)+(len(kinds)-1)*gap, tile+24
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg viewBox="0 0 %d %d" width="%[1]d" height="%d" role="img" aria-label="masks of five kinds of dropout" font-size="13">`, width, height)
	for i, kind := range kinds {
		left := i * (2*tile + gap/2 + gap)
		fmt.Fprintf(&svg, `<text x="%d" y="14" fill="currentColor">%s</text>`, left, kind.title)
		for channel := range 2 {
			x0 := left + channel*(tile+gap/2)
			fmt.Fprintf(&svg, `<rect x="%d" y="24" width="%d" height="%[2]d" fill="#e8c468"/><path fill="#26323d" d="`, x0, tile)
			for y, row := range kind.pattern.Sample(side, side, channel, dropout.Stream{Seed: 8}) {
				for x, kept := range row {
					if !kept {
						fmt.Fprintf(&svg, "M%d %dh%dv%[3]dh-%[3]dz", x0+x*cell, 24+y*cell, cell)
					}
				}
			}
			svg.WriteString(`"/>`)
		}
	}
	svg.WriteString("</svg>")
	return svg.String()
}
