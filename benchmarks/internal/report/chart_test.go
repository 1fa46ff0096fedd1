package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"
)

func TestTicks(t *testing.T) {
	for _, a := range []axis{{0, 1}, {-3, 17}, {1.517, 1.524}, {0, 441}, {99, 1e6}, {-0.5, 0.5}} {
		ticks := a.ticks(5, 0)
		if len(ticks) < 3 || len(ticks) > 7 {
			t.Errorf("%v has %d ticks", a, len(ticks))
		}
		for i, v := range ticks {
			if v < a.low || v > a.high || i > 0 && math.Abs(v-ticks[i-1]-(ticks[1]-ticks[0])) > 1e-9*a.high {
				t.Errorf("%v has the ticks %v", a, ticks)
			}
		}
	}
	if ticks := (axis{1, 3}).ticks(6, 1); len(ticks) != 3 || ticks[0] != 1 {
		t.Errorf("three trials have the ticks %v", ticks)
	}
}

func TestPlot(t *testing.T) {
	c := Chart{
		Lines: []Line{
			{Name: "a", Style: 1, X: []float64{0, 10}, Y: []float64{2, 4}, Low: []float64{1, 3}, High: []float64{3, 5}},
			{Style: 2, X: []float64{5}, Y: []float64{3}, Points: true},
		},
		Faint: []Line{{Name: "b", X: []float64{0, 10}, Y: []float64{2, 2}, Low: []float64{1, 1}, High: []float64{3, 3}}},
	}
	p := c.Plot()
	if len(p.Shapes) != 3 || !p.Shapes[0].Faint || p.Shapes[0].Band != "" || p.Shapes[1].Band == "" || p.Shapes[1].Faint {
		t.Fatalf("the shapes are %+v", p.Shapes)
	}
	// From 1 to 5, with a margin of a twentieth on both sides, and a little on the left and right for points.
	if got, want := p.Shapes[1].Line, "M14.6 290.9L985.4 109.1"; got != want {
		t.Errorf("the line is %q, want %q", got, want)
	}
	if got, want := p.Shapes[2].Points, "M500 200h.01"; got != want {
		t.Errorf("the point is %q, want %q", got, want)
	}
	// The lowest of the ticks 1 to 5 is near the bottom.
	if first := p.YTicks[0]; len(p.YTicks) != 5 || first.Label != "1" || first.At != "95.45" {
		t.Errorf("the ticks are %v", p.YTicks)
	}
	if got := c.Last(); got != "a 4" {
		t.Errorf("the last values are %q", got)
	}
}

func TestPlotOfLittle(t *testing.T) {
	tenths := []float64{0.1, 0.2}
	for _, c := range []Chart{
		{},
		{Lines: []Line{{Name: "none"}}},
		{Lines: []Line{{Name: "one", X: []float64{1}, Y: []float64{2}}}},
		{Lines: []Line{{Name: "large", X: []float64{1, 2}, Y: []float64{1e17, 1e17}}}},
		{Lines: []Line{{Name: "equal but for rounding", X: []float64{1, 2}, Y: []float64{0.3, tenths[0] + tenths[1]}}}},
		{Lines: []Line{{Name: "likewise", X: []float64{0.913, 0.9130000000000001}, Y: []float64{1, 2}, Points: true}}, Measured: true},
	} {
		p := c.Plot()
		if n := max(len(p.XTicks), len(p.YTicks)); n > 12 {
			t.Errorf("%v has %d ticks", c.Lines, n)
		}
		for _, s := range p.Shapes {
			if strings.Contains(s.Line, "NaN") || strings.Contains(s.Line, "Inf") {
				t.Errorf("a line of %v is %q", c.Lines, s.Line)
			}
		}
	}
}

func TestStrip(t *testing.T) {
	table := Table{Rows: []Row{{Values: []float64{10, 20}, Mean: 15}, {}, {Values: []float64{20}, Mean: 20}}}
	ends := table.Ends()
	if ends[0] != "9.4" || ends[1] != "20.6" {
		t.Errorf("the line runs from %v", ends)
	}
	if s := table.Strip(0); s.Points != "M53.6 10h.01M946.4 10h.01" || s.Line != "M500 2v16" {
		t.Errorf("the strip is %+v", s)
	}
	if s := table.Strip(1); s.Points != "" || s.Line != "" {
		t.Errorf("a row without values has the strip %+v", s)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{2: "2", 0.1 + 0.2: "0.3", 1.6782477: "1.678", 441: "441", -0.5: "-0.5", math.Copysign(0, -1): "0"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}

// TestSVG: a chart that stands by itself is well-formed and has the names of its
// lines.
func TestSVG(t *testing.T) {
	c := Chart{Title: "a <title>", X: "step", Y: "loss", Lines: []Line{
		{Name: "a <b>", Style: 1, X: []float64{1, 2}, Y: []float64{3, 4}},
		{Name: "none"},
		{Style: Random.Style(0), X: []float64{1}, Y: []float64{3}, Points: true},
	}}
	decoder := xml.NewDecoder(bytes.NewReader(c.SVG()))
	tags, text := map[string]int{}, ""
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			tags[token.Name.Local]++
		case xml.CharData:
			text += string(token)
		}
	}
	if tags["svg"] != 2 || tags["path"] == 0 || !strings.Contains(text, "a <title>") || !strings.Contains(text, "a <b>") {
		t.Errorf("the drawing has the elements %v and the text %q", tags, text)
	}
	if drawn := string(c.SVG()); strings.Count(drawn, `stroke-linecap="square"`) != 1 || !strings.Contains(drawn, `stroke-dasharray="7 4"`) {
		t.Errorf("the drawing is\n%s", drawn)
	}
}
