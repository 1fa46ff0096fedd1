package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"autodropout/benchmarks/internal/bench"
	"autodropout/dropout"
	"autodropout/internal/atomicfile"
	"autodropout/internal/seed"
	"autodropout/train"
)

// report writes the results to the run's folder and prints the table.
func (e *experiment) report(rows []bench.Row) error {
	result := bench.Result{
		Task:    "image classification",
		Dataset: e.dataset(),
		Split:   "test",
		Metric:  "error",
		Unit:    "%",
		Model:   fmt.Sprintf("WRN-%d-%d", e.depth, e.width),
		Preset:  e.asked.Preset,
		Seed:    e.seed,
		Command: e.asked.Command,
		Date:    time.Now().UTC().Format(time.RFC3339),
		Commit:  bench.Commit("."),
		CPU:     bench.CPU(),
		SIMD:    bench.SIMD(),
		Rows:    rows,
	}
	for _, row := range rows {
		result.Seconds += row.Seconds
	}
	if err := e.reportPattern(&result); err != nil {
		return err
	}
	if err := e.drawCurves(); err != nil {
		return err
	}
	if err := result.Save(filepath.Join(e.folder, "result.json")); err != nil {
		return err
	}
	var table bytes.Buffer
	if err := result.Table(&table); err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(filepath.Join(e.folder, "table.txt"), table.Bytes()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(e.stdout, "\n%s\n", table.Bytes())
	return err
}

// dataset names the data without the part.
func (e *experiment) dataset() string { return strings.TrimSuffix(e.train.Name, " training") }

// best returns the pattern that the run stands for: that of -pattern, that of
// AutoDropout, or the one that random search found.
func (e *experiment) best() *dropout.ConvPattern {
	if e.given != nil {
		return e.given
	}
	if len(e.found) == 0 {
		return nil
	}
	return e.found[len(e.found)-1].pattern // AutoDropout is the last row
}

// reportPattern adds the best pattern to the result and writes it as JSON and
// as a picture of its masks, layer by layer.
func (e *experiment) reportPattern(result *bench.Result) error {
	pattern := e.best()
	if pattern == nil {
		return nil
	}
	text, err := json.Marshal(pattern)
	if err != nil {
		return err
	}
	result.BestPattern = text
	if err := pattern.Save(filepath.Join(e.folder, "best-pattern.json")); err != nil {
		return err
	}
	const (
		side    = 32 // of the images, in cells
		scale   = 3  // pixels for a cell
		columns = 8
	)
	masks := pattern.Image(side, scale, columns, dropout.Stream{Seed: seed.Derive(uint64(e.seed), "picture")})
	return bench.WritePNG(filepath.Join(e.folder, "best-pattern.png"), masks)
}

// curvePoints is how many points a curve is thinned to.
const curvePoints = 200

// lossCurve reads the curve of a training from its log.
func lossCurve(title, path string) (bench.Curve, error) {
	steps, err := train.ReadLog(path)
	if err != nil {
		return bench.Curve{}, err
	}
	var losses []float32
	for _, s := range steps {
		losses = append(losses, s.Loss)
	}
	return bench.Smooth(title, losses, curvePoints), nil
}

func (e *experiment) drawCurves() error {
	err := bench.DrawCurves(filepath.Join(e.folder, "loss.svg"),
		"Training loss, first seed", "step", "cross-entropy", e.losses)
	if err != nil || len(e.found) == 0 {
		return err
	}
	var curves []bench.Curve
	for _, f := range e.found {
		curves = append(curves, rewardCurve(f))
	}
	return bench.DrawCurves(filepath.Join(e.folder, "search.svg"),
		"Best accuracy so far on the held-out images", "trial", "accuracy", curves)
}

// rewardCurve shows the best reward up to each trial.
func rewardCurve(f *finding) bench.Curve {
	c := bench.Curve{Name: f.method.title}
	best := 0.0
	for i, r := range f.rewards {
		best = max(best, r)
		c.X = append(c.X, float64(i+1))
		c.Y = append(c.Y, best)
	}
	return c
}
