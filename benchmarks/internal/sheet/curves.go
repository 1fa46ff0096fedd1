package sheet

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller"
)

// curvePoints is how many points a curve is thinned to.
const curvePoints = 80

// smooth returns the means of neighbours: a point for each window, over 1, 2, ...
func (l Losses) smooth() (x, y []float64) { return thinned(l.Values, l.Total) }

// thinned returns the means of neighbours, so that a curve of so many values in all has
// few points: one for each window, over 1, 2, ...
func thinned[F float32 | float64](values []F, total int) (x, y []float64) {
	window := max(1, (total+curvePoints-1)/curvePoints)
	for lo := 0; lo < len(values); lo += window {
		hi := min(lo+window, len(values))
		sum := 0.0
		for _, v := range values[lo:hi] {
			sum += float64(v)
		}
		x = append(x, float64(lo+hi+1)/2)
		y = append(y, sum/float64(hi-lo))
	}
	return x, y
}

// LossLine returns the mean of the loss curves of a row's seeds, and a band around
// it, see mean. Seeds that have not come far are left out where others have finished.
func LossLine(row Row, style report.Style) report.Line {
	finished := slices.ContainsFunc(row.Losses, func(l Losses) bool { return l.Total > 0 && len(l.Values) == l.Total })
	var xs, ys [][]float64
	for _, l := range row.Losses {
		if len(l.Values) == 0 || finished && len(l.Values) < l.Total {
			continue
		}
		x, y := l.smooth()
		xs, ys = append(xs, x), append(ys, y)
	}
	return mean(report.Line{Name: row.Title, Style: style}, xs, ys)
}

// mean fills a line with the mean of the curves of some seeds, and a band around it: the
// 95 % interval of the mean from three seeds on, both curves for two. The mean ends where
// the shortest curve does.
func mean(line report.Line, xs, ys [][]float64) report.Line {
	for _, x := range xs {
		if line.X == nil || len(x) < len(line.X) {
			line.X = x
		}
	}
	values := make([]float64, len(ys))
	for i := range line.X {
		for j, y := range ys {
			values[j] = y[i]
		}
		mean, half := interval(values)
		line.Y = append(line.Y, mean)
		if len(values) == 2 {
			half = math.Abs(values[0]-values[1]) / 2
		}
		if len(values) > 1 {
			line.Low, line.High = append(line.Low, mean-half), append(line.High, mean+half)
		}
	}
	return line
}

// interval returns the mean of values and half the length of its 95 % interval
// by Student's t, 0 below two values.
func interval(values []float64) (mean, half float64) {
	m, s := runfolder.MeanStd(values)
	if s == nil {
		return *m, 0
	}
	n := float64(len(values))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.975)
	return *m, t * *s / math.Sqrt(n)
}

