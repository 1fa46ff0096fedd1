package bench

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/runfolder"
)

// curvePoints is how many points a curve is thinned to.
const curvePoints = 80

// lossLine returns the mean of the loss curves of a method's seeds, and a band
// around it: the 95 % interval of the mean from three seeds on, both curves for
// two. The mean ends where the shortest curve does; seeds that have not come far
// are left out where others have finished.
func lossLine(m Method, style report.Style, curves []lossCurve) report.Line {
	line := report.Line{Name: m.Title, Style: style}
	var smooth []Curve
	finished := false
	for _, c := range curves {
		finished = finished || c.total > 0 && len(c.losses) == c.total
	}
	for _, c := range curves {
		if len(c.losses) == 0 || finished && len(c.losses) < c.total {
			continue
		}
		smooth = append(smooth, Smooth(m.Title, c.losses, window(c.total)))
	}
	if len(smooth) == 0 {
		return line
	}
	shortest := smooth[0]
	for _, c := range smooth {
		if len(c.X) < len(shortest.X) {
			shortest = c
		}
	}
	line.X = shortest.X
	values := make([]float64, len(smooth))
	for i := range line.X {
		for j, c := range smooth {
			values[j] = c.Y[i]
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

// window is how many steps of a training become one point of its curve.
func window(total int) int { return max(1, (total+curvePoints-1)/curvePoints) }

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
func lossCharts(lines []report.Line, seeds int) (all, each []report.Chart) {
	if len(lines) == 0 {
		return nil, nil
	}
	chart := report.Chart{Title: "Training loss", X: "step", Y: "cross-entropy", Caption: "One seed for each row."}
	switch {
	case seeds == 2:
		chart.Caption = "Lines are means of two seeds. Below, the two are the edges of each row's band, before the other rows' means."
	case seeds > 2:
		chart.Caption = fmt.Sprintf("Lines are means of %d seeds. Below, each row has the 95 %% interval of its mean as a band, before the other rows' means.", seeds)
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

// searchCharts returns the progress of the searches: rewards with the best so far,
// and the entropy of the policy.
func searchCharts(searches []searchRecord, style func(Method) report.Style, about *About) []report.Chart {
	if len(searches) == 0 {
		return nil
	}
	rewards := report.Chart{Title: "Reward of every trial, and the best so far", X: "trial", Y: fmt.Sprintf("%s on the %s", about.Trial.Reward, about.Reward.Where),
		Caption: "Lines are the best so far. Points are single trials, round for the controller and square for random search. Trials that failed have none."}
	entropy := report.Chart{Title: "Entropy of the policy", X: "trial", Y: "nats per choice",
		Caption: "How undecided the controller was when it sampled a trial. Random search never decides."}
	for _, s := range searches {
		look := style(s.method)
		points := report.Line{Style: look, Points: true}
		best := report.Line{Name: s.method.Title, Style: look}
		decided := report.Line{Name: s.method.Title, Style: look}
		for _, p := range s.Curve() {
			x := float64(p.Index + 1)
			decided.X, decided.Y = append(decided.X, x), append(decided.Y, p.Entropy)
			if !p.Result.Failed() {
				points.X, points.Y = append(points.X, x), append(points.Y, p.Result.Reward)
			}
			if n := len(best.Y); n > 0 && best.Y[n-1] < p.Best { // a step, not a slope
				best.X, best.Y = append(best.X, x), append(best.Y, best.Y[n-1])
			}
			if !math.IsNaN(p.Best) {
				best.X, best.Y = append(best.X, x), append(best.Y, p.Best)
			}
		}
		rewards.Lines = append(rewards.Lines, points, best)
		entropy.Lines = append(entropy.Lines, decided)
	}
	return []report.Chart{rewards, entropy}
}

// trialTable lists all trials of the searches.
func trialTable(searches []searchRecord, reward Reward) report.Trials {
	t := report.Trials{Header: []string{"search", "trial", reward.Shown, "entropy", "time"}}
	for _, s := range searches {
		for _, p := range s.Curve() {
			shown := "failed: " + p.Result.Error
			if !p.Result.Failed() {
				shown = reward.Show(p.Result.Reward)
			}
			t.Rows = append(t.Rows, []string{s.method.Title, fmt.Sprint(p.Index + 1), shown,
				fmt.Sprintf("%.3f", p.Entropy), Duration(p.Result.Seconds)})
		}
	}
	return t
}
