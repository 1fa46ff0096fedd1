package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/statistics"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller"
)

// study is what the logs give.
type study struct {
	page    []byte
	figures map[string][]byte // by the name of the file
	summary string            // the table of the README, and what it says
}

// newStudy writes the page about the runs in a folder.
func newStudy(results string) (*study, error) {
	runs, err := readRuns(results)
	if err != nil {
		return nil, err
	}
	p := &page{figures: map[string][]byte{}}
	p.short(runs)
	p.say("%s", intro)
	p.say("## Each setting's answer")
	p.say("Does the best learned pattern beat the best hand-made dropout, and random search, by 95 %% intervals that exclude zero?")
	var answers []string
	for _, r := range runs {
		answers = append(answers, fmt.Sprintf("**%s:** %s", r.title, r.answer(r.outcome())))
	}
	p.items(answers)
	p.say("%s", reading)
	for _, r := range runs {
		p.say("## %s", r.title)
		p.setting(r)
		p.results(r)
		p.cost(r)
		if err := p.analysis(r); err != nil {
			return nil, err
		}
	}
	p.limits(runs)
	return &study{page: []byte(strings.TrimSpace(p.String()) + "\n"), figures: p.figures, summary: brief(runs)}, nil
}

const intro = "`go run ./benchmarks/study`" + ` writes this page, its figures and the table in the README from the raw logs in
[benchmarks/results/study](../benchmarks/results/study). Nobody types any of it by hand, and a test compares all three with the logs.`

var reading = `## How to read this

- **Tuned:** a hand-made row tries the rates of a grid in turn, over and over, with as many trials as a search has. Its trials are scored
  like those of a search. The final trainings use the rate with the best mean reward. A rate marked "given" was not tuned in that run.
- **Searched:** a search tries many patterns, one in each trial. Some searches train their best patterns again. The final trainings use the
  pattern with the best mean of these repeats, or else with the best reward.
- **Near the hand-made:** this is AutoDropout's search with another start. Its policy first gives probability ` + fmt.Sprint(controller.StartProb) + ` to each token of one
  hand-made pattern. That pattern was not tuned.
- **Chosen on validation data:** validation rewards decided which hand-made row and which learned row is the best. The test data was used
  once, for the final trainings.
- **Paired:** the same seed gives two rows the same initial weights and the same order of the data, so differences are taken seed by seed.
  Intervals cover 95 %; they and p come from Student's t. A positive difference always means a better result.
- **Many comparisons:** "corrected p" is Holm's correction over all comparisons of a table. Nothing corrects for the number of experiments.
- **One search:** each search ran once, so the intervals cover the luck of the final trainings but not the luck of the search.`

// page is a text in Markdown with its figures.
type page struct {
	strings.Builder
	figures map[string][]byte
}

// say adds a paragraph.
func (p *page) say(format string, args ...any) { fmt.Fprintf(p, format+"\n\n", args...) }

// items adds a list.
func (p *page) items(texts []string) { p.say("- %s", strings.Join(texts, "\n- ")) }

// table adds a table.
func (p *page) table(header []string, rows [][]string) { p.say("%s", words.Table(header, rows)) }

// figure adds a picture of a run.
func (p *page) figure(r *run, name, caption string, image []byte) {
	file := r.folder + "-" + name
	p.figures[file] = image
	p.say("![%s](study/%s)", caption, file)
}

// setting says what was trained, and what is not there yet.
func (p *page) setting(r *run) {
	p.say("Each final training: %s. The metric is the test %s.", r.length(), r.metric)
	var tasks []string
	for _, s := range r.searches {
		if !slices.Contains(tasks, s.config.Task.String()) {
			tasks = append(tasks, s.config.Task.String())
			p.say("Each trial: %s.", s.config.Task.String())
		}
	}
	if r.from != nil {
		anchor := strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(r.from.title), ",", ""), " ", "-")
		p.say("The patterns come from the section [%s](#%s). That section also decided which of the hand-made rows counts as the best.", r.from.title, anchor)
	}
	budget := fmt.Sprintf("The plan has %s for each of %s", words.Count(r.Seeds, "seed", "seeds"), words.Count(len(r.rows), "row", "rows"))
	if slices.ContainsFunc(r.rows, r.searched) {
		budget += fmt.Sprintf(" and %s for each search", words.Count(r.Trials, "trial", "trials"))
	}
	if missing := r.missing(); len(missing) > 0 {
		p.say("%s. **It is not complete:** %s.", budget, strings.Join(missing, "; "))
	} else {
		p.say("%s. It is complete.", budget)
	}
	if r.result != nil {
		p.say("The run ended on %s. It used commit %s on %s with %s.", r.result.Date, r.result.Commit, r.result.CPU, r.result.SIMD)
	}
	if r.command != "" {
		p.say("```sh\n%s\n```", r.command)
	}
}

