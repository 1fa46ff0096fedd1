package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/dropout"
)

// strength says whether patterns that drop more have lower rewards. It looks at
// random search, whose choices follow from nothing.
func (p *page) strength(r *run) error {
	const least = 8 // trials
	s := r.search("random")
	if s == nil || len(s.allRewards()) < least {
		return nil
	}
	good, rewards := succeeded(s.trials), s.allRewards()
	var dropped []float64
	for _, trial := range good {
		share, err := droppedShare(s.space, trial.Point)
		if err != nil {
			return err
		}
		dropped = append(dropped, 100*share)
	}
	chart := report.Chart{Title: "How much a random pattern drops, and its reward", X: "dropped on average, %", Y: s.config.Task.Reward,
		Lines: []report.Line{{Style: report.Random.Style(0), X: dropped, Y: rewards, Points: true}}}
	rank := spearman(dropped, rewards)
	verdict := "These trials cannot show whether that matters"
	switch {
	case rank.High < 0:
		verdict = "Patterns that drop more have lower rewards"
	case rank.Low > 0:
		verdict = "Patterns that drop more have higher rewards"
	}
	best := dropped[floats.MaxIdx(rewards)]
	p.say("### How strong patterns are")
	p.say("Random patterns drop %.0f %% of what passes their places, on average over places; the best of %d drops %.0f %%. %s: the correlation of share and reward is %s by ranks (Spearman's, with its 95 %% interval) and %s by values (Pearson's).",
		stat.Mean(dropped, nil), len(dropped), best, verdict, rank.Difference("%.2f"), pearson(dropped, rewards).Difference("%.2f"))
	p.figure(r, "strength.svg", chart.Title, chart.SVG())
	return nil
}

// droppedShare returns which share of its cells a pattern drops, on average over
// all places, those where it drops nothing included.
func droppedShare(space dropout.Space, tokens []int) (float64, error) {
	pattern, err := decode(space, tokens)
	if err != nil {
		return 0, err
	}
	drawn := report.DrawPattern(pattern, mapSide, dropout.Stream{})
	var shares []float64
	for _, stage := range drawn.Stages {
		for _, l := range stage.Layers {
			shares = append(shares, l.Drop)
		}
	}
	return stat.Mean(shares, nil), nil
}

// decode returns the pattern that a point of a space stands for.
func decode(space dropout.Space, tokens []int) (dropout.Pattern, error) {
	if len(space.Stages) > 0 {
		return dropout.DecodeConv(space, tokens)
	}
	return dropout.DecodeSequence(space, tokens)
}

// noise says how much rewards vary where nothing does but the seed, by trials of
// the same rate, and of the same pattern.
func (p *page) noise(r *run) {
	var rows [][]string
	var items []string
	squares, freedom := 0.0, 0
	for _, s := range r.searches {
		name, trials := s.row.title, s.trials
		if !s.tuned() {
			name, trials = "finalists of "+name, s.finalists
		}
		at, rewards := sheet.ByPoint(usable(trials))
		v := spreadOf(rewards)
		if v.freedom == 0 {
			continue
		}
		squares += v.within * v.within * float64(v.freedom)
		freedom += v.freedom
		var means []string
		for i, of := range rewards {
			text := fmt.Sprintf("%.4f", stat.Mean(of, nil))
			if s.tuned() {
				text = fmt.Sprintf("%g: %s", s.space.Choices[0].Values[at[i][0]], text)
			}
			means = append(means, text)
		}
		rows = append(rows, []string{name, fmt.Sprint(len(trials)), strings.Join(means, "; "), fmt.Sprintf("%.4f", v.within), fmt.Sprintf("%.4f", v.between)})
	}
	if freedom == 0 {
		return
	}
	within := math.Sqrt(squares / float64(freedom))
	for _, s := range r.searches {
		if !s.tuned() && len(s.allRewards()) > 1 {
			items = append(items, s.luck(within))
		}
	}
	p.say("### How much of a reward is luck")
	p.table([]string{"row", "trials", "mean reward of each rate or finalist", "standard deviation within", "standard deviation between"}, rows)
	p.say("If only the seed changes, rewards have a standard deviation of %.4f (%d degrees of freedom).", within, freedom)
	if len(items) > 0 {
		p.items(items)
	}
}

// luck says what the noise of rewards means for the best trial of a search.
func (s *search) luck(noise float64) string {
	rewards := s.allRewards()
	top := s.trials[len(s.trials)-1].Best
	best := s.trials[slices.IndexFunc(s.trials, func(p controller.Finished) bool { return p.Best == top })]
	text := fmt.Sprintf("The best of %d trials of “%s” has a reward of %.4f, %.4f above their mean. If all patterns were equally good, luck alone would put the best about %.4f above the mean.",
		len(rewards), s.row.title, top, top-stat.Mean(rewards, nil), noise*highest(len(rewards)))
	at, again := sheet.ByPoint(usable(s.finalists))
	if i := slices.IndexFunc(at, func(p []int) bool { return slices.Equal(p, best.Point) }); i >= 0 {
		text += fmt.Sprintf(" Trained again, the same pattern has a mean reward of %.4f.", stat.Mean(again[i], nil))
	}
	return text
}
