package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"

	"autodropout/benchmarks/internal/statistics"
	"autodropout/benchmarks/internal/usage"
)

// claim is what a run says of a row: how much better it is than none, than a fresh random
// pattern at each step, and than the best other row. Estimates without values are of rows that
// the run has not.
type claim struct {
	seed        string // the run's setting
	decimals    int    // of the metric
	none, fresh statistics.Estimate
	other       statistics.Estimate
	best        string // the other row
	known       bool   // there is an interval for each row that the run has
}

// holds reports whether the row is surely better than none and fresh, and not surely worse
// than the best other row.
func (c *claim) holds() bool {
	return c.known && !(c.none.Low <= 0) && !(c.fresh.Low <= 0) && !(c.other.High < 0)
}

// claims compares a row with the others of its run, run by run.
func claims(runs []*run, method string) (all []claim, err error) {
	for _, r := range runs {
		g := &group{}
		if g.higher = r.higher(""); r.result != nil {
			g.higher = r.higher(r.result.Metric)
		}
		at := slices.IndexFunc(r.rows, func(x *row) bool { return x.method == method })
		if at < 0 {
			return nil, usage.Errorf("-claims %s: the run %s has no such row", method, r.name)
		}
		of := r.rows[at]
		c := claim{seed: r.settings["seed"], decimals: r.decimals(), none: statistics.Mean(nil), fresh: statistics.Mean(nil), other: statistics.Mean(nil), known: true}
		gain := func(than *row) statistics.Estimate {
			e, _ := g.gain(of, than)
			if of.diverged+than.diverged > 0 || math.IsNaN(e.Low) {
				c.known = false
			}
			return e
		}
		var best *row
		mean := math.Inf(1)
		for _, x := range r.rows {
			m := statistics.Mean(x.values()).Value
			if g.higher {
				m = -m
			}
			switch {
			case x == of:
			case x.method == "none":
				c.none = gain(x)
			case x.method == "fresh":
				c.fresh = gain(x)
			case m < mean:
				best, mean = x, m
			}
		}
		if best != nil {
			c.other, c.best = gain(best), best.method
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b claim) int {
		x, _ := strconv.Atoi(a.seed)
		y, _ := strconv.Atoi(b.seed)
		return cmp.Compare(x, y)
	})
	return all, nil
}

// writeClaims prints what the runs say of a row, and for how many of them all of it holds.
func writeClaims(w io.Writer, runs []*run, method string) error {
	all, err := claims(runs, method)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "The row %s against others of its run: mean difference and half of its 95 %% interval (Student's t), paired by seed.\n", method)
	fmt.Fprintf(w, "Positive: %s is better. The claim holds if it is better than none and fresh beyond the interval, and not worse than\nthe best other row beyond the interval.\n\n", method)
	half := func(c claim, e statistics.Estimate) string {
		switch {
		case e.N == 0:
			return "-"
		case math.IsNaN(e.Low):
			return fmt.Sprintf("%.*f, one seed", c.decimals, e.Value)
		}
		return fmt.Sprintf("%.*f ± %.*f", c.decimals, e.Value, c.decimals, (e.High-e.Low)/2)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "seed\tnone\tfresh\tbest other row\t\tholds")
	hold := 0
	for _, c := range all {
		verdict := "no"
		switch {
		case c.holds():
			verdict, hold = "yes", hold+1
		case !c.known:
			verdict = "not known"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", c.seed, half(c, c.none), half(c, c.fresh), half(c, c.other), c.best, verdict)
	}
	t.Flush()
	_, err = fmt.Fprintf(w, "\n%d of %d\n", hold, len(all))
	return err
}
