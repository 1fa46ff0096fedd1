package main

import (
	"fmt"
	"strings"

	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/controller"
)

// Winner returns the algorithm that wins among the searches that begin mildly: what it
// chooses is worth most, on average over the budgets.
func (p *page) Winner() controller.Algorithm {
	var best controller.Algorithm
	most := 0.0
	for _, k := range kinds() {
		if sum := p.sum(k); k.begins == "mild" && (best == "" || sum > most) {
			best, most = k.algorithm, sum
		}
	}
	return best
}

func (p *page) sum(k kind) (sum float64) {
	for i := range p.Budgets {
		sum += k.values(p.curves, func(c *curve) float64 { return c.Chosen[i] }).mean
	}
	return sum
}

// Ranking lists the algorithms that begin mildly by that mean, in percent, the best first.
func (p *page) Ranking() string {
	var parts []string
	left := []kind{}
	for _, k := range kinds() {
		if k.begins == "mild" {
			left = append(left, k)
		}
	}
	for len(left) > 0 {
		first := 0
		for i, k := range left {
			if p.sum(k) > p.sum(left[first]) {
				first = i
			}
		}
		parts = append(parts, fmt.Sprintf("%s %.2f", left[first].algorithm, 100*p.sum(left[first])/float64(len(p.Budgets))))
		left = append(left[:first], left[first+1:]...)
	}
	return strings.Join(parts, ", ")
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

// check returns an error where the page says that another algorithm wins than the one
// that searches by default.
func (p *page) check() error {
	if won := p.Winner(); won != experiment.Algorithm {
		return fmt.Errorf("%s wins on the surrogate, and %s searches by default: change experiment.Algorithm, or the page's sentences about it", won, experiment.Algorithm)
	}
	if won := p.TrainedWinner(); !strings.HasPrefix(won, string(experiment.Algorithm)) {
		return fmt.Errorf("%s wins on real trainings, and %s searches by default: change experiment.Algorithm, or the page's sentences about it", won, experiment.Algorithm)
	}
	return nil
}
