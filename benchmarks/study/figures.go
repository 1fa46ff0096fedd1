package main

import (
	"bytes"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"autodropout/controller"
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
func (s *search) rewardPoints() plotter.XYs {
	return s.line(func(p controller.Finished) float64 {
		if p.Result.Failed() {
			return math.NaN()
		}
		return p.Result.Reward
	})
}

// line returns what is known of a search's trials, from 1 on; NaN is nothing.
func (s *search) line(of func(p controller.Finished) float64) (line plotter.XYs) {
	for _, p := range s.trials {
		if y := of(p); !math.IsNaN(y) {
			line = append(line, plotter.XY{X: float64(p.Index + 1), Y: y})
		}
	}
	return line
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

// mapSide is the side of the maps in the first stage of a Wide ResNet, in cells.
const mapSide = 32
