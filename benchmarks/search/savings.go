package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// saving is what a variant chooses, and how much more than the first one of its part and
// algorithm, by budget.
type saving struct {
	variant
	chosen, late []estimate
	gains        []estimate // paired by the seeds of the searches; empty: it is the first
	trainings    []float64  // how many more the first one would need to choose as well; less than 0: fewer; NaN: chance
}

// savings compares the variants.
func savings(c *compared, found []outcome) (all []saving) {
	of := func(v variant) *outcome {
		for i, o := range found {
			if o.Part == v.Part && o.Name == v.Name && o.Algorithm == v.Algorithm {
				return &found[i]
			}
		}
		return nil
	}
	var first saving
	for _, v := range variants(c.Shared) {
		s := saving{variant: v}
		o := of(v)
		if o == nil {
			continue
		}
		for i := range c.Budgets {
			s.chosen, s.late = append(s.chosen, estimateOf(o.Chosen[i])), append(s.late, estimateOf(o.Late[i]))
		}
		if first.Part != v.Part || first.Algorithm != v.Algorithm {
			first = s
		} else {
			base := of(first.variant)
			for i := range c.Budgets {
				var gains []float64
				for j, worth := range o.Chosen[i] {
					gains = append(gains, worth-base.Chosen[i][j])
				}
				gain := estimateOf(gains)
				s.gains, s.trainings = append(s.gains, gain), append(s.trainings, first.needs(c.Budgets, i, gain))
			}
		}
		all = append(all, s)
	}
	return all
}

// needs returns how many trainings more the search would need to choose so much better than at
// a budget, NaN where the gain is less than twice its error,
// or there is one budget. What is chosen grows with the
// logarithm of the budget, as fast as between the smallest budget and the largest.
func (s *saving) needs(budgets []int, at int, gain estimate) float64 {
	last := len(budgets) - 1
	if math.Abs(gain.mean) < 2*gain.err || gain.mean == 0 || last == 0 {
		return math.NaN()
	}
	slope := (s.chosen[last].mean - s.chosen[0].mean) / math.Log(float64(budgets[last])/float64(budgets[0]))
	return float64(budgets[at]) * gain.mean / slope
}

// saved writes how many trainings a variant saves.
func saved(trainings float64) string {
	if math.IsNaN(trainings) {
		return "chance"
	}
	return fmt.Sprintf("%+.0f", trainings)
}

// print prints the variants.
func (c *compared) print(out io.Writer, found []outcome) {
	fmt.Fprintf(out, "%d searches of each variant of ppo, %d of the others; trainings with one seed share %.2f of their luck, as measured, or %.2f; ± is the standard error\n", c.Searches, cheap*c.Searches, c.Shared, hypothetical)
	fmt.Fprintln(out, "by budget: worth of the chosen pattern, mean worth of the last third; how much better than the first variant is chosen, paired, and the trainings which that saves")
	part := ""
	for _, s := range savings(c, found) {
		if title := fmt.Sprintf("%s, %s", s.Algorithm, s.Part); title != part {
			part = title
			fmt.Fprintf(out, "\n%s\n", part)
		}
		fmt.Fprintf(out, "%-46s", s.Name)
		for i, n := range c.Budgets {
			fmt.Fprintf(out, "  %d: %.4f ± %.4f, %.4f", n, s.chosen[i].mean, s.chosen[i].err, s.late[i].mean)
			if s.gains != nil {
				fmt.Fprintf(out, "; %+.4f ± %.4f, %s", s.gains[i].mean, s.gains[i].err, saved(s.trainings[i]))
			}
		}
		fmt.Fprintln(out)
	}
}

// Savings is the table of what sparing measures are worth, in points.
func (p *page) Savings() string {
	return p.variants.table(p.varied, "luck of a seed", func(s saving) bool { return s.Part == asMeasured || s.Part == mostShared })
}

// table has what was found with the variants of some parts.
func (c *compared) table(found []outcome, part string, of func(s saving) bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | algorithm | variant |", part)
	for _, n := range c.Budgets {
		fmt.Fprintf(&b, " %d trials | saves |", n)
	}
	b.WriteString("\n|---|---|---|" + strings.Repeat("---|---|", len(c.Budgets)) + "\n")
	for _, s := range savings(c, found) {
		if !of(s) {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s |", s.Part, s.Algorithm, s.Name)
		for i := range c.Budgets {
			if s.gains == nil {
				fmt.Fprintf(&b, " %.1f ± %.1f | |", 100*s.chosen[i].mean, 100*s.chosen[i].err)
			} else {
				fmt.Fprintf(&b, " %+.2f ± %.2f | %s |", 100*s.gains[i].mean, 100*s.gains[i].err, saved(s.trainings[i]))
			}
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Shared is the part of the luck that trainings with one seed have in common, as measured.
func (p *page) Shared() float64 { return p.variants.Shared }

// Blocks is the table of what it is worth to choose for several blocks at once, in points.
func (p *page) Blocks() string {
	return p.variants.table(p.varied, "network", func(s saving) bool { return s.Part == oneBlock || s.Part == manyBlocks })
}
