package main

import (
	"fmt"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/statistics"
	"autodropout/benchmarks/internal/words"
)

// page is a text in Markdown with its figures, by the names of their files.
type page struct {
	strings.Builder
	figures map[string][]byte
}

// say adds a paragraph.
func (p *page) say(format string, args ...any) { fmt.Fprintf(p, format+"\n\n", args...) }

// table adds a table, where it has rows.
func (p *page) table(header []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	p.say("%s", words.Table(header, rows))
}

func (p *page) text() []byte { return []byte(strings.TrimSpace(p.String()) + "\n") }

// The row that the claim is about, and the part of a setting that it belongs to.
const (
	primary = "autodropout"
	wide    = "wide"
)

// transfer begins the names of settings whose patterns come from other settings' searches.
// Their parts have the names of the rows that have found them.
const transfer = "transfer-"

// writePage writes what the logs of a plan say.
func writePage(plan plan, results string) (*page, error) {
	runs, err := plan.read(results)
	if err != nil {
		return nil, err
	}
	p := &page{figures: map[string][]byte{}}
	p.say("# Is a learned pattern better than everything made by hand?")
	var names []string
	for _, r := range runs {
		if setting, _, _ := r.setting(); setting != headroom && !slices.Contains(names, setting) {
			names = append(names, setting)
		}
	}
	var later []*setting
	for _, name := range names {
		s := newSetting(name, runs)
		if s.transfers() {
			later = append(later, s)
			continue
		}
		p.say("## Setting %s", name)
		p.comparison(s)
	}
	p.say("`go run ./benchmarks/claim` writes this page from the logs in [benchmarks/results/claim](../benchmarks/results/claim), by [the claim's protocol](protocol.md); `go run ./benchmarks/claim -run` goes on with what is not finished.")
	p.transfers(later)
	p.headroom(runs)
	p.costs(runs)
	return p, nil
}

// transfers adds the settings to which patterns were carried.
func (p *page) transfers(settings []*setting) {
	if len(settings) == 0 {
		return
	}
	p.say("## Carried over")
	p.say("What each search seed has found is carried to another network or task. There the strength of a carried pattern is tuned by one number, a factor of what it drops, and a hand-made row by its rate, with as many trials.")
	for _, s := range settings {
		p.say("### To %s", strings.TrimPrefix(s.name, transfer))
		p.comparison(s)
	}
}

// setting is what the runs of one setting have.
type setting struct {
	name string
	runs []*run
	metric
	rows []*row
}

// row is a row of the setting's table, over its search seeds.
type row struct {
	part, key string
	runs      []*run // that have it
	gain      statistics.Estimate
}

func newSetting(name string, all []*run) *setting {
	s := &setting{name: name}
	for _, r := range all {
		if of, _, _ := r.setting(); of != name {
			continue
		}
		s.runs, s.metric = append(s.runs, r), *metrics[r.program]
		_, part, _ := r.setting()
		for _, key := range r.Method {
			i := slices.IndexFunc(s.rows, func(at *row) bool { return at.part == part && at.key == key })
			if i < 0 {
				i, s.rows = len(s.rows), append(s.rows, &row{part: part, key: key})
			}
			s.rows[i].runs = append(s.rows[i].runs, r)
		}
	}
	learned := s.primary()
	var family []*statistics.Estimate
	for _, at := range s.rows {
		at.gain = statistics.Nested(nil)
		if learned != nil && at != learned {
			at.gain = statistics.Nested(s.gains(learned, at))
		}
		if s.rival(at) {
			family = append(family, &at.gain)
		}
	}
	statistics.Holm(family)
	return s
}

// transfers reports whether the setting's patterns come from another one's searches.
func (s *setting) transfers() bool { return strings.HasPrefix(s.name, transfer) }

// claimed returns the part of the runs that have the row which the claim is about, and its key.
func (s *setting) claimed() (part, key string) {
	if s.transfers() {
		return primary, given
	}
	return wide, primary
}

// primary returns that row; nil: there is no run with it yet.
func (s *setting) primary() *row { return s.row(s.claimed()) }

// title writes the name of a row.
func (at *row) title() string {
	if at.key == given {
		return "`" + at.part + "`, carried over"
	}
	return "`" + at.key + "`"
}

func (s *setting) row(part, key string) *row {
	for _, at := range s.rows {
		if at.part == part && at.key == key {
			return at
		}
	}
	return nil
}

// rival reports whether the claim has to hold against a row: dropout made by hand, and
// random search of the same space, carried over as the claim's row is.
func (s *setting) rival(at *row) bool {
	if s.transfers() {
		return byHand(at.key) || at.key == given && at.part != primary
	}
	return at.part == wide && (byHand(at.key) || at.key == "random")
}

// gains returns by how much the final trainings of one row are better than those of
// another with the same seeds, a group for each search seed; one may have more seeds.
func (s *setting) gains(better, worse *row) (groups [][]float64) {
	for _, r := range better.runs {
		_, _, seed := r.setting()
		for _, other := range worse.runs {
			if _, _, n := other.setting(); n != seed {
				continue
			}
			var group []float64
			for k := range r.Seeds {
				x, ok := r.scores[better.key][k]
				y, both := other.scores[worse.key][k]
				if ok && both {
					group = append(group, s.metric.gain(y, x))
				}
			}
			groups = append(groups, group)
		}
	}
	return groups
}

// comparison adds the verdict on a setting, its comparisons, a picture of them, and the table of all rows.
func (p *page) comparison(s *setting) {
	for _, sentence := range s.sentences() {
		p.say("%s", sentence)
	}
	p.family(s)
	var rows [][]string
	for _, at := range s.rows {
		var values []float64
		tried, planned, trainings, seeds, diverged := 0, 0, 0, 0, 0
		for _, r := range at.runs {
			n, of := r.trials(at.key)
			tried, planned = tried+n, planned+of
			seeds += r.Seeds
			trainings += len(r.scores[at.key]) + r.diverged[at.key]
			diverged += r.diverged[at.key]
			for _, v := range r.scores[at.key] {
				values = append(values, v)
			}
		}
		slices.Sort(values) // the order of a map would be another one each time
		cells := []string{at.title(), at.part, of(tried, planned), of(trainings, seeds), fmt.Sprint(diverged), statistics.Spread(values), "", ""}
		if e := at.gain; e.N > 0 {
			cells[6], cells[7] = e.Difference("%+.2f"), statistics.Chance(e.P)
		}
		rows = append(rows, cells)
	}
	part := "space"
	if s.transfers() {
		part = "run"
	}
	p.table([]string{"row", part, "trials", "final trainings", "diverged", "test " + strings.TrimSpace(s.metric.name+" "+s.unit), s.better(), "p"}, rows)
}

// of writes how many of all there are; nothing where none are planned.
func of(n, all int) string {
	if all == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", n, all)
}
