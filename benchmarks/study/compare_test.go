package main

import (
	"math"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/statistics"
	"autodropout/controller"
	"autodropout/dropout"
)

// point is a trial that has finished.
func point(reward float64, tokens ...int) controller.Finished {
	return controller.Finished{Trial: controller.Trial{Point: tokens}, Result: controller.Result{Reward: reward}}
}

// failed is one that has failed.
var failed = controller.Finished{Trial: controller.Trial{Point: []int{1}}, Result: controller.Result{Error: "diverged"}}

// made up rows: scores by seed.
func rowOf(key string, scores ...float64) row {
	at := row{scores: map[int]float64{}}
	for _, k := range rowKinds {
		if k.key == key {
			at.rowKind = k
		}
	}
	for seed, v := range scores {
		at.scores[seed] = v
	}
	return at
}

func runOf(e experiment, rows ...row) *run {
	return &run{experiment: e, settings: settings{Seeds: 3, Trials: 9}, rows: rows}
}

func TestSentence(t *testing.T) {
	diverged := rowOf("dropout", 1, 2)
	diverged.diverged = 1
	for _, c := range []struct {
		e     experiment
		other row
		want  string
	}{
		{experiments[0], rowOf("dropout", 11, 12.1, 13.2), "“AutoDropout” is better than “Dropout”: a difference of 1.10 points (95 % interval 0.85 to 1.35, 3 paired seeds, p-value 0.003)."},
		{experiments[0], rowOf("dropout", 9, 9.9, 10.8), "“AutoDropout” is worse than “Dropout”: a difference of 1.10 points (95 % interval 0.85 to 1.35, 3"},
		{experiments[3], rowOf("dropout", 9, 9.9, 10.8), "“AutoDropout” is better than “Dropout”: a difference of 1.10 BLEU (95"},
		{experiments[2], rowOf("dropout", 9, 12, 12), "“AutoDropout” cannot be told from “Dropout”: a difference of 0.00 (95 % interval -2.48 to 2.48, 3 paired seeds, p-value 1.000)."},
		{experiments[0], rowOf("dropout", 9), "“AutoDropout” and “Dropout” have 1 seed in common, too few for an interval."},
		{experiments[0], diverged, "“AutoDropout” and “Dropout” are not compared, since a training diverged."},
	} {
		r := runOf(c.e, rowOf("autodropout", 10, 11, 12), c.other)
		if got := r.sentence(&r.rows[0], &r.rows[1], r.gain(&r.rows[0], &r.rows[1])); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
	r := runOf(experiments[0], rowOf("autodropout", 10, 11, 12), diverged)
	if e := r.gain(&r.rows[0], &r.rows[1]); !math.IsNaN(e.Value) {
		t.Errorf("over a row that diverged the gain is %v", e.Value)
	}
}

func TestAnswer(t *testing.T) {
	low, middle, high := []float64{9, 10, 11.1}, []float64{10, 11, 12}, []float64{11, 12.1, 13}
	for _, c := range []struct {
		hand, random []float64
		want         string
	}{
		{high, high, "**Yes.** “AutoDropout” beats the best hand-made row and beats random search."},
		{high, []float64{9, 12, 12}, "**No.** “AutoDropout” beats the best hand-made row and cannot be told from random search."},
		{low, high, "**No.** “AutoDropout” is worse than the best hand-made row and beats random search."},
		{high, nil, "**Not known.** “AutoDropout” beats the best hand-made row and has no interval against random search."},
		{low, nil, "**No.** “AutoDropout” is worse than the best hand-made row and has no interval against random search."},
		{nil, low, "**No.** “AutoDropout” has no interval against the best hand-made row and is worse than random search."},
	} {
		r := runOf(experiments[0], rowOf("dropout", c.hand...), rowOf("random", c.random...), rowOf("autodropout", middle...))
		if got := r.answer(r.outcome()); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
	r := runOf(experiments[0], rowOf("dropout", high...), rowOf("autodropout"))
	if got := r.answer(r.outcome()); !strings.HasPrefix(got, "**Not known.**") || !strings.Contains(got, "No learned row has a final training yet.") {
		t.Errorf("without a learned row: %s", got)
	}
}

// Without logs none may be chosen: that would be by test values.
func TestPick(t *testing.T) {
	r := runOf(experiments[0], rowOf("dropout", 1, 2), rowOf("dropblock", 3, 4))
	if best, why := r.pick("hand-made", sheet.HandMade); best != nil || !strings.Contains(why, "none can be called the best") {
		t.Errorf("%+v was chosen: %s", best, why)
	}
	// The best single reward is not that of the best rate, nor is it DropBlock's.
	tuned := func(at int, rewards ...float64) *search {
		s := &search{row: r.rows[at].rowKind, space: *rates(0.1, 0.2), trials: []controller.Finished{failed}}
		for i, reward := range rewards {
			s.trials = append(s.trials, point(reward, i/2))
		}
		return s
	}
	first, second := tuned(0, 0.9, 0.1, 0.6, 0.6), tuned(1, 0.8, 0.1, 0.7, 0.7)
	r.from = &run{searches: []*search{first, second}}
	if best, why := r.pick("hand-made", sheet.HandMade); best != &r.rows[1] || !strings.Contains(why, "“DropBlock”, with a reward of 0.7000") {
		t.Errorf("with the logs of the run that it builds on, %+v was chosen: %s", best, why)
	}
	if at, mean, ok := second.best(); len(at) != 1 || at[0] != 1 || mean != 0.7 || !ok {
		t.Errorf("the best rate is %v with %v, %v", at, mean, ok)
	}
	second.finalists = []controller.Finished{point(0.3, 0), point(0.2, 1)}
	if at, mean, ok := second.best(); at[0] != 0 || mean != 0.3 || !ok {
		t.Errorf("among finalists the best is %v with %v, %v", at, mean, ok)
	}
	if _, _, ok := (&search{trials: []controller.Finished{failed}}).best(); ok {
		t.Error("a search of which every trial failed has a best point")
	}
}

// The verdicts follow the data: here rewards fall, rise and stay as a pattern drops more.
func TestStrength(t *testing.T) {
	space := dropout.SequenceSpace()
	for slope, want := range map[float64]string{-1: "Patterns that drop more have lower rewards", 1: "Patterns that drop more have higher rewards", 0: "These trials cannot show whether that matters"} {
		s := &search{row: rowOf("random").rowKind, space: space}
		for i := range 24 {
			tokens := make([]int, space.Decisions())
			for j := range tokens {
				if space.Choice(j).Name == "drop" {
					tokens[j] = i % 8
				}
			}
			s.trials = append(s.trials, point(slope*float64(i%8)+2*float64(i/8), tokens...))
		}
		p := &page{figures: map[string][]byte{}}
		r := runOf(experiments[2])
		r.searches = []*search{s}
		if err := p.strength(r); err != nil || !strings.Contains(p.String(), want) {
			t.Errorf("a slope of %v: error %v, page %s", slope, err, p)
		}
	}
}

func TestLastThird(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{{0.1, 0.2, "better patterns"}, {-0.2, -0.1, "worse patterns"}, {-0.1, 0.1, "cannot be told from"}, {math.NaN(), math.NaN(), "too few trials"}} {
		if got := lastThird(statistics.Estimate{Low: c.low, High: c.high}); !strings.Contains(got, c.want) {
			t.Errorf("from %v to %v: %s", c.low, c.high, got)
		}
	}
}

// A policy that has settled on a value shows in the table of tokens.
func TestTokens(t *testing.T) {
	s := &search{row: rowOf("ppo").rowKind, config: controller.Config{Algorithm: controller.PPO}, space: dropout.Space{Groups: 2, Choices: []dropout.Choice{
		{Name: "settled", Values: []float64{0.5, 0.75}}, {Name: "open", Values: []float64{1, 2}}, {Name: "fixed", Values: []float64{0}}}}}
	for i := range 30 {
		tokens := []int{i % 2, i % 2, 0, i % 2, i / 2 % 2, 0}
		if i >= 20 {
			tokens[0], tokens[3] = 1, 1
		}
		s.trials = append(s.trials, point(0, tokens...))
	}
	p := &page{}
	p.tokens(s)
	for _, want := range []string{
		"| settled | 0.5: 0 ← 50 (50); 0.75: 100 ← 50 (50) | <0.001 |", "| open | 1: 55 ← 55 (50); 2: 45 ← 45 (50) | 0.655 |",
		"The last third differs from the shares before learning by more than chance for settled (",
	} {
		if !strings.Contains(p.String(), want) {
			t.Errorf("no %q in %s", want, p)
		}
	}
	if strings.Contains(p.String(), "fixed") {
		t.Error("a token with a single value has a row")
	}
	// What has settled did so before.
	for _, before := range []controller.Config{{Start: []int{1, 0, 0, 1, 1, 0}}, {StartProbs: [][]float64{{0.2, 0.8}, {0.5, 0.5}, {1}}}} {
		s.config.Start, s.config.StartProbs = before.Start, before.StartProbs
		p = &page{}
		p.tokens(s)
		for _, want := range []string{"| settled | 0.5: 0 ← 50 (20); 0.75: 100 ← 50 (80) | 0.051 |", "| open | 1: 55 ← 55 (50); 2: 45 ← 45 (50) | 0.655 |"} {
			if !strings.Contains(p.String(), want) {
				t.Errorf("from a start: no %q in %s", want, p)
			}
		}
	}
}

func TestCurvesOfRewards(t *testing.T) {
	var report controller.Report
	for i, p := range []controller.Finished{point(2), failed, point(4), point(3)} {
		report.Trials = append(report.Trials, controller.Trial{Index: i})
		report.Results = append(report.Results, &p.Result)
	}
	s := &search{trials: report.Curve()}
	points, mean, best, _ := s.lines(0, 2)
	for name, c := range map[string]struct {
		got  []float64
		want []float64
	}{
		"trials":   {points.X, []float64{1, 3, 4}},
		"smooth":   {mean.Y, []float64{2, 3, 3.5}},
		"highest":  {best.Y, []float64{2, 2, 2, 4, 4}},
		"rewards":  {s.rewards(1, 3), []float64{4}},
		"rewards2": {s.allRewards(), []float64{2, 4, 3}},
	} {
		for i := range c.want {
			if len(c.got) != len(c.want) || c.got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", name, c.got, c.want)
				break
			}
		}
	}
}

func TestShorter(t *testing.T) {
	r := runOf(experiments[0])
	r.Depth, r.Width, r.Epochs = 10, 1, 25
	for _, c := range []struct {
		model  string
		epochs int
		want   bool
	}{{"WRN-10-1", 25, false}, {"WRN-10-2", 25, true}, {"WRN-10-1", 10, true}} {
		r.searches = []*search{{config: controller.Config{Task: controller.Task{Network: c.model, Epochs: c.epochs}}}}
		p := &page{}
		p.limits([]*run{r})
		if got := strings.Contains(p.String(), "Some trials are shorter"); got != c.want {
			t.Errorf("trials of %s for %d epochs: the page says that they are shorter: %v", c.model, c.epochs, got)
		}
	}
}
