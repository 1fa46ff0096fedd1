package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/statistics"
	"autodropout/benchmarks/internal/words"
)

// outcome is what the final trainings of a run say.
type outcome struct {
	none, hand, random, learned *row   // the best of their kinds; nil where there is none
	why                         string // hand and learned are these
	gains                       []gain // of the learned row
}

// gain is how much better the best learned row is than another one.
type gain struct {
	over *row
	statistics.Estimate
}

// outcome picks the best rows of their kinds and compares.
func (r *run) outcome() outcome {
	o := outcome{none: r.row("none"), random: r.row("random")}
	var why string
	o.hand, o.why = r.pick("hand-made", sheet.HandMade)
	o.learned, why = r.pick("learned", sheet.Learned, sheet.Given)
	o.why += " " + why
	for i := range r.rows {
		if other := &r.rows[i]; o.learned != nil && other != o.learned {
			o.gains = append(o.gains, gain{other, r.gain(o.learned, other)})
		}
	}
	var all []*statistics.Estimate
	for i := range o.gains {
		all = append(all, &o.gains[i].Estimate)
	}
	statistics.Holm(all)
	return o
}

// pick returns the best row of some kinds, and why it is that one. It goes by rewards
// on validation data: a look at the test values would favour the luckiest.
func (r *run) pick(name string, of ...sheet.Kind) (best *row, why string) {
	var candidates []*row
	for i := range r.rows {
		if at := &r.rows[i]; slices.Contains(of, at.kind) && len(at.scores) > 0 {
			candidates = append(candidates, at)
		}
	}
	switch len(candidates) {
	case 0:
		return nil, fmt.Sprintf("No %s row has a final training yet.", name)
	case 1:
		return candidates[0], fmt.Sprintf("“%s” is the only %s row with final trainings.", candidates[0].title, name)
	}
	var unknown []string
	highest := math.Inf(-1)
	for _, at := range candidates {
		switch reward, ok := r.validation(at.key); {
		case !ok:
			unknown = append(unknown, "“"+at.title+"”")
		case reward > highest:
			best, highest = at, reward
		}
	}
	if best == nil {
		return nil, fmt.Sprintf("None of the %s rows has a log of validation rewards, so none can be called the best.", name)
	}
	why = fmt.Sprintf("The best %s row by validation is “%s”, with a reward of %.4f.", name, best.title, highest)
	if len(unknown) > 0 {
		why += fmt.Sprintf(" Without a log of validation rewards, %s could not be chosen.", words.And(unknown))
	}
	return best, why
}

// validation returns the reward by which a row is chosen: that of its best rate or
// pattern, in this run or in the one that it builds on.
func (r *run) validation(key string) (reward float64, ok bool) {
	s := r.search(key)
	if s == nil && r.from != nil {
		s = r.from.search(key)
	}
	if s == nil {
		return 0, false
	}
	_, reward, ok = s.best()
	return reward, ok
}

// gain estimates how much better row a is than row b, by the seeds that both have:
// the same seed gives the same first weights and the same order of the data.
func (r *run) gain(a, b *row) statistics.Estimate {
	var differences []float64
	for seed := range r.Seeds {
		x, ok := a.scores[seed]
		y, both := b.scores[seed]
		if !ok || !both || a.diverged+b.diverged > 0 {
			continue
		}
		if r.higher {
			x, y = y, x
		}
		differences = append(differences, y-x)
	}
	return statistics.Mean(differences)
}

// over returns the gain over a row; without an interval where there is no row.
func (o *outcome) over(rival *row) statistics.Estimate {
	for _, g := range o.gains {
		if g.over == rival {
			return g.Estimate
		}
	}
	return statistics.Mean(nil)
}

// answer says whether the best learned row beats the best hand-made one and
// random search. That it beats both is one claim, for which p needs no correction.
// A yes names the other hand-made rows that are not beaten: the best one may have
// been chosen on another network.
func (r *run) answer(o outcome) string {
	if o.learned == nil {
		return "**Not known.** " + o.why
	}
	word := "Yes"
	var parts []string
	against := func(rival *row, name string) {
		verb := "beats"
		switch e := o.over(rival); {
		case math.IsNaN(e.Low):
			verb = "has no interval against"
			if word == "Yes" {
				word = "Not known"
			}
		case e.High < 0:
			word, verb = "No", "is worse than"
		case !(e.Low > 0):
			word, verb = "No", "cannot be told from"
		}
		parts = append(parts, verb+" "+name)
	}
	against(o.hand, "the best hand-made row")
	if o.random != nil {
		against(o.random, "random search")
	}
	text := fmt.Sprintf("**%s.** “%s” %s.", word, o.learned.title, words.And(parts))
	if word != "Yes" {
		return text
	}
	if unbeaten := o.unbeaten(); len(unbeaten) > 0 {
		text += fmt.Sprintf(" It is not shown to beat every hand-made row: %s may be as good.", words.And(unbeaten))
	}
	return text
}

// unbeaten names the hand-made rows that the best learned row is not shown to beat.
func (o *outcome) unbeaten() (names []string) {
	for _, g := range o.gains {
		if g.over.kind == sheet.HandMade && !(g.Low > 0) {
			names = append(names, "“"+g.over.title+"”")
		}
	}
	return names
}

// sentence says how row a compares with row b.
func (r *run) sentence(a, b *row, e statistics.Estimate) string {
	x, y := "“"+a.title+"”", "“"+b.title+"”"
	switch {
	case a.diverged+b.diverged > 0:
		return fmt.Sprintf("%s and %s are not compared, since a training diverged.", x, y)
	case e.N < 2:
		return fmt.Sprintf("%s and %s have %s in common, too few for an interval.", x, y, words.Count(e.N, "seed", "seeds"))
	}
	verb, low, high := "is better than", e.Low, e.High
	switch {
	case !e.Sure():
		verb = "cannot be told from"
	case e.High < 0:
		verb, low, high = "is worse than", -e.High, -e.Low
	}
	distance := strings.TrimSpace(statistics.Number((low+high)/2, "%.2f") + " " + r.points)
	return fmt.Sprintf("%s %s %s: a difference of %s (95 %% interval %s to %s, %d paired seeds, p-value %s).",
		x, verb, y, distance, statistics.Number(low, "%.2f"), statistics.Number(high, "%.2f"), e.N, statistics.Chance(e.P))
}
