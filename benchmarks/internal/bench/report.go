package bench

import (
	"bytes"
	"fmt"
	"image"
	"math"
	"path/filepath"
	"slices"
	"time"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/dropout"
	"autodropout/internal/atomicfile"
	"autodropout/internal/seed"
)

// result returns what the run has found so far.
func (e *Experiment[P]) result() runfolder.Result {
	rows := e.rows()
	result := runfolder.Result{
		Task:    e.about.Task,
		Dataset: e.about.Dataset,
		Split:   e.about.Split,
		Metric:  e.about.Metric,
		Unit:    e.about.Unit,
		Floor:   e.about.Floor,
		Also:    e.about.Also,
		Notes:   slices.Concat(e.about.Notes, e.changed),
		Model:   e.about.Model,
		Preset:  e.Run.Preset,
		Seed:    e.Plan.Seed,
		Command: e.Run.Command,
		Date:    time.Now().UTC().Format(time.RFC3339),
		Commit:  Commit("."),
		CPU:     CPU(),
		SIMD:    SIMD(),
		Memory:  PeakMemory(),
		Rows:    rows,
	}
	for _, row := range rows {
		result.Seconds += row.Seconds
	}
	result.Summary = e.summarise(&result)
	return result
}

// report writes the results to the run's folder and prints the table.
func (e *Experiment[P]) report() error {
	result := e.result()
	if err := e.reportPattern(&result); err != nil {
		return err
	}
	if err := e.drawCurves(); err != nil {
		return err
	}
	if err := e.folder.Save(&result); err != nil {
		return err
	}
	if err := e.writeReport(&result, ""); err != nil {
		return err
	}
	e.record.end()
	var table bytes.Buffer
	if err := Table(&result, &table); err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(e.folder.Path(runfolder.Table), table.Bytes()); err != nil {
		return err
	}
	const width = 110 // of the summary, in letters
	_, err := fmt.Fprintf(e.Stdout, "\n%s\n%s\n\nThe report, with curves and the pattern layer by layer, is %s.\n",
		table.Bytes(), wrap(result.Summary, width), e.folder.Path(runfolder.Report))
	return err
}

// stopped reports what there is of a run that ends early, and returns why.
func (e *Experiment[P]) stopped(cause error) error {
	result := e.result()
	err := e.writeReport(&result, "The run was stopped before it had finished: "+cause.Error()+".")
	fmt.Fprintf(e.Stdout, "Stopped. Continue with: go run ./benchmarks/%s -resume -out %s\n", e.about.Name, e.folder.Folder)
	if err != nil {
		return fmt.Errorf("%w; the report could not be written either: %w", cause, err)
	}
	return cause
}

// best returns the pattern that the run stands for, and where it is from: that of
// -pattern, the best that the controller has learned in its whole space, or the one
// that random search found.
func (e *Experiment[P]) best() (pattern P, from string, ok bool) {
	if e.Plan.Pattern != "" {
		return e.Given, "From " + filepath.Base(e.Plan.Pattern), true
	}
	var best *finding[P]
	for _, f := range e.found {
		switch {
		case f.pattern == nil || f.method.Ablated != nil:
		case best == nil, f.method.learned() && (!best.method.learned() || f.reward > best.reward):
			best = f
		}
	}
	if best == nil {
		return pattern, "", false
	}
	return *best.pattern, fmt.Sprintf("%s, the best of %s", best.method.Title, Count(e.Plan.Trials, "trial", "trials")), true
}

// stream is where the random numbers of drawn masks come from.
func (e *Experiment[P]) stream() dropout.Stream {
	return dropout.Stream{Seed: seed.Derive(uint64(e.Plan.Seed), "picture")}
}

// draw draws the best pattern so far for the report.
func (e *Experiment[P]) draw() error {
	pattern, from, ok := e.best()
	if !ok {
		return nil
	}
	drawn, err := report.DrawPattern(pattern, e.about.Side, e.stream())
	if err != nil {
		return err
	}
	text, err := pattern.MarshalJSON()
	if err != nil {
		return err
	}
	drawn.JSON, drawn.Title = string(text), from
	e.record.drawn(drawn)
	return nil
}

// reportPattern adds the best pattern to the result and writes it as JSON and
// as a picture of its masks, layer by layer.
func (e *Experiment[P]) reportPattern(result *runfolder.Result) error {
	pattern, _, ok := e.best()
	if !ok {
		return nil
	}
	text, err := pattern.MarshalJSON()
	if err != nil {
		return err
	}
	result.BestPattern = text
	if err := pattern.Save(e.folder.Path(runfolder.BestPattern)); err != nil {
		return err
	}
	masks := Picture(pattern, e.about.Side, e.stream())
	if err := e.patternEvents(masks); err != nil {
		return err
	}
	return WritePNG(e.folder.Path(runfolder.Masks), masks)
}

// Picture draws the masks of a pattern, a row for each of its layers.
func Picture(pattern dropout.Pattern, side int, s dropout.Stream) image.Image {
	const pixels, columns = 112, 8 // of the side of a map; masks in a row
	switch p := pattern.(type) {
	case *dropout.ConvPattern:
		return p.Image(side, max(1, pixels/max(1, side)), columns, s)
	case *dropout.SequencePattern:
		const tokens, channels, scale, sequences = 64, 32, 3, 4
		return p.Image(tokens, channels, scale, sequences, s)
	}
	panic(fmt.Sprintf("bench: no picture for a pattern of type %T", pattern))
}

func (e *Experiment[P]) drawCurves() error {
	var losses []Curve
	for _, m := range e.Rows {
		if curves := e.record.curves(m); len(curves) > 0 {
			losses = append(losses, Smooth(m.Title, curves[0].losses, window(curves[0].total)))
		}
	}
	err := DrawCurves(e.folder.Path(runfolder.Losses),
		"Training loss, first seed", "step", "cross-entropy", losses)
	if err != nil || len(e.found) == 0 {
		return err
	}
	var curves []Curve
	for _, s := range e.record.searched() {
		curves = append(curves, s.bestCurve())
	}
	reward := e.about.Trial.Reward
	return DrawCurves(e.folder.Path(runfolder.Rewards),
		fmt.Sprintf("Best %s so far on the %s", reward, e.about.Reward.Where), "trial", reward, curves)
}

// bestCurve shows the best reward up to each trial.
func (s *searchRecord) bestCurve() Curve {
	c := Curve{Name: s.method.Title}
	for _, p := range s.Curve() {
		if !math.IsNaN(p.Best) {
			c.X, c.Y = append(c.X, float64(p.Index+1)), append(c.Y, p.Best)
		}
	}
	return c
}
