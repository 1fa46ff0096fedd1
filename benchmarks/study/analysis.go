package main

import (
	"bytes"
	"fmt"
	"image/png"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/statistics"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller"
	"autodropout/dropout"
)

// analysis says what the searches of a run found, and how.
func (p *page) analysis(r *run) error {
	var searches []*search // those of patterns
	for _, s := range r.searches {
		if !s.tuned() && len(s.allRewards()) > 0 {
			searches = append(searches, s)
		}
	}
	if len(searches) > 0 {
		p.say("### What the searches found")
		p.equalBudget(searches)
		p.curves(r, searches)
		for _, s := range searches {
			if s.row.kind == sheet.Learned {
				p.tokens(s)
			}
		}
		p.ablations(r)
	}
	if err := p.winner(r); err != nil {
		return err
	}
	if err := p.strength(r); err != nil {
		return err
	}
	p.noise(r)
	return nil
}

// equalBudget compares searches after as many trials as all of them have.
func (p *page) equalBudget(searches []*search) {
	budget := math.MaxInt
	var uniform *search
	for _, s := range searches {
		budget = min(budget, len(s.trials))
		if s.row.kind == sheet.Random {
			uniform = s
		}
	}
	third := budget / 3
	var rows [][]string
	learners := map[string][]string{} // by what their last third shows
	for _, s := range searches {
		all, first, last := s.rewards(0, budget), s.rewards(0, third), s.rewards(budget-third, budget)
		cells := []string{s.row.title, "", statistics.Number(stat.Mean(all, nil), "%.4f"), statistics.Number(stat.Mean(first, nil), "%.4f"), statistics.Number(stat.Mean(last, nil), "%.4f"), ""}
		if len(all) > 0 {
			cells[1] = fmt.Sprintf("%.4f", slices.Max(all))
		}
		if uniform != nil && s != uniform {
			e := statistics.Apart(last, uniform.rewards(0, budget))
			cells[5] = e.Difference("%+.4f")
			if s.row.kind == sheet.Learned {
				shown := lastThird(e)
				learners[shown] = append(learners[shown], "“"+s.row.title+"”")
			}
		}
		rows = append(rows, cells)
	}
	p.say("The table compares searches at an equal budget, the first %s of each. The reward is %s on validation data; higher is better.", words.Count(budget, "trial", "trials"), searches[0].config.Task.Reward)
	p.table([]string{"search", "best", "mean", "mean, first third", "mean, last third", "last third minus all of random search (95 % interval)"}, rows)
	for _, shown := range slices.Sorted(maps.Keys(learners)) {
		p.say(shown, words.And(learners[shown]))
	}
}

// lastThird says what searches tried last that differ so from random search, with %s for
// their names. Those that began near good patterns may be better without having learned.
func lastThird(e statistics.Estimate) string {
	switch {
	case math.IsNaN(e.Low):
		return "There are too few trials to compare the last third of %s with random search."
	case e.Low > 0:
		return "In the last third, better patterns than random search's were tried by %s."
	case e.High < 0:
		return "In the last third, worse patterns than random search's were tried by %s."
	}
	return "In the last third, the patterns of %s cannot be told from random search's."
}

// curves adds rewards, the best of them so far, and the entropy of the policies.
func (p *page) curves(r *run, searches []*search) {
	const window = 10
	reward := searches[0].config.Task.Reward
	rewards := report.Chart{Title: fmt.Sprintf("Reward of every trial, and the mean of the last %d", window), X: "trial", Y: reward}
	best := report.Chart{Title: "Best reward so far", X: "trial", Y: reward}
	entropy := report.Chart{Title: "Entropy of the policy", X: "trial", Y: "nats per choice"}
	var sentences []string
	looks := styles(searches)
	for i, s := range searches {
		points, mean, highest, decided := s.lines(looks[i], window)
		if s.row.kind != sheet.Ablated {
			rewards.Lines = append(rewards.Lines, points, mean)
		}
		best.Lines = append(best.Lines, highest)
		if s.config.Algorithm != controller.Random {
			entropy.Lines = append(entropy.Lines, decided)
			sentences = append(sentences, fmt.Sprintf("from %.2f to %.2f for “%s”", decided.Y[0], decided.Y[len(decided.Y)-1], s.row.title))
		}
	}
	for _, f := range []struct {
		name  string
		chart report.Chart
	}{{"rewards.svg", rewards}, {"best.svg", best}, {"entropy.svg", entropy}} {
		if len(f.chart.Lines) > 0 {
			p.figure(r, f.name, f.chart.Title, f.chart.SVG())
		}
	}
	if len(sentences) > 0 {
		p.say("The entropy of a policy says how undecided it is, in nats per choice. It went %s.", strings.Join(sentences, ", "))
	}
}

