package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/controller"
)

// ranked is what the searches of a kind choose, in percent, mean over the budgets.
type ranked struct {
	kind
	estimate
}

// ranking returns the kinds that begin mildly, the best first.
func (p *page) ranking() (all []ranked) {
	for _, k := range kinds() {
		if k.begins == "mild" {
			all = append(all, ranked{k, k.values(p.curves, func(c *curve) float64 { return 100 * stat.Mean(c.Chosen, nil) })})
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(b.mean, a.mean) })
	return all
}

// Ranking writes the ranking.
func (p *page) Ranking() string {
	var parts []string
	for _, r := range p.ranking() {
		parts = append(parts, fmt.Sprintf("%s %.2f ± %.2f", r.algorithm, r.mean, r.err))
	}
	return strings.Join(parts, ", ")
}

// lead returns what the default algorithm chooses more than the best of the others, in
// points.
func (p *page) lead() (by estimate, other controller.Algorithm) {
	all := p.ranking()
	i := slices.IndexFunc(all, func(r ranked) bool { return r.algorithm == experiment.Algorithm })
	own := all[i]
	best := slices.Delete(all, i, i+1)[0]
	return estimate{own.mean - best.mean, math.Hypot(own.err, best.err)}, best.algorithm
}

// Lead says where the default algorithm stands.
func (p *page) Lead() string {
	by, other := p.lead()
	where := "ahead of"
	if by.mean < 0 {
		where = "behind"
	}
	text := fmt.Sprintf("%.2f ± %.2f points %s %s", math.Abs(by.mean), by.err, where, other)
	if math.Abs(by.mean) < 2*by.err {
		text += ", which is within chance"
	}
	return text
}

// at returns what a kind chooses and tries last at a budget, in percent.
func (p *page) at(algorithm controller.Algorithm, begins string, budget int) (chosen, late estimate) {
	k := kind{algorithm, begins}
	for i, n := range p.Budgets {
		if n == budget {
			return k.values(p.curves, func(c *curve) float64 { return 100 * c.Chosen[i] }), k.values(p.curves, func(c *curve) float64 { return 100 * c.late(n) })
		}
	}
	return estimate{}, estimate{}
}

// Chosen writes what a kind of search chooses at a budget.
func (p *page) Chosen(algorithm controller.Algorithm, begins string, budget int) string {
	chosen, _ := p.at(algorithm, begins, budget)
	return fmt.Sprintf("%.1f", chosen.mean)
}

// Late writes what a kind of search tries last.
func (p *page) Late(algorithm controller.Algorithm, begins string, budget int) string {
	_, late := p.at(algorithm, begins, budget)
	return fmt.Sprintf("%.1f", late.mean)
}

// Rejects writes what successive rejects choose more than equal trials, over all searches
// and budgets.
func (p *page) Rejects() string {
	var gains, alike []float64
	for _, c := range p.curves {
		for i := range c.Chosen {
			gains, alike = append(gains, 100*(c.Chosen[i]-c.Alike[i])), append(alike, 100*c.Alike[i])
		}
	}
	gain := estimateOf(gains)
	return fmt.Sprintf("%.2f ± %.2f points more than the %.2f of equal trials", gain.mean, gain.err, estimateOf(alike).mean)
}

// TrainedWinner returns the title of the way to search that has chosen best on real
// trainings, on average, among those that know nothing.
func (p *page) TrainedWinner() (title string) {
	most := 0.0
	for _, t := range p.Trained {
		if mean := stat.Mean(t.chosen, nil); mean > most && t.title != fromRows {
			title, most = t.title, mean
		}
	}
	return title
}

// check returns an error where another algorithm is better than the one that searches
// by default: on the surrogate by more than chance explains, or on real trainings.
func (p *page) check() error {
	if by, other := p.lead(); by.mean < -2*by.err {
		return fmt.Errorf("%s wins on the surrogate, and %s searches by default: change experiment.Algorithm, or the page's sentences about it", other, experiment.Algorithm)
	}
	if won := p.TrainedWinner(); !strings.HasPrefix(won, string(experiment.Algorithm)) {
		return fmt.Errorf("%s wins on real trainings, and %s searches by default: change experiment.Algorithm, or the page's sentences about it", won, experiment.Algorithm)
	}
	return nil
}