// lossCharts returns a chart of all rows and, where there are bands, one for each.
func lossCharts(f *Facts) (all, each []report.Chart) {
	var lines []report.Line
	styles := f.styles()
	for i, row := range f.Rows {
		if line := LossLine(row, styles[i]); len(line.X) > 0 {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil, nil
	}
	chart := report.Chart{Title: "Training loss", X: "step", Y: "cross-entropy", Caption: seedsOf(f)}
	switch {
	case f.Seeds == 2:
		chart.Caption += " Below, the two are the edges of each row's band, before the other rows' means."
	case f.Seeds > 2:
		chart.Caption += " Below, each row has the 95 % interval of its mean as a band, before the other rows' means."
	}
	for i, line := range lines {
		if line.Low != nil {
			others := append(slices.Clone(lines[:i]), lines[i+1:]...)
			each = append(each, report.Chart{Title: line.Name, X: chart.X, Y: chart.Y, Lines: []report.Line{line}, Faint: others})
		}
		line.Low, line.High = nil, nil
		chart.Lines = append(chart.Lines, line)
	}
	return []report.Chart{chart}, each
}

// seedsOf says of how many seeds lines are the means.
func seedsOf(f *Facts) string {
	switch f.Seeds {
	case 1:
		return "One seed for each row."
	case 2:
		return "Lines are means of two seeds."
	}
	return fmt.Sprintf("Lines are means of %d seeds.", f.Seeds)
}

// LossChart returns the chart of the trainings with the first seed.
func LossChart(f *Facts) report.Chart {
	c := report.Chart{Title: "Training loss, first seed", X: "step", Y: "cross-entropy"}
	styles := f.styles()
	for i, row := range f.Rows {
		if len(row.Losses) > 0 {
			x, y := row.Losses[0].smooth()
			c.Lines = append(c.Lines, report.Line{Name: row.Title, Style: styles[i], X: x, Y: y})
		}
	}
	return c
}

// RewardChart returns the chart of the best rewards of the searches so far.
func RewardChart(f *Facts) report.Chart {
	c := report.Chart{Title: "The best trial so far", X: "trial", Y: f.Reward.axis()}
	styles := f.styles()
	for _, s := range f.Searches {
		_, best, _ := SearchLines(f.Rows[s.Row].Title, styles[s.Row], s.Curve())
		f.Reward.scale(best.Y)
		c.Lines = append(c.Lines, best)
	}
	return c
}

// SearchLines returns the progress of a search over its trials, counted from 1: the
// rewards as points without a name, the best so far, in steps, and the entropy of the
// policy.
func SearchLines(title string, style report.Style, curve []controller.Finished) (points, best, entropy report.Line) {
	points = report.Line{Style: style, Points: true}
	best = report.Line{Name: title, Style: style}
	entropy = report.Line{Name: title, Style: style}
	for _, t := range curve {
		x := float64(t.Index + 1)
		entropy.X, entropy.Y = append(entropy.X, x), append(entropy.Y, t.Entropy)
		if !t.Result.Failed() {
			points.X, points.Y = append(points.X, x), append(points.Y, t.Result.Reward)
		}
		if n := len(best.Y); n > 0 && best.Y[n-1] < t.Best { // a step, not a slope
			best.X, best.Y = append(best.X, x), append(best.Y, best.Y[n-1])
		}
		if !math.IsNaN(t.Best) {
			best.X, best.Y = append(best.X, x), append(best.Y, t.Best)
		}
	}
	return points, best, entropy
}

// searchCharts returns the progress of the searches: rewards with the best so far,
// and the entropy of the policy.
func searchCharts(f *Facts) []report.Chart {
	if len(f.Searches) == 0 {
		return nil
	}
	rewards := report.Chart{Title: "Reward of every trial, and the best so far", X: "trial", Y: f.Reward.axis(),
		Caption: "Lines are the best so far. Points are single trials, round for the controller and square for random search. Trials that failed have none."}
	entropy := report.Chart{Title: "Entropy of the policy", X: "trial", Y: "nats per choice",
		Caption: "How undecided the controller was when it sampled a trial. Random search never decides."}
	styles := f.styles()
	for _, s := range f.Searches {
		points, best, decided := SearchLines(f.Rows[s.Row].Title, styles[s.Row], s.Curve())
		f.Reward.scale(points.Y)
		f.Reward.scale(best.Y)
		rewards.Lines = append(rewards.Lines, points, best)
		entropy.Lines = append(entropy.Lines, decided)
	}
	if shares := shareChart(f); shares != nil {
		return []report.Chart{rewards, *shares, entropy}
	}
	return []report.Chart{rewards, entropy}
}

// trialTable lists all trials of the searches, with the values that were measured
// besides.
func trialTable(f *Facts) report.Plain {
	names := map[string]bool{}
	for _, s := range f.Searches {
		for _, r := range s.Results {
			if r != nil {
				for name := range r.Values {
					names[name] = true
				}
			}
		}
	}
	values := slices.Sorted(maps.Keys(names))
	t := report.Plain{Header: slices.Concat([]string{"search", "trial", f.Reward.Shown}, values, []string{"entropy", "time"})}
	for _, s := range f.Searches {
		for _, trial := range s.Curve() {
			shown := "failed: " + trial.Result.Error
			if !trial.Result.Failed() {
				shown = f.Reward.Show(trial.Result.Reward)
			}
			line := []string{f.Rows[s.Row].Title, fmt.Sprint(trial.Index + 1), shown}
			for _, name := range values {
				cell := ""
				if v, ok := trial.Result.Values[name]; ok {
					cell = fmt.Sprintf("%.4g", v)
				}
				line = append(line, cell)
			}
			t.Rows = append(t.Rows, append(line, fmt.Sprintf("%.3f", trial.Entropy), words.Duration(trial.Result.Seconds)))
		}
	}
	return t
}

// trialOutputs lists what programs printed last in trials: in those that failed, and
// in the last ones of each search.
func trialOutputs(f *Facts) (outputs []report.Fact) {
	const most = 100
	for _, s := range f.Searches {
		curve := s.Curve()
		for i, trial := range curve {
			r := trial.Result
			if r.Output == "" || !r.Failed() && i < len(curve)-most {
				continue
			}
			name := fmt.Sprintf("%s, trial %d", f.Rows[s.Row].Title, trial.Index+1)
			if r.Note != "" {
				name += " (" + r.Note + ")"
			}
			outputs = append(outputs, report.Fact{Name: name, Value: r.Output})
		}
	}
	return outputs
}
