package bench

import (
	"fmt"
	"image"
	"image/png"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"

	"autodropout/internal/atomicfile"
)

// Curve is a named line; point i is (X[i], Y[i]).
type Curve struct {
	Name string
	X, Y []float64
}

// Smooth returns a curve over 1, 2, ... with a point for each window of
// neighbours, their mean.
func Smooth(name string, values []float32, window int) Curve {
	c := Curve{Name: name}
	for lo := 0; lo < len(values); lo += window {
		hi := min(lo+window, len(values))
		sum := 0.0
		for _, v := range values[lo:hi] {
			sum += float64(v)
		}
		c.X = append(c.X, float64(lo+hi+1)/2)
		c.Y = append(c.Y, sum/float64(hi-lo))
	}
	return c
}

// DrawCurves writes curves as an SVG file.
func DrawCurves(path, title, x, y string, curves []Curve) error {
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.Add(plotter.NewGrid())
	for i, c := range curves {
		points := make(plotter.XYs, len(c.X))
		for j := range points {
			points[j] = plotter.XY{X: c.X[j], Y: c.Y[j]}
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return fmt.Errorf("cannot draw the curve of %s: %w", c.Name, err)
		}
		line.Color = plotutil.Color(i)
		line.Dashes = plotutil.Dashes(i / len(plotutil.SoftColors))
		p.Add(line)
		p.Legend.Add(c.Name, line)
	}
	// The legend stands right of the curves, its text behind the line samples:
	// a viewer's font may be wider than the one measured here.
	const width, legend = 9 * vg.Inch, 2.4 * vg.Inch
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs = width - legend - 0.6*vg.Inch
	p.X.Max += (p.X.Max - p.X.Min) * float64(legend/(width-legend))
	drawing, err := p.WriterTo(width, 5*vg.Inch, "svg")
	if err != nil {
		return fmt.Errorf("cannot draw %s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := drawing.WriteTo(w)
		return err
	})
}

// WritePNG writes an image, such as drawn masks, as a PNG file.
func WritePNG(path string, img image.Image) error {
	return atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, img) })
}
