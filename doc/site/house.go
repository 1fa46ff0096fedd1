package main

import (
	"fmt"
	"math"
	"strings"
)

// house draws which package stands on which, with a link on each.
func house(packages []*library, link func(p string) string) string {
	imports := map[string][]string{}
	for _, p := range packages {
		imports[p.path] = p.imports
	}
	floors := floors(reduce(imports))
	left, right := math.Inf(1), math.Inf(-1)
	for _, floor := range floors {
		for _, n := range floor {
			left, right = min(left, n.x-n.width/2), max(right, n.x+n.width/2)
		}
	}
	const storey, box, margin = 76, 32, 10
	width, height := int(math.Ceil(right-left))+2*margin, (len(floors)-1)*storey+box+2*margin
	x := func(n *node) float64 { return n.x - left + margin }
	y := func(n *node) float64 { return float64(len(floors)-1-n.floor)*storey + margin }

	var lines, boxes strings.Builder
	for _, floor := range floors {
		for _, n := range floor {
			for _, to := range n.below {
				from := y(n) + box
				middle := (from + y(to)) / 2
				fmt.Fprintf(&lines, "M%.0f %.0fC%.0f %.0f %.0f %.0f %.0f %.0f", x(n), from, x(n), middle, x(to), middle, x(to), y(to))
			}
			if n.name == "" {
				fmt.Fprintf(&lines, "M%.0f %.0fv%d", x(n), y(n), box)
				continue
			}
			fmt.Fprintf(&boxes, `<a href="%s"><rect x="%.0f" y="%.0f" width="%.0f" height="%d" rx="6"/><text x="%.0f" y="%.0f">%s</text></a>`+"\n",
				link(n.name), x(n)-n.width/2, y(n), n.width, box, x(n), y(n)+box/2+5, n.name)
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" class="house" font-family="sans-serif" font-size="14">
<title>The packages, each above those that it is built on</title>
<style>
.house { --wall: #e3eff7; --ink: #1d2329; --lines: #7d8a96 }
@media (prefers-color-scheme: dark) { .house { --wall: #1f3342; --ink: #dfe5ea; --lines: #7d8a96 } }
.house path { fill: none; stroke: var(--lines) }
.house rect { fill: var(--wall); stroke: var(--lines) }
.house text { fill: var(--ink); text-anchor: middle }
.house a:hover rect { stroke-width: 2.5 }
</style>
<path d="%s"/>
%s</svg>
`, width, height, lines.String(), boxes.String())
}
