package report

import (
	"cmp"
	"fmt"
	"strings"
)

// Style says how a row's lines and points look. Styles differ by colour and dashes;
// which colours there are is up to the page, in its light and its dark scheme.
type Style int

// Family is a group of styles that look related.
type Family int

// The families.
const (
	Compared Family = iota // what patterns are compared with
	Random                 // patterns found at random: points are squares
	Learned                // patterns: thick lines
)

// perFamily is how many styles each family has.
const perFamily = 16

// Style returns style n of the family, counted from 0. Two styles are the same only
// where family and n are, as long as n is below 16.
func (f Family) Style(n int) Style { return Style(int(f)*perFamily + n%perFamily) }

func (s Style) family() Family { return Family(int(s) / perFamily) }
func (s Style) n() int         { return int(s) % perFamily }

// colours are those of the light scheme. The dark scheme has as many, see page.css.
var colours = []string{"#5f6368", "#0072b2", "#a86f00", "#007a5a", "#a8478a", "#6d4fa3", "#c04a00", "#2f86c4"}

// dashes are those of the first styles of each family, by the families' order.
var dashes = [][]string{
	{"none", "7 4", "2 3", "9 3 2 3", "14 4"},
	{"5 2"},
	{"none", "9 3 2 3 2 3"},
}

// own are the colours of each family, by their order.
var own = [][]int{{0, 1, 2, 3, 4}, {5}, {6, 7}}

// colour returns the number of a style's colour.
func (s Style) colour() int { return own[s.family()][s.n()%len(own[s.family()])] }

// dash returns how a style's lines are dashed, as SVG says it. Beyond the first ones
// a family goes on with ever longer dashes.
func (s Style) dash() string {
	if first := dashes[s.family()]; s.n() < len(first) {
		return first[s.n()]
	}
	return fmt.Sprintf("%d %d", 3*s.n(), 2+int(s.family()))
}

// width returns how wide a style's lines are, in pixels.
func (s Style) width() float64 {
	if s.family() != Learned {
		return 1.7
	}
	return max(2.6-0.4*float64(s.n()), 2)
}

// square reports whether a style's points are squares, not rounds.
func (s Style) square() bool { return s.family() == Random }

// rules returns the styles as rules of a style sheet.
func rules() string {
	var b strings.Builder
	for s := range Style(3 * perFamily) {
		fmt.Fprintf(&b, ".s%d { --c: var(--s%d); --dash: %s; --w: %g; }\n", s, s.colour(), s.dash(), s.width())
		if s.square() {
			fmt.Fprintf(&b, ".s%d.points { stroke-linecap: square; stroke-width: 5.5; }\n", s)
		}
	}
	fmt.Fprintf(&b, "tr.s%d th { font-weight: 700; }\n", Learned.Style(0))
	return b.String()
}

// attributes returns a style as attributes of an SVG's line.
func (s Style) attributes() string {
	return fmt.Sprintf(`stroke="%s" stroke-width="%g" stroke-dasharray="%s"`, colours[s.colour()], s.width(), cmp.Or(s.dash(), "none"))
}
