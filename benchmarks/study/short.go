package main

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/words"
)

// short adds what a reader sees first: three sentences, a table and a picture.
func (p *page) short(runs []*run) {
	p.say("# Do learned dropout patterns pay?")
	p.say("%s %s %s", handMade(runs).sentence("the best hand-made dropout"), random(runs).sentence("random search"), extent(runs))
	p.say("%s", summarise(runs, false))
	const file = "gains.svg"
	chart := gains(runs)
	p.figures[file] = chart.SVG()
	p.say("![%s](study/%s)", chart.Title, file)
}

// standing says in which settings the best learned pattern beats a rival.
type standing struct {
	all                          int // settings that have the rival
	beats, alike, worse, unknown []string
}

func stand(runs []*run, rival func(o outcome) *row) (s standing) {
	for _, r := range runs {
		o := r.outcome()
		if rival(o) == nil {
			continue
		}
		s.all++
		name := r.dataset + " with " + r.model()
		switch e := o.over(rival(o)); {
		case math.IsNaN(e.Low):
			s.unknown = append(s.unknown, name)
		case e.Low > 0:
			s.beats = append(s.beats, name)
		case e.High < 0:
			s.worse = append(s.worse, name)
		default:
			s.alike = append(s.alike, name)
		}
	}
	return s
}

// handMade says how the best learned patterns stand beside the best hand-made dropout.
func handMade(runs []*run) standing {
	return stand(runs, func(o outcome) *row { return o.hand })
}

// random says how they stand beside random search.
func random(runs []*run) standing {
	return stand(runs, func(o outcome) *row { return o.random })
}

// sentence says which settings are which.
func (s standing) sentence(rival string) string {
	var parts []string
	for _, part := range []struct {
		verb  string
		names []string
	}{{"is better", s.beats}, {"cannot be told from it", s.alike}, {"is worse", s.worse}, {"is not compared yet", s.unknown}} {
		if len(part.names) > 0 {
			parts = append(parts, fmt.Sprintf("%s in %d (%s)", part.verb, len(part.names), words.And(part.names)))
		}
	}
	if parts == nil {
		return fmt.Sprintf("No setting has final trainings with %s yet.", rival)
	}
	return fmt.Sprintf("Compared with %s in %s, the best learned pattern %s.", rival, words.Count(s.all, "setting", "settings"), words.And(parts))
}

// extent says in a sentence how large the study is.
func extent(runs []*run) string {
	seeds, fewest, most := math.MaxInt, math.MaxInt, 0
	for _, r := range runs {
		seeds = min(seeds, r.Seeds)
		for _, s := range r.searches {
			if s.row.kind.Searched() {
				fewest, most = min(fewest, len(s.trials)), max(most, len(s.trials))
			}
		}
	}
	text := fmt.Sprintf("The plan has at least %s of each row", words.Count(seeds, "seed", "seeds"))
	if most > 0 {
		text += fmt.Sprintf(" and one search of each kind, which tries %d to %d patterns", fewest, most)
	}
	return text + "; [the claim](claim.md) puts the question to larger searches, by [a protocol](protocol.md) that was fixed beforehand."
}

// gains draws by how much the best learned row of each run is better than its best
// hand-made row and than random search, in percent of theirs.
func gains(runs []*run) report.Chart {
	chart := report.Chart{Title: "Gain of the best learned pattern, in percent of its rival's metric, with intervals of 95 %", X: "%", Y: "comparison", Measured: true}
	for _, r := range runs {
		o := r.outcome()
		for _, against := range []struct {
			name  string
			rival *row
		}{{"hand-made", o.hand}, {"random", o.random}} {
			if against.rival == nil {
				continue
			}
			e := o.over(against.rival)
			if math.IsNaN(e.Low) {
				continue
			}
			percent := 100 / stat.Mean(against.rival.values(), nil)
			chart.Interval(r.model()+": "+against.name, percent*e.Low, percent*e.Value, percent*e.High)
		}
	}
	return chart
}

// brief returns the part of the README: a table, and what it says.
func brief(runs []*run) string {
	const width = 120 // letters of a line of the README
	hand, random := handMade(runs), random(runs)
	text := fmt.Sprintf("The learned pattern beats the best hand-made dropout in %d of %s and random search in %d of %d; it loses to them in %d and %d.",
		len(hand.beats), words.Count(hand.all, "setting", "settings"), len(random.beats), random.all, len(hand.worse), len(random.worse))
	var carried []string
	for _, r := range runs {
		if r.source != "" {
			carried = append(carried, r.model())
		}
	}
	if carried != nil {
		text += fmt.Sprintf(" %s have that of another setting.", words.And(carried))
	}
	for _, r := range runs {
		if o := r.outcome(); len(o.unbeaten()) > 0 && o.over(o.hand).Low > 0 {
			text += fmt.Sprintf(" On %s, %s may be as good.", r.model(), words.And(o.unbeaten()))
		}
	}
	return summarise(runs, true) + "\n\n" + words.Wrap(text, width)
}
