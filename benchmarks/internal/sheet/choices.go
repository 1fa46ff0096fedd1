package sheet

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/statistics"
	"autodropout/benchmarks/internal/words"
)

// Feature is something that the trials of a search differ in: a choice, or what follows
// from several.
type Feature struct {
	Name   string
	Values []float64                      // by index of the trial; NaN: it does not count there
	Apart  bool                           // values are kinds, not amounts
	Label  func(low, high float64) string // of a range of values, or of one
}

// fewTrials is below how many trials nothing is said of what mattered.
const fewTrials = 12

// classes divides trials by a feature: by its value where values are kinds or at most
// three, else in thirds; where it does not count they are a class of their own. The labels
// are those of the classes.
func (f *Feature) classes(values []float64) (classes []int, labels []string) {
	var sorted []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			sorted = append(sorted, v)
		}
	}
	slices.Sort(sorted)
	distinct := slices.Compact(slices.Clone(sorted))
	var ends []float64 // the largest value of each class
	if f.Apart || len(distinct) <= 3 {
		ends = distinct
	} else {
		for _, third := range []int{1, 2, 3} {
			ends = append(ends, sorted[(len(sorted)*third+2)/3-1])
		}
		ends = slices.Compact(ends)
	}
	low := math.Inf(-1)
	for _, end := range ends {
		first := slices.IndexFunc(distinct, func(v float64) bool { return v > low })
		labels = append(labels, f.Label(distinct[first], end))
		low = end
	}
	idle := false
	for _, v := range values {
		at := slices.IndexFunc(ends, func(end float64) bool { return v <= end })
		if at < 0 {
			at, idle = len(ends), true
		}
		classes = append(classes, at)
	}
	if idle {
		labels = append(labels, "where it does not count")
	}
	return classes, labels
}

// importance says of a search which choices its rewards went with: the share of their
// variance that a choice explains by itself, where they were best, and whether that may be
// chance, corrected for the number of choices.
func importance(f *Facts, s Search) (t report.Plain) {
	var trials []int
	var rewards []float64
	for _, trial := range s.Curve() {
		if !trial.Result.Failed() {
			trials, rewards = append(trials, trial.Index), append(rewards, trial.Result.Reward)
		}
	}
	if len(trials) < fewTrials {
		return t
	}
	type line struct {
		statistics.Estimate
		name, best string
	}
	var lines []*line
	for _, feature := range s.Features {
		values := make([]float64, len(trials))
		for i, trial := range trials {
			values[i] = feature.Values[trial]
		}
		classes, labels := feature.classes(values)
		if len(labels) < 2 {
			continue
		}
		l := &line{name: feature.Name}
		share, p := statistics.Explained(classes, rewards)
		l.Value, l.P = share, p
		best := math.Inf(-1)
		for c, label := range labels {
			sum, n := 0.0, 0.0
			for i, r := range rewards {
				if classes[i] == c {
					sum, n = sum+r, n+1
				}
			}
			if sum/n > best {
				best = sum / n
				l.best = fmt.Sprintf("%s (%s)", label, f.Reward.Show(best))
			}
		}
		lines = append(lines, l)
	}
	estimates := make([]*statistics.Estimate, len(lines))
	for i, l := range lines {
		estimates[i] = &l.Estimate
	}
	statistics.Holm(estimates)
	slices.SortStableFunc(lines, func(a, b *line) int { return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.P, b.P)) })
	t.Header = []string{"“" + f.Rows[s.Row].Title + "”: choice", "explains", "best " + f.Reward.Shown + " (mean)", "chance?"}
	const most = 8
	for _, l := range lines[:min(most, len(lines))] {
		sure := fmt.Sprintf("may be chance (p = %.2g)", l.Corrected)
		if l.Corrected < 0.05 {
			sure = fmt.Sprintf("hardly (p = %.2g)", l.Corrected)
		}
		t.Rows = append(t.Rows, []string{l.name, fmt.Sprintf("%.0f %%", 100*max(0, l.Value)), l.best, sure})
	}
	return t
}

// importances returns a table for each search, and sentences about how far to trust them.
func importances(f *Facts) (tables []report.Plain, note string) {
	var few []string
	for _, s := range f.Searches {
		if len(s.Features) == 0 || len(s.Curve()) == 0 {
			continue
		}
		if t := importance(f, s); len(t.Rows) > 0 {
			tables = append(tables, t)
		} else {
			few = append(few, fmt.Sprintf("“%s” (%s)", f.Rows[s.Row].Title, words.Count(len(s.Curve()), "trial", "trials")))
		}
	}
	if len(tables) > 0 {
		note = "Which share of the differences between the rewards each choice explains by itself, by the trials of a search divided in up to three classes, less what as many classes explain by chance. " +
			"The p-values are corrected for the number of choices. Choices that go together are not told apart, and a search that learns tries few values of what it has decided."
	}
	if len(few) > 0 {
		note = strings.TrimSpace(note + fmt.Sprintf(" Too few trials to tell which choices mattered, of at least %d that succeed: %s.", fewTrials, words.And(few)))
	}
	return tables, note
}

// shareChart draws the rewards of all trials against the share that they drop.
func shareChart(f *Facts) *report.Chart {
	c := &report.Chart{Title: "Reward against the share dropped", X: "share dropped, mean over the network, %", Y: f.Reward.axis(), Measured: true,
		Caption: "A point is a trial: where its pattern drops more, does it do better? Shares are expectations over a whole training."}
	styles := f.styles()
	for _, s := range f.Searches {
		line := report.Line{Name: f.Rows[s.Row].Title, Style: styles[s.Row], Points: true}
		for _, t := range s.Curve() {
			if !t.Result.Failed() && t.Index < len(s.Dropped) {
				line.X, line.Y = append(line.X, 100*s.Dropped[t.Index]), append(line.Y, f.Reward.onAxis(t.Result.Reward))
			}
		}
		if len(line.X) > 0 {
			c.Lines = append(c.Lines, line)
		}
	}
	if len(c.Lines) == 0 {
		return nil
	}
	return c
}

// foundTable says of each search what it found and what that drops.
func foundTable(f *Facts) (t report.Plain) {
	t.Header = []string{"search", "trials", f.Reward.Shown, "what is dropped, where"}
	for _, s := range f.Searches {
		curve := s.Curve()
		if s.Found == "" || len(curve) == 0 {
			continue
		}
		t.Rows = append(t.Rows, []string{f.Rows[s.Row].Title, fmt.Sprint(len(curve)), f.Reward.Show(s.Reward), s.Found})
	}
	return t
}