// tokens adds how often the values of each token were chosen, over all groups, in
// the first third of the trials and in the last.
func (p *page) tokens(s *search) {
	third := len(s.trials) / 3
	if third == 0 {
		return
	}
	first, last := s.counts(s.trials[:third]), s.counts(s.trials[len(s.trials)-third:])
	before, tests := make([][]float64, len(last)), make([]statistics.Estimate, len(last))
	var all []*statistics.Estimate
	for i := range tests {
		before[i] = s.atFirst(i)
		tests[i] = statistics.Estimate{P: uneven(last[i], before[i]), Corrected: math.NaN()}
		all = append(all, &tests[i])
	}
	statistics.Holm(all)
	var rows [][]string
	var learned []string
	percent := 100 / float64(third*s.space.Groups)
	for i, t := range s.space.Choices {
		if len(t.Values) < 2 {
			continue
		}
		var shares []string
		for v, value := range t.Values {
			shares = append(shares, fmt.Sprintf("%g: %.0f ← %.0f (%.0f)", value, percent*last[i][v], percent*first[i][v], 100*before[i][v]))
		}
		rows = append(rows, []string{t.Name, strings.Join(shares, "; "), statistics.Chance(tests[i].Corrected)})
		if tests[i].Corrected < 0.05 {
			learned = append(learned, t.Name)
		}
	}
	p.say("How often “%s” chose each value of a token, in percent: in the last third of its trials, in the first third, and (in brackets) before it learned anything:", s.row.title)
	p.table([]string{"token", "value: last third ← first third (before)", "corrected p"}, rows)
	verdict := "For no token does the last third differ from the shares before learning by more than chance"
	if len(learned) > 0 {
		verdict = fmt.Sprintf("The last third differs from the shares before learning by more than chance for %s", words.And(learned))
	}
	p.say("%s (chi-squared, Holm over tokens). Take this as a guide only: the choices of one trial depend on each other.", verdict)
}

// atFirst returns the shares of a token's values, over all groups, that the policy
// had before it learned anything.
func (s *search) atFirst(token int) []float64 {
	values := len(s.space.Choices[token].Values)
	if probs := s.config.StartProbs; probs != nil {
		return probs[token]
	}
	if s.config.Start == nil || values == 1 {
		return slices.Repeat([]float64{1 / float64(values)}, values)
	}
	const other = 1 - controller.StartProb
	shares := slices.Repeat([]float64{other / float64(values-1)}, values)
	for g := range s.space.Groups {
		shares[s.config.Start[g*len(s.space.Choices)+token]] += (controller.StartProb - other/float64(values-1)) / float64(s.space.Groups)
	}
	return shares
}

// counts returns how often trials chose each value of each token.
func (s *search) counts(trials []controller.Finished) [][]float64 {
	counts := make([][]float64, len(s.space.Choices))
	for i, t := range s.space.Choices {
		counts[i] = make([]float64, len(t.Values))
	}
	for _, t := range trials {
		for i, v := range t.Point {
			counts[i%len(counts)][v]++
		}
	}
	return counts
}

// ablations compares the whole space with smaller ones.
func (p *page) ablations(r *run) {
	var items []string
	whole := r.row("autodropout")
	for i := range r.rows {
		at := &r.rows[i]
		if at.kind == sheet.Ablated && whole != nil && len(at.scores)+at.diverged > 0 {
			items = append(items, r.sentence(whole, at, r.gain(whole, at)))
		}
	}
	if len(items) > 0 {
		p.say("Searches of smaller spaces show what the parts of the space contribute (these p-values are not corrected):")
		p.items(items)
	}
}

// winner shows the pattern of the best learned row.
func (p *page) winner(r *run) error {
	o := r.outcome()
	if o.learned == nil {
		return nil
	}
	s := r.search(o.learned.key)
	if s == nil || s.pattern == nil {
		return nil
	}
	drawn := report.DrawPattern(s.pattern, mapSide, dropout.Stream{})
	var image bytes.Buffer
	if err := png.Encode(&image, report.Picture(s.pattern, mapSide, dropout.Stream{})); err != nil {
		return err
	}
	header := []string{"place"}
	var rows [][]string
	for _, stage := range drawn.Stages {
		for _, l := range stage.Layers {
			cells := []string{l.Name}
			for _, fact := range l.Values {
				if len(rows) == 0 {
					header = append(header, fact.Name)
				}
				cells = append(cells, fact.Value)
			}
			rows = append(rows, append(cells, fmt.Sprintf("%.0f", 100*l.Drop)))
		}
	}
	p.say("### The pattern of “%s”", o.learned.title)
	p.say("%s", drawn.Words)
	p.table(append(header, "dropped, %"), rows)
	p.figure(r, "pattern.png", "Sample masks, a row for each place; dark cells are dropped", image.Bytes())
	return nil
}
