package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/statistics"
	"autodropout/benchmarks/internal/words"
)

// verdict is what a comparison of the primary row says, by the protocol.
type verdict int

const (
	unknown verdict = iota // there are too few pairs for an interval
	better                 // a corrected p below 0.05, in favour of the primary row
	refuted                // not better: the bar would have been seen, and the interval lies below it
	above                  // not shown: the bar would have been seen, but the interval reaches it
	weak                   // not shown: the bar might not have been seen
)

// notKnown begins what is said where trainings are missing.
const notKnown = "**Not known yet:**"

// level is the corrected p below which a comparison counts.
const level = 0.05

// verdict returns that of a comparison.
func (s *setting) verdict(e statistics.Estimate) verdict {
	power := e.Detectable() <= s.enough
	switch {
	case math.IsNaN(e.Low):
		return unknown
	case e.Low > 0 && e.Corrected < level:
		return better
	case power && e.High < s.enough:
		return refuted
	case power:
		return above
	}
	return weak
}

// bar writes the gain that the protocol must be able to see.
func (s *setting) bar() string { return fmt.Sprintf("%g %s", s.enough, s.points) }

// better heads the column of gains.
func (s *setting) better() string { return "`" + primary + "` is better by, " + s.points }

// rivals returns the rows of the family: those that the claim has to hold against.
func (s *setting) rivals() (rivals []*row) {
	for _, at := range s.rows {
		if s.rival(at) {
			rivals = append(rivals, at)
		}
	}
	return rivals
}

// by returns the keys of the rivals by the verdicts on them.
func (s *setting) by() map[verdict][]string {
	keys := map[verdict][]string{}
	for _, at := range s.rivals() {
		v := s.verdict(at.gain)
		keys[v] = append(keys[v], at.title())
	}
	return keys
}

// sentences says what a setting has found: the verdict, the power, what the
// intervals do not cover, and what is missing.
func (s *setting) sentences() (all []string) {
	claim := s.claim()
	if !s.finished() && !strings.HasPrefix(claim, notKnown) {
		claim = "So far: " + claim
	}
	all = append(all, claim)
	if power := s.power(); power != "" {
		all = append(all, power)
	}
	if luck := s.luck(); luck != "" {
		all = append(all, luck)
	}
	return append(all, s.missing())
}

// planned returns the runs that have, or will have, the primary row, whose key it returns
// too.
func (s *setting) planned() (runs []*run, key string) {
	in, key := s.claimed()
	for _, r := range s.runs {
		if _, part, _ := r.setting(); part == in {
			runs = append(runs, r)
		}
	}
	return runs, key
}

// luck says that a single search seed does not show how searches scatter; "" where there
// are several.
func (s *setting) luck() string {
	runs, key := s.planned()
	seen := 0
	for _, r := range runs {
		if len(r.scores[key]) > 0 {
			seen++
		}
	}
	begins := "The setting has one search seed"
	switch {
	case len(runs) == 1:
	case seen == 1:
		begins = fmt.Sprintf("One of %d search seeds has final trainings so far", len(runs))
	default:
		return ""
	}
	return fmt.Sprintf("%s: the intervals cover the luck of the final trainings, not that of a search. Another search might find a better or a worse pattern than `%s` has.", begins, primary)
}

// finished reports whether the runs with the rows of the family have ended. Where patterns
// are carried over, each has a run of its own.
func (s *setting) finished() bool {
	runs, _ := s.planned()
	if s.transfers() {
		runs = s.runs
	}
	return !slices.ContainsFunc(runs, func(r *run) bool { return r.finished == nil })
}

