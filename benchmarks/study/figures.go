package main

import (
	"bytes"
	"fmt"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// series is what a chart shows of one search: points, a line, or both.
type series struct {
	name         string // "": it needs no legend
	points, line plotter.XYs
}

// chart draws series as SVG, the legend right of them. The last digits of its
// numbers may depend on the processor.
func chart(title, x, y string, all []series) ([]byte, error) {
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.Add(plotter.NewGrid())
	for i, s := range all {
		var shown []plot.Thumbnailer
		if len(s.points) > 0 {
			scatter, err := plotter.NewScatter(s.points)
			if err != nil {
				return nil, fmt.Errorf("cannot draw the points of %s: %w", s.name, err)
			}
			scatter.GlyphStyle = draw.GlyphStyle{Color: plotutil.Color(i), Radius: 1.5, Shape: draw.CircleGlyph{}}
			p.Add(scatter)
			shown = append(shown, scatter)
		}
		if len(s.line) > 0 {
			line, err := plotter.NewLine(s.line)
			if err != nil {
				return nil, fmt.Errorf("cannot draw the line of %s: %w", s.name, err)
			}
			line.Color, line.Dashes = plotutil.Color(i), plotutil.Dashes(i/len(plotutil.SoftColors))
			line.Width = 1.5
			p.Add(line)
			shown = append(shown, line)
		}
		if s.name != "" {
			p.Legend.Add(s.name, shown...)
		}
	}
	const width, legend = 9 * vg.Inch, 2.5 * vg.Inch
	if all[0].name != "" {
		p.Legend.Top, p.Legend.Left = true, true
		p.Legend.XOffs = width - legend - 0.5*vg.Inch
		p.X.Max += (p.X.Max - p.X.Min) * float64(legend/(width-legend))
	}
	drawing, err := p.WriterTo(width, 4.5*vg.Inch, "svg")
	if err != nil {
		return nil, fmt.Errorf("cannot draw %q: %w", title, err)
	}
	var b bytes.Buffer
	_, err = drawing.WriteTo(&b)
	return b.Bytes(), err
}

// rewardPoints returns the rewards of a search over its trials, from 1 on.
func (s *search) rewardPoints() (points plotter.XYs) {
	for i, t := range s.trials {
		if !t.failed {
			points = append(points, plotter.XY{X: float64(i + 1), Y: t.reward})
		}
	}
	return points
}

// smooth returns the mean of each point and up to window-1 before it.
func smooth(points plotter.XYs, window int) (line plotter.XYs) {
	for i := range points {
		var last []float64
		for _, p := range points[max(0, i+1-window) : i+1] {
			last = append(last, p.Y)
		}
		line = append(line, plotter.XY{X: points[i].X, Y: stat.Mean(last, nil)})
	}
	return line
}

// highestSoFar returns the highest of each point and all before it.
func highestSoFar(points plotter.XYs) (line plotter.XYs) {
	for i, p := range points {
		if i > 0 {
			p.Y = max(p.Y, line[i-1].Y)
		}
		line = append(line, p)
	}
	return line
}

// entropies returns the entropy of the policy at each trial.
func (s *search) entropies() (line plotter.XYs) {
	for i, t := range s.trials {
		line = append(line, plotter.XY{X: float64(i + 1), Y: t.entropy})
	}
	return line
}

// mapSide is the side of the maps in the first stage of a Wide ResNet, in cells.
const mapSide = 32
