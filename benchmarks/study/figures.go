package main

import (
	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
)

// styles returns how the searches look in all charts of a run.
func styles(searches []*search) []report.Style {
	kinds := make([]sheet.Kind, len(searches))
	for i, s := range searches {
		kinds[i] = s.row.kind
	}
	return sheet.Styles(kinds)
}

// lines returns the progress of a search: the rewards as points, their running mean,
// the best so far and the entropy of the policy.
func (s *search) lines(style report.Style, window int) (points, mean, best, entropy report.Line) {
	points, best, entropy = sheet.SearchLines(s.row.title, style, s.trials)
	mean = report.Line{Name: s.row.title, Style: style, X: points.X, Y: smooth(points.Y, window)}
	return points, mean, best, entropy
}

// smooth returns the mean of each value and up to window-1 before it.
func smooth(values []float64, window int) (means []float64) {
	for i := range values {
		means = append(means, stat.Mean(values[max(0, i+1-window):i+1], nil))
	}
	return means
}

// succeeded returns the trials that have not failed.
func succeeded(trials []controller.Finished) (good []controller.Finished) {
	for _, t := range trials {
		if !t.Result.Failed() {
			good = append(good, t)
		}
	}
	return good
}

// mapSide is the side of the maps in the first stage of a Wide ResNet, in cells.
const mapSide = 32