// claim returns the verdict on the setting: a win needs every comparison, and one
// that is refuted refutes the claim.
func (s *setting) claim() string {
	by := s.by()
	text := ""
	switch n := len(s.rivals()); {
	case len(by[unknown]) == n:
		return notKnown + " no final training can be compared."
	case len(by[refuted]) > 0:
		text = fmt.Sprintf("**Refuted, with power:** the trainings would have shown a gain of %s over %s with a probability of 80 %% or more, and the intervals lie below it.", s.bar(), words.And(by[refuted]))
	case len(by[better]) == n:
		return fmt.Sprintf("**A win:** `%s` is better than each of %s, with corrected p below %g.", primary, words.And(by[better]), level)
	case len(by[unknown]) > 0:
		text = fmt.Sprintf(notKnown+" there are too few final trainings to compare with %s.", words.And(by[unknown]))
	default:
		text = fmt.Sprintf("**Not shown:** `%s` is neither shown to be better than %s, nor refuted.", primary, words.And(append(by[above], by[weak]...)))
	}
	if len(by[better]) > 0 {
		text += fmt.Sprintf(" `%s` is better than %s, with corrected p below %g.", primary, words.And(by[better]), level)
	}
	return text
}

// power says which comparisons would have shown the bar; "" where none can be told.
func (s *setting) power() string {
	var able, not []string
	for _, at := range s.rivals() {
		d := at.gain.Detectable()
		text := fmt.Sprintf("%s (%.2f)", at.title(), d)
		switch {
		case math.IsNaN(d):
		case d <= s.enough:
			able = append(able, text)
		default:
			not = append(not, text)
		}
	}
	const means = "In brackets: the difference that is seen with a probability of 80 %."
	switch {
	case able == nil && not == nil:
		return ""
	case not == nil:
		return fmt.Sprintf("The trainings had the power to see %s in every comparison: with %s. %s", s.bar(), words.And(able), means)
	case able == nil:
		return fmt.Sprintf("The trainings did not have the power to see %s in any comparison: with %s. %s", s.bar(), words.And(not), means)
	}
	return fmt.Sprintf("The trainings had the power to see %s in the comparison with %s, not in that with %s. %s", s.bar(), words.And(able), words.And(not), means)
}

// family adds the comparisons that the claim has to hold in, and their picture.
func (p *page) family(s *setting) {
	var rows [][]string
	chart := report.Chart{Title: "How much better “" + primary + "” is, with intervals of 95 %", X: s.points, Y: "row", Measured: true}
	for _, at := range s.rivals() {
		e := at.gain
		if math.IsNaN(e.Low) {
			continue
		}
		rows = append(rows, []string{at.title(), fmt.Sprint(e.N), e.Difference("%+.2f"), statistics.Chance(e.P), statistics.Chance(e.Corrected), statistics.Number(e.Detectable(), "%.2f"), s.says(s.verdict(e))})
		chart.Interval("than "+strings.ReplaceAll(at.title(), "`", ""), e.Low, e.Value, e.High)
	}
	p.table([]string{"compared with", "pairs", s.better(), "p", "corrected p", "would have seen", "so"}, rows)
	if len(rows) > 0 {
		p.figures[s.name+".svg"] = chart.SVG()
		p.say("![%s](claim/%s.svg)", chart.Title, s.name)
	}
}

// says writes the verdict on a comparison.
func (s *setting) says(v verdict) string {
	switch v {
	case better:
		return "better"
	case refuted:
		return fmt.Sprintf("refuted: it had the power to see %s and did not", s.bar())
	case above:
		return fmt.Sprintf("not shown: it had the power to see %s, and its interval reaches that", s.bar())
	}
	return fmt.Sprintf("not shown: it did not have the power to see %s", s.bar())
}

// missing says what the plan has and the logs do not.
func (s *setting) missing() string {
	var waiting, going []string
	finished := 0
	for _, r := range s.runs {
		_, part, _ := strings.Cut(r.name, "/")
		switch {
		case r.finished != nil:
			finished++
		case r.begun:
			going = append(going, part)
		default:
			waiting = append(waiting, part)
		}
	}
	text := fmt.Sprintf("%s of %s %s finished", words.Capital(fmt.Sprint(finished)), words.Count(len(s.runs), "run", "runs"), map[bool]string{true: "is", false: "are"}[finished == 1])
	if len(going) > 0 {
		text += "; begun: " + words.And(going)
	}
	if len(waiting) > 0 {
		text += "; not begun: " + words.And(waiting)
	}
	return text + "."
}
