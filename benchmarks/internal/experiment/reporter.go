package experiment

import (
	"cmp"
	"fmt"
	"image/png"
	"io"
	"net"
	"path/filepath"
	"slices"
	"time"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/machine"
	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/words"
	"autodropout/dropout"
	"autodropout/internal/atomicfile"
	"autodropout/internal/seed"
)

// reporter writes what the run has found, and shows it while it goes on.
type reporter[P Pattern] struct {
	*setup[P]
	run     cli.Run  // what was asked for
	notes   []string // what a reader should know about the data
	started time.Time
	stdout  io.Writer
	// findings returns what the searches have found that are done.
	findings func() []*finding[P]
}

// facts returns what the run has found so far.
func (s *reporter[P]) facts() *sheet.Facts {
	a := &s.about
	f := &sheet.Facts{Name: a.Name, Higher: a.Higher, Seeds: s.plan.Seeds, Reward: a.Reward, Notes: s.notes, Scored: a.Curves.On, Outside: a.Outside}
	f.Reward.Name = a.Trial.Reward
	f.Result = &runfolder.Result{
		Task: a.Task, Dataset: a.Dataset, Split: a.Split, Metric: a.Metric, Unit: a.Unit, Decimals: a.Decimals, Floor: a.Floor, Also: a.Also, Notes: slices.Concat(a.Notes, s.changed, s.failed()), Model: a.Model,
		Preset: s.run.Preset, Seed: s.plan.Seed, Command: s.run.Command, Date: time.Now().UTC().Format(time.RFC3339),
		Commit: machine.Commit("."), CPU: machine.CPU(), SIMD: machine.SIMD(), Memory: machine.PeakMemory(), Rows: s.results(),
	}
	if of := (&trials[P]{s.setup}).referenceRow(); of != nil {
		f.Reference = of.Title
	}
	for _, found := range s.findings() { // which several rows may share
		f.Result.Seconds += found.seconds
	}
	trainings := s.folder.Finished()
	for _, u := range trainings {
		f.Result.Seconds += u.Seconds
		f.Training += u.Seconds / float64(len(trainings))
		at := slices.IndexFunc(s.rows, func(row Row) bool { return row.Key == u.Method })
		if u.Output != "" && at >= 0 {
			f.Outputs = append(f.Outputs, report.Fact{Name: s.rows[at].title(u.Seed), Value: u.Output})
		}
	}
	for _, row := range s.rows {
		f.Rows = append(f.Rows, sheet.Row{Title: row.Title, Kind: row.Kind, Varied: row.Network != Final, Losses: s.record.curves(row), Epochs: s.record.validations(row)})
	}
	searches := trials[P]{s.setup}
	for _, search := range s.record.searched() {
		at := slices.IndexFunc(s.rows, func(row Row) bool { return row.Key == search.row.Key })
		found := sheet.Search{Row: at, Report: search.Report}
		searches.describe(search.row, &found)
		f.Searches = append(f.Searches, found)
	}
	_, f.Pattern, _ = s.record.news()
	if text, err := s.run.Settings.TOML(); err == nil {
		f.Settings = string(text)
	}
	return f
}

// results returns the rows of the table, as far as trainings have finished.
func (s *reporter[P]) results() (rows []runfolder.Row) {
	units, found := s.folder.Finished(), s.findings()
	slices.SortStableFunc(units, func(a, b runfolder.Unit) int { return cmp.Compare(a.Seed, b.Seed) }) // rows are compared by seed
	for _, row := range s.rows {
		var scores []runfolder.Score
		diverged, seconds := 0, 0.0
		for _, u := range units {
			switch {
			case u.Method != row.Key || u.Seed >= s.plan.Seeds:
				continue
			case u.Diverged:
				diverged++
			default:
				scores = append(scores, u.Score)
			}
			seconds += u.Seconds
		}
		failed := false // the search that the row needs
		for _, f := range found {
			if row.searches() && f.row.searchKey() == row.searchKey() {
				seconds += f.seconds
				failed = f.failed != ""
			}
		}
		if len(scores)+diverged == 0 && !failed {
			continue
		}
		rows = append(rows, runfolder.NewRow(row.Title, scores, diverged, seconds, row.Paper))
	}
	return rows
}

// failed returns a sentence for every search that has found nothing.
func (s *reporter[P]) failed() (sentences []string) {
	for _, f := range s.findings() {
		if f.failed != "" {
			sentences = append(sentences, f.failed)
		}
	}
	return sentences
}

// showBest tells the progress which row is best so far.
func (s *reporter[P]) showBest() {
	if best := sheet.Best(s.results(), s.about.Higher); len(best) > 0 {
		s.shown.Load().Best(fmt.Sprintf("%s, %s %s", best[0].Method, s.about.Metric, s.about.metric().Amount(*best[0].Mean)))
	}
}

