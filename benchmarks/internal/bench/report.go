package bench

import (
	"bytes"
	"fmt"
	"path/filepath"
	"time"

	"autodropout/dropout"
	"autodropout/internal/atomicfile"
	"autodropout/internal/seed"
	"autodropout/train"
)

// report writes the results to the run's folder and prints the table.
func (e *Experiment[P]) report(rows []Row) error {
	result := Result{
		Task:    e.about.Task,
		Dataset: e.about.Dataset,
		Split:   e.about.Split,
		Metric:  e.about.Metric,
		Unit:    e.about.Unit,
		Floor:   e.about.Floor,
		Also:    e.about.Also,
		Notes:   e.about.Notes,
		Model:   e.about.Model,
		Preset:  e.Run.Preset,
		Seed:    e.Plan.Seed,
		Command: e.Run.Command,
		Date:    time.Now().UTC().Format(time.RFC3339),
		Commit:  Commit("."),
		CPU:     CPU(),
		SIMD:    SIMD(),
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
	_, err := fmt.Fprintf(e.Stdout, "\n%s\n", table.Bytes())
	return err
}

// best returns the pattern that the run stands for: that of -pattern, that of
// AutoDropout, or the one that random search found.
func (e *Experiment[P]) best() (pattern P, ok bool) {
	switch {
	case e.Plan.Pattern != "":
		return e.Given, true
	case len(e.found) > 0:
		return e.found[len(e.found)-1].pattern, true // AutoDropout is the last row
	}
	return pattern, false
}

// reportPattern adds the best pattern to the result and writes it as JSON and
// as a picture of its masks, layer by layer.
func (e *Experiment[P]) reportPattern(result *Result) error {
	pattern, ok := e.best()
	if !ok {
		return nil
	}
	text, err := pattern.MarshalJSON()
	if err != nil {
		return err
	}
	result.BestPattern = text
	if err := pattern.Save(filepath.Join(e.folder, "best-pattern.json")); err != nil {
		return err
	}
	masks := e.Subject.Picture(pattern, dropout.Stream{Seed: seed.Derive(uint64(e.Plan.Seed), "picture")})
	return WritePNG(filepath.Join(e.folder, "best-pattern.png"), masks)
}

// curvePoints is how many points a curve is thinned to.
const curvePoints = 200

// lossCurve reads the curve of a training from its log.
func lossCurve(title, path string) (Curve, error) {
	steps, err := train.ReadLog(path)
	if err != nil {
		return Curve{}, err
	}
	var losses []float32
	for _, s := range steps {
		losses = append(losses, s.Loss)
	}
	return Smooth(title, losses, curvePoints), nil
}

func (e *Experiment[P]) drawCurves() error {
	err := DrawCurves(filepath.Join(e.folder, "loss.svg"),
		"Training loss, first seed", "step", "cross-entropy", e.losses)
	if err != nil || len(e.found) == 0 {
		return err
	}
	var curves []Curve
	for _, f := range e.found {
		curves = append(curves, f.rewardCurve())
	}
	reward := e.about.Reward
	return DrawCurves(filepath.Join(e.folder, "search.svg"),
		fmt.Sprintf("Best %s so far on the %s", reward.Name, reward.Where), "trial", reward.Name, curves)
}

// rewardCurve shows the best reward up to each trial.
func (f *finding[P]) rewardCurve() Curve {
	c := Curve{Name: f.method.Title}
	best := 0.0
	for i, r := range f.rewards {
		best = max(best, r)
		c.X = append(c.X, float64(i+1))
		c.Y = append(c.Y, best)
	}
	return c
}
