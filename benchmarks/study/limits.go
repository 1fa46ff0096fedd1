package main

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/statistics"
	"autodropout/benchmarks/internal/words"
)

// cost adds what the searches took.
func (p *page) cost(r *run) {
	if len(r.searches) == 0 {
		return
	}
	seconds, trainings := 0.0, 0
	for _, at := range r.rows {
		seconds += at.seconds
		trainings += len(at.scores) + at.diverged
	}
	var rows [][]string
	for _, s := range r.searches {
		all, failed := s.all(), 0
		for _, t := range all {
			if t.Result.Failed() {
				failed++
			}
		}
		rows = append(rows, []string{s.row.title, string(s.config.Algorithm), fmt.Sprintf("%d of %d", len(all), r.budget(s)), fmt.Sprint(len(s.finalists)), fmt.Sprint(failed),
			words.Duration(s.seconds), statistics.Number(s.seconds/seconds*float64(trainings), "%.1f"), statistics.Number(float64(len(all))*r.operations(s)/1e9, "%.0f")})
	}
	p.say("### What the searches cost")
	p.table([]string{"row", "algorithm", "trials", "of these repeats", "failed", "time", "in final trainings", "GFLOP"}, rows)
	p.say("Repeats train the best patterns of a search again, with other seeds. The time is the sum over trials, also in units of a final training. GFLOP counts the matrix products and convolutions, forward and backward, of training the trials. It leaves out their scoring, and networks whose steps vary in size, as in translation.")
}

// summarise returns a table with a line for each run: the page's, or the brief
// one of the README, which has means only.
func summarise(runs []*run, brief bool) string {
	header := []string{"data", "network", "metric", "none", "best hand-made", "random search", "best learned", "learned is better than hand-made by"}
	if brief {
		header = []string{"setting", "none", "hand-made", "random", "learned", "learned is better by"}
	}
	var rows [][]string
	for _, r := range runs {
		o := r.outcome()
		cells := []string{r.dataset, r.model(), r.measure()}
		if brief {
			cells = []string{strings.Join(cells, ", ")}
		}
		for _, at := range []*row{o.none, o.hand, o.random, o.learned} {
			cell := ""
			if at != nil {
				cell = at.summary(at.values())
				if brief {
					cell, _, _ = strings.Cut(cell, " ±")
				} else if at.kind == sheet.HandMade || at.kind.Controlled() {
					cell += " (" + at.title + ")"
				}
			}
			cells = append(cells, cell)
		}
		rows = append(rows, append(cells, o.over(o.hand).Difference("%+.2f")))
	}
	return words.Table(header, rows)
}

// limits says what the runs cannot show.
func (p *page) limits(runs []*run) {
	p.say("## What this does not show")
	p.say("These settings are small. With other networks, more data or longer trainings, methods may gain more or less, and another one may be the best.")
	var items []string
	for _, r := range runs {
		seeds := r.Seeds
		for _, at := range r.rows {
			seeds = min(seeds, len(at.scores))
		}
		text := fmt.Sprintf("**%s:** %s, at least %s of each row", r.title, r.length(), words.Count(seeds, "seed", "seeds"))
		for _, s := range r.searches {
			if s.row.kind == sheet.Learned {
				points, _ := new(big.Float).SetInt(s.space.Size()).Float64()
				text += fmt.Sprintf("; %s tried %d of %.0e patterns", s.row.title, len(s.trials), points)
			}
		}
		items = append(items, text+".")
	}
	if slices.ContainsFunc(runs, (*run).shorter) {
		items = append(items, "Some trials are shorter than final trainings or train another network. A pattern that pays only later, or only in the final network, can lose there.")
	}
	p.items(append(items,
		"Each search ran once. With another seed it may find a better or a worse pattern; no interval here covers that.",
		"Hand-made methods had only their rate tuned. Learning rate, weight decay and length are the same for all rows and were chosen for none of them.",
		"Intervals assume that differences are normally distributed. A few seeds cannot show whether they are.",
		"The paper published neither its controller nor its budget. A loss here is a loss of this reading of the paper, at this budget."))
}

// shorter reports whether trials are not what final trainings are.
func (r *run) shorter() bool {
	return slices.ContainsFunc(r.searches, func(s *search) bool { return s.config.Task.Network != r.model() || s.config.Task.Epochs != r.Epochs })
}

// budget returns how many trials the settings give to a search.
func (s *settings) budget(of *search) int {
	if of != nil && of.tuned() && s.TuneTrials > 0 {
		return s.TuneTrials
	}
	return s.Trials
}