// report writes the results to the run's folder and prints the table.
func (s *reporter[P]) report() error {
	facts := s.facts()
	facts.Result.Summary = sheet.Summary(facts)
	if err := s.savePattern(facts.Result); err != nil {
		return err
	}
	files := map[string][]byte{runfolder.Table: sheet.Table(facts.Result, 0)}
	if !s.about.Outside { // whose losses nobody knows
		files[runfolder.Losses] = sheet.LossChart(facts).SVG()
	}
	if len(facts.Searches) > 0 {
		files[runfolder.Rewards] = sheet.RewardChart(facts).SVG()
	}
	for name, text := range files {
		if err := atomicfile.WriteBytes(s.folder.Path(name), text); err != nil {
			return err
		}
	}
	if err := cmp.Or(s.folder.Save(facts.Result), s.write(facts, "")); err != nil {
		return err
	}
	s.record.end()
	const usual = 110 // letters of the summary, where there is no terminal
	width := progress.Width(s.stdout)
	with := "curves"
	if p := facts.Pattern; p != nil && len(p.Stages) > 0 {
		with += " and the pattern layer by layer"
	}
	_, err := fmt.Fprintf(s.stdout, "\n%s\n%s\n\nThe report, with %s, is %s.\n",
		sheet.Table(facts.Result, width), words.Wrap(facts.Result.Summary, cmp.Or(width, usual)), with, s.folder.Path(runfolder.Report))
	return err
}

// stopped reports what there is of a run that ends early, and returns why.
func (s *reporter[P]) stopped(cause error) error {
	err := s.write(s.facts(), "The run was stopped before it had finished: "+cause.Error()+".")
	fmt.Fprintf(s.stdout, "Stopped. Continue with: %s\n", words.Command("go", "run", "./benchmarks/"+s.about.Name, "-resume", "-out", string(s.folder.Folder)))
	if err != nil {
		return fmt.Errorf("%w; the report could not be written either: %w", cause, err)
	}
	return cause
}

// write writes the page to the run's folder.
func (s *reporter[P]) write(facts *sheet.Facts, state string) error {
	return atomicfile.Write(s.folder.Path(runfolder.Report), func(w io.Writer) error { return sheet.Page(facts, state).Write(w) })
}

// best returns the pattern that the run stands for, and where it is from: that of
// -pattern, with the strength that trials chose, the best that the controller has learned in its whole space, or the one
// that random search found.
func (s *reporter[P]) best() (pattern P, from string, ok bool) {
	if s.plan.Pattern != "" {
		from = "From " + filepath.Base(s.plan.Pattern)
		for _, f := range s.findings() {
			if f.row.Kind == sheet.Given && f.failed == "" {
				return *f.dropped.Pattern, fmt.Sprintf("%s, %g times as strong", from, *f.dropped.Rate), true
			}
		}
		return s.given, from, true
	}
	var best *finding[P]
	for _, f := range s.findings() {
		switch kind := f.row.Kind; {
		case f.failed != "", kind != sheet.Random && kind != sheet.Learned:
		case best == nil, kind == sheet.Learned && (best.row.Kind == sheet.Random || f.reward > best.reward):
			best = f
		}
	}
	if best == nil {
		return pattern, "", false
	}
	return *best.dropped.Pattern, fmt.Sprintf("%s, the best of %s", best.row.Title, words.Count(s.plan.budget(best.row), "trial", "trials")), true
}

// stream is where the random numbers of drawn masks come from.
func (s *reporter[P]) stream() dropout.Stream {
	return dropout.Stream{Seed: seed.Derive(uint64(s.plan.Seed), "picture")}
}

// draw draws the best pattern so far for the report.
func (s *reporter[P]) draw() error {
	pattern, from, ok := s.best()
	if !ok {
		return nil
	}
	drawn := report.DrawPattern(pattern, s.about.Side, s.stream())
	text, err := pattern.MarshalJSON()
	if err != nil {
		return err
	}
	drawn.JSON, drawn.Title = string(text), from
	s.record.drawn(drawn)
	return nil
}

// savePattern adds the best pattern to the result and writes it as JSON and as a
// picture of its masks, layer by layer.
func (s *reporter[P]) savePattern(result *runfolder.Result) error {
	pattern, _, ok := s.best()
	if !ok {
		return nil
	}
	text, err := pattern.MarshalJSON()
	if err != nil {
		return err
	}
	result.BestPattern = text
	if err := s.setup.savePattern(pattern, s.folder.Path(runfolder.BestPattern)); err != nil {
		return err
	}
	masks := report.Picture(pattern, s.about.Side, s.stream())
	if masks == nil {
		return nil
	}
	if err := patternEvents(s.folder.Events("best-pattern"), masks); err != nil {
		return err
	}
	return atomicfile.Write(s.folder.Path(runfolder.Masks), func(w io.Writer) error { return png.Encode(w, masks) })
}

// dashboard shows the page while the run goes on, where a dashboard is wanted. What it
// returns ends that.
func (s *reporter[P]) dashboard(l net.Listener) (stop func()) {
	if l == nil {
		return func() {}
	}
	fmt.Fprintf(s.stdout, "The dashboard is at http://%s while the run goes on.\n", l.Addr())
	return report.Serve(l, s.livePage, s.status).Close
}

func (s *reporter[P]) livePage() *report.Page {
	state := "The run goes on."
	if _, _, ended := s.record.news(); ended {
		state = ""
	}
	return sheet.Page(s.facts(), state)
}

// curvesEvery is how often the dashboard draws the curves of a training that
// goes on again.
const curvesEvery = 10 * time.Second

func (s *reporter[P]) status() report.Status {
	version, _, _ := s.record.news()
	status := report.Status{Version: version + int(time.Since(s.started)/curvesEvery)}
	if shown := s.shown.Load(); shown != nil {
		status.Lines, status.Done = shown.Now()
	} else {
		status.Lines = []string{"Measuring how long a step takes."}
	}
	return status
}
