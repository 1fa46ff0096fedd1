package report

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// The size of a chart that stands by itself, in pixels, and the room around its plot.
const (
	svgWidth, svgHeight = 860, 460
	svgLeft, svgRight   = 80, 250 // the names of the lines stand on the right
	svgTop, svgBottom   = 40, 60
)

// SVG returns the chart as a file that stands by itself, with the names of its lines
// beside it. It is the chart of the page, in the colours of the light scheme.
func (c Chart) SVG() []byte {
	var b strings.Builder
	p := c.Plot()
	const width, height = svgWidth - svgLeft - svgRight, svgHeight - svgTop - svgBottom
	text := func(x, y float64, anchor, words, more string) {
		fmt.Fprintf(&b, `<text x="%g" y="%g" text-anchor="%s"%s>%s</text>`+"\n", x, y, anchor, more, html.EscapeString(words))
	}
	at := func(percent string, length float64) (v float64) {
		fmt.Sscan(percent, &v)
		return v / 100 * length
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="13" fill="#222">`+"\n",
		svgWidth, svgHeight, svgWidth, svgHeight)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", svgWidth, svgHeight)
	text(svgLeft, svgTop-16, "start", c.Title, ` font-size="16"`)
	for _, t := range p.XTicks {
		x := svgLeft + at(t.At, width)
		fmt.Fprintf(&b, `<path d="M%.1f %dv%d" stroke="#ddd"/>`+"\n", x, svgTop, height)
		text(x, svgHeight-svgBottom+18, "middle", t.Label, "")
	}
	for _, t := range p.YTicks {
		y := svgTop + at(t.At, height)
		fmt.Fprintf(&b, `<path d="M%d %.1fh%d" stroke="#ddd"/>`+"\n", svgLeft, y, width)
		text(svgLeft-8, y+4, "end", t.Label, "")
	}
	text(svgLeft+width/2, svgHeight-16, "middle", c.X, "")
	text(0, 0, "middle", c.Y, fmt.Sprintf(` transform="translate(20 %d) rotate(-90)"`, svgTop+height/2))
	// The plot's own units are stretched; lines are not.
	fmt.Fprintf(&b, `<svg x="%d" y="%d" width="%d" height="%d" viewBox="0 0 %d %d" preserveAspectRatio="none" fill="none">`+"\n",
		svgLeft, svgTop, width, height, p.Width, p.Height)
	for _, s := range p.Shapes {
		if s.Line != "" {
			fmt.Fprintf(&b, `<path d="%s" %s vector-effect="non-scaling-stroke"/>`+"\n", s.Line, s.Style.attributes())
		}
		if s.Points != "" {
			ends := "round"
			if s.Style.square() {
				ends = "square"
			}
			fmt.Fprintf(&b, `<path d="%s" stroke="%s" stroke-width="5" stroke-linecap="%s" vector-effect="non-scaling-stroke"/>`+"\n",
				s.Points, colours[s.Style.colour()], ends)
		}
	}
	b.WriteString("</svg>\n")
	named := slices.DeleteFunc(slices.Clone(c.Lines), func(l Line) bool { return l.Name == "" })
	for i, l := range named {
		y := float64(svgTop + 10 + 20*i)
		fmt.Fprintf(&b, `<path d="M%d %gh28" %s/>`+"\n", svgWidth-svgRight+16, y-4, l.Style.attributes())
		text(svgWidth-svgRight+52, y, "start", l.Name, "")
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}