// searched reports whether a row has a search of its own, or its rate is tuned.
func (r *run) searched(at row) bool {
	switch {
	case at.kind == sheet.Shuffled:
		return false
	case at.kind.Searched():
		return r.Pattern == ""
	case at.kind == sheet.HandMade:
		return r.Tune || r.search(at.key) != nil
	}
	return false
}

// missing lists what the settings ask for and the logs do not have.
func (r *run) missing() (missing []string) {
	for _, at := range r.rows {
		var parts []string
		if r.searched(at) {
			n, s := 0, r.search(at.key)
			if s != nil {
				n = len(s.all())
			}
			if budget := r.budget(s); n < budget {
				parts = append(parts, fmt.Sprintf("%d of %d trials", n, budget))
			}
		}
		if n := len(at.scores) + at.diverged; n < r.Seeds {
			parts = append(parts, fmt.Sprintf("%d of %d seeds", n, r.Seeds))
		}
		if len(parts) > 0 {
			missing = append(missing, fmt.Sprintf("%s has %s", at.title, words.And(parts)))
		}
	}
	return missing
}

// results adds the table of the final trainings and what it says.
func (p *page) results(r *run) {
	o := r.outcome()
	valid := slices.ContainsFunc(r.rows, func(at row) bool { return len(at.valid) > 0 })
	best := "best learned row"
	if o.learned != nil {
		best = o.learned.title
	}
	header := []string{"row", "rate", "seeds", "test " + r.measure(), "95 % interval", "better than none by", best + " is better by", "p", "corrected p"}
	if valid {
		header = slices.Insert(header, 3, "valid "+r.measure())
	}
	var rows [][]string
	for i := range r.rows {
		at := &r.rows[i]
		values := at.values()
		cells := []string{at.title, r.rate(at), fmt.Sprintf("%d of %d", len(at.scores)+at.diverged, r.Seeds),
			at.summary(values), statistics.Mean(values).Interval("%.2f"), "", "", "", ""}
		if o.none != nil && at != o.none {
			cells[5] = r.gain(at, o.none).Difference("%+.2f")
		}
		if at != o.learned {
			e := o.over(at)
			cells[6], cells[7], cells[8] = e.Difference("%+.2f"), statistics.Chance(e.P), statistics.Chance(e.Corrected)
		}
		if valid {
			cells = slices.Insert(cells, 3, at.summary(at.valid))
		}
		rows = append(rows, cells)
	}
	p.table(header, rows)
	p.say("%s", o.why)
	if o.learned == nil {
		return
	}
	p.say("%s", r.answer(o))
	var items []string
	for _, other := range []*row{o.none, o.hand, o.random} {
		if other != nil && len(other.scores)+other.diverged > 0 {
			items = append(items, r.sentence(o.learned, other, o.over(other)))
		}
	}
	if len(items) > 0 {
		p.items(items)
	}
}

// measure names the metric with its unit.
func (e *experiment) measure() string {
	if e.unit == "" {
		return e.metric
	}
	return e.metric + ", " + e.unit
}

// values returns the scores by seed.
func (r *row) values() (values []float64) {
	for _, seed := range slices.Sorted(maps.Keys(r.scores)) {
		values = append(values, r.scores[seed])
	}
	return values
}

// rate returns which rate a row was trained with.
func (r *run) rate(at *row) string {
	if s := r.search(at.key); s != nil && s.tuned() {
		point, _, ok := s.best()
		if !ok || len(s.all()) < r.budget(s) {
			return "not chosen yet"
		}
		values := s.space.Choices[0].Values
		return fmt.Sprintf("%g, best of %d", values[point[0]], len(values))
	}
	if given, ok := r.values[at.rate]; ok {
		return fmt.Sprintf("%v, given", given)
	}
	return ""
}

// summary writes values with their spread.
func (r *row) summary(values []float64) string {
	switch {
	case r.diverged > 0:
		return fmt.Sprintf("diverged (%d of %d)", r.diverged, r.diverged+len(r.scores))
	}
	return statistics.Spread(values)
}
