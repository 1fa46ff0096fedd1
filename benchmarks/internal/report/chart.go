package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Chart shows lines over one axis.
type Chart struct {
	Title   string
	X, Y    string // what the axes count
	Caption string
	Lines   []Line
	Faint   []Line // what the lines are to be compared with, drawn without bands

	Measured bool // the values of X are measured, not counted
}

// Line is a named line with a band around it, or points. Point i is at X[i],
// Y[i].
type Line struct {
	Name      string
	Style     Style
	X, Y      []float64
	Low, High []float64 // the band; nil: none
	Points    bool      // points without a line between them
	Thin      bool      // drawn thin and without dashes, beside another line of its style
}

// Interval adds a line of its own height, from one end of an interval by its middle to the other.
func (c *Chart) Interval(name string, low, middle, high float64) {
	y := float64(len(c.Lines) + 1)
	c.Lines = append(c.Lines, Line{Name: name, Style: Compared.Style(len(c.Lines)), X: []float64{low, middle, high}, Y: []float64{y, y, y}})
}

// The size of a chart in its own units; the page stretches it.
const (
	chartWidth  = 1000
	chartHeight = 400
)

// tick is a mark on an axis, at a percentage of it from left or top.
type tick struct{ At, Label string }

// plot is a chart made ready for the page.
type plot struct {
	Width, Height int
	XTicks        []tick
	YTicks        []tick
	Shapes        []shape
}

// shape is a line of a plot as paths in the chart's units.
type shape struct {
	Style              Style
	Faint, Thin        bool
	Line, Points, Band string
}

// Plot returns the chart's lines as the page draws them.
func (c Chart) Plot() plot {
	x, y := c.axes()
	p := plot{Width: chartWidth, Height: chartHeight}
	least := 1.
	if c.Measured {
		least = 0
	}
	for _, v := range x.ticks(6, least) {
		p.XTicks = append(p.XTicks, tick{percent(x.at(v)), number(v)})
	}
	for _, v := range y.ticks(5, 0) {
		p.YTicks = append(p.YTicks, tick{percent(1 - y.at(v)), number(v)})
	}
	for i, l := range slices.Concat(c.Faint, c.Lines) {
		s := shape{Style: l.Style, Faint: i < len(c.Faint), Thin: l.Thin}
		at := func(i int, ys []float64) string {
			return fmt.Sprintf("%s %s", coordinate(chartWidth*x.at(l.X[i])), coordinate(chartHeight*(1-y.at(ys[i]))))
		}
		if l.Points {
			var b strings.Builder
			for i := range l.X {
				fmt.Fprintf(&b, "M%sh.01", at(i, l.Y)) // its round or square ends are the point
			}
			s.Points = b.String()
		} else {
			s.Line = path(len(l.X), func(i int) string { return at(i, l.Y) })
		}
		if n := len(l.Low); n > 0 && !s.Faint {
			s.Band = path(2*n, func(i int) string {
				if i < n {
					return at(i, l.High)
				}
				return at(2*n-1-i, l.Low)
			}) + "Z"
		}
		p.Shapes = append(p.Shapes, s)
	}
	return p
}

// Legend reports whether several lines have names, which the page then lists.
func (c Chart) Legend() bool {
	named := 0
	for _, l := range c.Lines {
		if l.Name != "" {
			named++
		}
	}
	return named > 1
}

// Last says in words where each line ends, for those who do not see it.
func (c Chart) Last() string {
	var parts []string
	for _, l := range c.Lines {
		if n := len(l.Y); n > 0 && !l.Points {
			parts = append(parts, l.Name+" "+number(l.Y[n-1]))
		}
	}
	return strings.Join(parts, ", ")
}

// axes returns the ranges of a chart. Single high values at the beginning of a
// curve, before it falls, may leave the picture.
func (c Chart) axes() (x, y axis) {
	x, y = axis{math.Inf(1), math.Inf(-1)}, axis{math.Inf(1), math.Inf(-1)}
	for _, l := range slices.Concat(c.Faint, c.Lines) {
		for _, v := range l.X {
			x.include(v)
		}
		if len(l.Y) == 0 {
			continue
		}
		y.include(quantile(l.Y, 0.99))
		if len(l.High) > 0 {
			y.include(quantile(l.High, 0.95))
		}
		for _, values := range [][]float64{l.Y, l.Low} {
			for _, v := range values {
				y.low = min(y.low, v)
			}
		}
	}
	room := 0.0
	if slices.ContainsFunc(c.Lines, func(l Line) bool { return l.Points }) {
		room = 0.015
	}
	return x.padded(room), y.padded(0.05)
}

func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(math.Ceil(q*float64(len(sorted)-1)))]
}

// axis is a range of values.
type axis struct{ low, high float64 }

func (a *axis) include(v float64) { a.low, a.high = min(a.low, v), max(a.high, v) }

// padded returns the axis with a share of its length added at both ends. What has
// no length gets one, and so does what rounding alone has made one: ticks cannot be counted
// that lie closer than numbers of their size.
func (a axis) padded(share float64) axis {
	const narrow = 1e-9 // of the values
	least := narrow * max(math.Abs(a.low), math.Abs(a.high))
	switch pad := (a.high - a.low) * share; {
	case !(a.low <= a.high):
		return axis{0, 1}
	case a.high-a.low <= least:
		half := max(0.5, least)
		return axis{a.low - half, a.high + half}
	default:
		return axis{a.low - pad, a.high + pad}
	}
}

// at returns where a value is, 0 at the low and 1 at the high end.
func (a axis) at(v float64) float64 { return (v - a.low) / (a.high - a.low) }

// ticks returns about n round values in the range, at least so far apart.
func (a axis) ticks(n int, least float64) []float64 {
	step := max(least, roundStep((a.high-a.low)/float64(n)))
	var values []float64
	for k := math.Ceil(a.low / step); k*step <= a.high; k++ {
		values = append(values, k*step)
	}
	return values
}

// roundStep returns the least of 1, 2 and 5 times a power of ten that is not below v.
func roundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v {
			return m * power
		}
	}
	return 10 * power
}

// path joins points by lines.
func path(n int, at func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteByte("ML"[min(i, 1)])
		b.WriteString(at(i))
	}
	return b.String()
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 2, 64) }

func coordinate(v float64) string {
	// Far outside the picture a coordinate need not be exact.
	return strconv.FormatFloat(max(-1e4, min(1e4, math.Round(10*v)/10)), 'f', -1, 64)
}

// number writes a value in at most four digits, or as a whole number.
func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e6 {
		return strconv.FormatFloat(v+0, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// strip is the scale of the values that the rows of a table have.
func (t Table) strip() axis {
	a := axis{math.Inf(1), math.Inf(-1)}
	for _, r := range t.Rows {
		for _, v := range r.Values {
			a.include(v)
		}
	}
	return a.padded(0.06)
}

// Strip returns the values of row i as points on the line that all rows share,
// and its mean as a mark; "" where there is nothing to show.
func (t Table) Strip(i int) (s shape) {
	a, row := t.strip(), t.Rows[i]
	s.Style = row.Style
	for _, v := range row.Values {
		s.Points += fmt.Sprintf("M%s 10h.01", coordinate(chartWidth*a.at(v)))
	}
	if len(row.Values) > 0 {
		s.Line = fmt.Sprintf("M%s 2v16", coordinate(chartWidth*a.at(row.Mean)))
	}
	return s
}

// Ends returns the values at the two ends of that line.
func (t Table) Ends() []string {
	a := t.strip()
	return []string{fmt.Sprintf("%.1f", a.low), fmt.Sprintf("%.1f", a.high)}
}
