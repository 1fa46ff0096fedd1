package main

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/statistics"
	"autodropout/benchmarks/internal/usage"
)

// comparison is what is said of all runs.
type comparison struct {
	Skipped []string
	Groups  []*group
	runs    []*run
}

// group are rows with one metric on one set: those that can be compared.
type group struct {
	Dataset, Split, Metric, Unit string

	Entries []*entry // the best one first
	Against *entry   // nil: no row has a score that counts
	Chosen  bool     // Against was asked for, not found to be the best
	Differs []string // settings that are not the same in all of its runs
	Same    int      // settings that are
	Runs    []*run
	higher  bool

	decimals int // of the metric
}

// entry is a row and how it compares.
type entry struct {
	*row
	Mean   statistics.Estimate
	Gain   statistics.Estimate // how much better than Against; N is 0 where nothing can be said
	Paired bool                // by seeds; otherwise the two have nothing in common
}

// upward are the programs whose metrics are BLEU and accuracies.
var upward = []string{"finetune", "imagenet", "imagenetssl", "iwslt", "wmt"}

// higher reports whether a run's metric is better the higher it is: BLEU and accuracies, and what the
// settings of a program outside say. A run that has not ended does not name its metric.
func (r *run) higher(metric string) bool {
	if r.program == "external" {
		return r.settings["lower"] != "true"
	}
	return strings.HasSuffix(metric, "BLEU") || strings.HasSuffix(metric, "accuracy") || slices.Contains(upward, r.program)
}

// decimals is with how many the run's metric is written.
func (r *run) decimals() int {
	const usual = 2
	if r.result == nil {
		return usual
	}
	return cmp.Or(r.result.Decimals, usual)
}

// newComparison compares all rows of a group with one of them.
func newComparison(runs []*run, against string) (*comparison, error) {
	c := &comparison{runs: runs}
	byKey := map[[4]string]*group{}
	for _, r := range runs {
		key := r.measured(runs)
		g := byKey[key]
		if g == nil {
			g = &group{Dataset: key[0], Split: key[1], Metric: key[2], Unit: key[3]}
			g.higher = r.higher(g.Metric)
			byKey[key], c.Groups = g, append(c.Groups, g)
		}
		g.Runs = append(g.Runs, r)
		g.decimals = max(g.decimals, r.decimals())
		for _, x := range r.rows {
			g.Entries = append(g.Entries, &entry{row: x, Mean: statistics.Mean(x.values())})
		}
	}
	found := false
	for _, g := range c.Groups {
		g.order()
		g.differ()
		for _, e := range g.Entries {
			if e.id() == against {
				g.Against, g.Chosen, found = e, true, true
			}
		}
		g.compare()
	}
	if against != "" && !found {
		return nil, usage.Errorf("-against %q is no row of these runs: take RUN/METHOD, such as %s", against, c.anyRow())
	}
	return c, nil
}

func (c *comparison) anyRow() string {
	for _, g := range c.Groups {
		if len(g.Entries) > 0 {
			return g.Entries[0].id()
		}
	}
	return "a run that has finished a training"
}

// rows counts the rows.
func (c *comparison) rows() (n int) {
	for _, g := range c.Groups {
		n += len(g.Entries)
	}
	return n
}

// measured returns data, split, metric and unit of a run. One that has not ended does not say them: it is
// put to those that have the same program and the same -data.
func (r *run) measured(all []*run) [4]string {
	for _, other := range append([]*run{r}, all...) {
		if o := other.result; o != nil && (other == r || other.program == r.program && other.settings["data"] == r.settings["data"]) {
			return [4]string{o.Dataset, o.Split, o.Metric, o.Unit}
		}
	}
	return [4]string{r.settings["data"], "", strings.TrimSpace("the metric of " + r.program), ""}
}

// order puts the best mean first, and rows without one last.
func (g *group) order() {
	slices.SortStableFunc(g.Entries, func(a, b *entry) int {
		x, y := a.Mean.Value, b.Mean.Value
		if a.Mean.N == 0 || b.Mean.N == 0 {
			return cmp.Compare(b.Mean.N, a.Mean.N)
		}
		if g.higher {
			x, y = y, x
		}
		return cmp.Compare(x, y)
	})
	for _, e := range g.Entries {
		// One that has several seeds is taken where there is one: over others there are no intervals.
		if e.Mean.N > 0 && e.diverged == 0 && (g.Against == nil || g.Against.Mean.N == 1 && e.Mean.N > 1) {
			g.Against = e
		}
	}
}

// compare estimates how much better every row is than Against.
func (g *group) compare() {
	var all []*statistics.Estimate
	for _, e := range g.Entries {
		e.Gain = statistics.Mean(nil)
		if g.Against == nil || e == g.Against || e.diverged+g.Against.diverged > 0 || e.Mean.N == 0 {
			continue
		}
		e.Gain, e.Paired = g.gain(e.row, g.Against.row)
		all = append(all, &e.Gain)
	}
	statistics.Holm(all)
}

// gain estimates how much better row a is than b: by the seeds that both have where their runs
// begin from the same numbers, otherwise as two samples.
func (g *group) gain(a, b *row) (e statistics.Estimate, paired bool) {
	sign := -1.0
	if g.higher {
		sign = 1
	}
	if a.run.settings["seed"] != b.run.settings["seed"] {
		x, y := a.values(), b.values()
		for _, values := range [][]float64{x, y} {
			for i := range values {
				values[i] *= sign
			}
		}
		return statistics.Apart(x, y), false
	}
	var differences []float64
	for _, seed := range slices.Sorted(maps.Keys(a.scores)) {
		if other, ok := b.scores[seed]; ok {
			differences = append(differences, sign*(a.scores[seed]-other))
		}
	}
	return statistics.Mean(differences), true
}

// differ finds the settings that not all runs have alike.
func (g *group) differ() {
	values := map[string]map[string]bool{}
	for _, r := range g.Runs {
		for key := range r.settings {
			values[key] = map[string]bool{}
		}
	}
	for key := range values {
		for _, r := range g.Runs {
			values[key][r.settings[key]] = true
		}
		if len(values[key]) > 1 {
			g.Differs = append(g.Differs, key)
		} else {
			g.Same++
		}
	}
	slices.Sort(g.Differs)
}

// verdict says what a comparison shows.
func (g *group) verdict(e *entry) string {
	switch p := e.Gain.Corrected; {
	case e == g.Against:
		return "compared with"
	case e.diverged > 0:
		return "a training diverged"
	case g.Against != nil && g.Against.diverged > 0:
		return "the other one diverged"
	case e.Mean.N == 0:
		return "nothing has finished"
	case math.IsNaN(p) && e.Paired && e.Gain.N == 1:
		return "one seed has no interval"
	case math.IsNaN(p):
		return "too few seeds"
	case p >= 0.05:
		return "cannot be told apart"
	case e.Gain.Value > 0:
		return "better"
	}
	return "worse"
}

// status says how far a run is.
func (r *run) status() string {
	if r.result == nil {
		return "has not ended"
	}
	return "ended " + r.result.Date
}
