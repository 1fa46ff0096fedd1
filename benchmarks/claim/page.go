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
	for _, name := range names {
		s := newSetting(name, runs)
		p.say("## Setting %s", name)
		p.comparison(s)
	}
	p.say("`go run ./benchmarks/claim` writes this page from the logs in [benchmarks/results/claim](../benchmarks/results/claim), by [the claim's protocol](protocol.md); `go run ./benchmarks/claim -run` goes on with what is not finished.")
	p.headroom(runs)
	p.costs(runs)
	return p, nil
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
	learned := s.row(wide, primary)
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

func (s *setting) row(part, key string) *row {
	for _, at := range s.rows {
		if at.part == part && at.key == key {
			return at
		}
	}
	return nil
}

// rival reports whether the claim has to hold against a row: dropout made by hand, and
// random search of the same space.
func (s *setting) rival(at *row) bool {
	return at.part == wide && (byHand(at.key) || at.key == "random")
}

// gains returns by how much the final trainings of one row are better than those of
// another with the same seeds, a group for each search seed.
func (s *setting) gains(better, worse *row) (groups [][]float64) {
	for _, r := range better.runs {
		_, _, seed := r.setting()
		for _, other := range worse.runs {
			if _, _, n := other.setting(); n != seed || other.Seeds != r.Seeds {
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

// comparison adds the table of a setting, three sentences about it, and its picture.
func (p *page) comparison(s *setting) {
	for _, sentence := range s.sentences() {
		p.say("%s", sentence)
	}
	var rows [][]string
	chart := report.Chart{Title: "How much better “" + primary + "” is, with intervals of 95 %", X: s.points, Y: "row", Measured: true}
	for _, at := range s.rows {
		var values []float64
		tried, planned, trainings, seeds := 0, 0, 0, 0
		for _, r := range at.runs {
			n, of := r.trials(at.key)
			tried, planned = tried+n, planned+of
			seeds += r.Seeds
			trainings += len(r.scores[at.key])
			for _, v := range r.scores[at.key] {
				values = append(values, v)
			}
		}
		slices.Sort(values) // the order of a map would be another one each time
		cells := []string{"`" + at.key + "`", at.part, of(tried, planned), of(trainings, seeds), statistics.Spread(values), "", "", "", ""}
		if e := at.gain; e.N > 0 {
			cells[5], cells[6], cells[7], cells[8] = e.Difference("%+.2f"), statistics.Chance(e.P), statistics.Chance(e.Corrected), statistics.Number(e.Detectable(), "%.2f")
			if s.rival(at) && !math.IsNaN(e.Low) {
				y := float64(len(chart.Lines) + 1)
				chart.Lines = append(chart.Lines, report.Line{Name: "than " + at.key, Style: report.Compared.Style(len(chart.Lines)), X: []float64{e.Low, e.Value, e.High}, Y: []float64{y, y, y}})
			}
		}
		rows = append(rows, cells)
	}
	p.table([]string{"row", "space", "trials", "final trainings", "test " + strings.TrimSpace(s.metric.name+" "+s.unit), "`" + primary + "` is better by, " + s.points, "p", "corrected p", "could see"}, rows)
	if len(chart.Lines) > 0 {
		p.figures[s.name+".svg"] = chart.SVG()
		p.say("![%s](claim/%s.svg)", chart.Title, s.name)
	}
}

// sentences says what a setting has found: the claim, the power, and what is missing.
func (s *setting) sentences() []string {
	var beaten, not []string
	seen, power := 0, 0.0
	for _, at := range s.rows {
		switch {
		case !s.rival(at):
			continue
		case at.gain.Low > 0 && at.gain.Corrected < 0.05:
			beaten = append(beaten, "`"+at.key+"`")
		default:
			not = append(not, "`"+at.key+"`")
		}
		if d := at.gain.Detectable(); !math.IsNaN(d) {
			seen++
			power = max(power, d)
		}
	}
	claim, able := "**Not known yet:** no final training can be compared.", "The smallest difference that the trainings can show is not known."
	if seen > 0 {
		claim = fmt.Sprintf("**No:** `%s` is not shown to be better than %s.", primary, words.And(not))
		if len(not) == 0 {
			claim = fmt.Sprintf("**Yes:** `%s` is better than each of %s, with corrected p below 0.05.", primary, words.And(beaten))
		} else if len(beaten) > 0 {
			claim += fmt.Sprintf(" It is better than %s.", words.And(beaten))
		}
		verb := "had"
		if power > s.enough {
			verb = "did not have"
		}
		able = fmt.Sprintf("The trainings %s the power to see %g %s: the weakest comparison with a hand-made row or random search sees %.2f with a probability of 80 %%.", verb, s.enough, s.points, power)
	}
	return []string{claim, able, s.missing()}
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

// costs adds what the runs took.
func (p *page) costs(runs []*run) {
	var rows [][]string
	for _, r := range runs {
		if !r.begun {
			continue
		}
		tried, trainings := 0, r.diverged
		for _, s := range r.searches {
			tried += s.tried()
		}
		for _, scores := range r.scores {
			trainings += len(scores)
		}
		state := "goes on"
		if r.finished != nil {
			state = r.finished.Date[:len("2006-01-02")] + ", " + r.finished.CPU + ", " + r.finished.SIMD
		}
		rows = append(rows, []string{r.name, fmt.Sprint(tried), fmt.Sprint(trainings), words.Duration(r.seconds), state})
	}
	if rows == nil {
		return
	}
	p.say("## What it took")
	p.table([]string{"run", "trials", "final trainings", "time of all", "finished"}, rows)
	p.say("Times are sums over trainings. They are longer where the machine did other work beside them.")
}
