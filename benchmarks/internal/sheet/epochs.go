package sheet

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/train"
)

// compared returns the curves of a row's seeds after their epochs: of those that have come
// furthest, and whose losses are all finite.
func (r Row) compared() (seeds [][]train.Validation) {
	longest := 0
	for _, epochs := range r.Epochs {
		longest = max(longest, len(epochs))
	}
	for _, epochs := range r.Epochs {
		wild := slices.ContainsFunc(epochs, func(v train.Validation) bool { return !finite(v.Train) || !finite(v.Loss) })
		if len(epochs) == longest && longest > 0 && !wild {
			seeds = append(seeds, epochs)
		}
	}
	return seeds
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// epochLine returns the mean over a row's seeds of a loss after each epoch, counted from
// 1, and a band around it.
func epochLine(row Row, line report.Line, loss func(v train.Validation) float64) report.Line {
	var xs, ys [][]float64
	for _, epochs := range row.compared() {
		var values []float64
		for _, v := range epochs {
			values = append(values, loss(v))
		}
		x, y := thinned(values, len(values))
		xs, ys = append(xs, x), append(ys, y)
	}
	return mean(line, xs, ys)
}

// ValidationLine returns the mean of a row's validation losses after each epoch, counted
// from 1, and a band around it, see mean: of the seeds that have come furthest.
func ValidationLine(row Row, style report.Style) report.Line {
	return epochLine(row, report.Line{Name: row.Title, Style: style}, func(v train.Validation) float64 { return v.Loss })
}

// validationCharts returns a chart of the validation losses of all rows, and one for each
// row of its two losses; nothing where no training was scored after its epochs.
func validationCharts(f *Facts) (all *report.Chart, each []report.Chart) {
	var training, validation []report.Line
	styles := f.styles()
	for i, row := range f.Rows {
		line := ValidationLine(row, styles[i])
		if len(line.X) > 0 {
			validation = append(validation, line)
			training = append(training, epochLine(row, report.Line{Style: styles[i], Thin: true}, func(v train.Validation) float64 { return v.Train }))
		}
	}
	if len(validation) == 0 {
		return nil, nil
	}
	measure := "cross-entropy"
	if f.Outside { // the program knows which
		measure = "loss"
	}
	for i, line := range validation {
		others := slices.Concat(validation[:i], validation[i+1:])
		each = append(each, report.Chart{Title: line.Name, X: "epoch", Y: measure, Lines: []report.Line{training[i], line}, Faint: others})
	}
	all = &report.Chart{Title: "Validation loss", X: "epoch", Y: measure, Caption: fmt.Sprintf("%s After every epoch, on %s. Below, each row has its validation loss as a thick line, its training loss as a thin one, and "+
		"the other rows' validation losses in grey. A training loss is the mean over an epoch with all that makes training hard, dropout above all; a validation loss is without, and may be the lower one.%s", seedsOf(f), f.Scored, bands(f))}
	for _, line := range validation {
		line.Low, line.High = nil, nil
		all.Lines = append(all.Lines, line)
	}
	return all, each
}

// bands says what the bands of rows are, where there are any.
func bands(f *Facts) string {
	switch f.Seeds {
	case 1:
		return ""
	case 2:
		return " Bands run between the two seeds."
	}
	return " Bands are 95 % intervals of the means."
}

// gaps lists how far the losses of each row are apart in the end, and when its validation
// loss was lowest: means over its seeds.
func gaps(f *Facts) (t report.Plain) {
	t.Header = []string{"method", "training loss", "validation loss", "gap", "lowest validation loss", "after epoch"}
	for _, row := range f.Rows {
		var training, validation, lowest, when []float64
		for _, epochs := range row.compared() {
			last := epochs[len(epochs)-1]
			best := slices.MinFunc(epochs, func(a, b train.Validation) int { return cmp.Compare(a.Loss, b.Loss) })
			training, validation = append(training, last.Train), append(validation, last.Loss)
			lowest, when = append(lowest, best.Loss), append(when, float64(best.Epoch+1))
		}
		if len(training) == 0 {
			continue
		}
		mean := func(values []float64) float64 {
			m, _ := runfolder.MeanStd(values)
			return *m
		}
		three := func(v float64) string { return fmt.Sprintf("%.3f", v) }
		t.Rows = append(t.Rows, []string{row.Title, three(mean(training)), three(mean(validation)), three(mean(validation) - mean(training)), three(mean(lowest)), fmt.Sprintf("%.3g", mean(when))})
	}
	return t
}
