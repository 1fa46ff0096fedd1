package bench

import (
	"math"
	"strings"
	"testing"
	"time"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
)

func TestInterval(t *testing.T) {
	// t(0.975, 2) = 4.30265, t(0.975, 1) = 12.7062, from tables.
	for _, c := range []struct {
		values     []float64
		mean, half float64
	}{{[]float64{1, 2, 3}, 2, 4.30265 / math.Sqrt(3)}, {[]float64{4, 6}, 5, 12.7062}, {[]float64{7}, 7, 0}} {
		mean, half := interval(c.values)
		if mean != c.mean || math.Abs(half-c.half) > 1e-4 {
			t.Errorf("%v: %v ± %v, want %v ± %v", c.values, mean, half, c.mean, c.half)
		}
	}
}

func TestCompare(t *testing.T) {
	row := func(values ...float64) runfolder.Row {
		var scores []runfolder.Score
		for _, v := range values {
			scores = append(scores, runfolder.Score{Value: v})
		}
		return runfolder.NewRow("row", scores, 0, 1, nil)
	}
	lower, higher := About{Unit: "%"}, About{Higher: true}
	for got, want := range map[string]string{
		lower.compareTo(row(3, 4, 5), row(4, 5, 6)):     "1.00 ± 0.00 points better than “row”, which is hardly chance",
		higher.compareTo(row(3, 4, 5), row(4, 5, 6)):    "1.00 ± 0.00 worse than “row”, which is hardly chance",
		lower.compareTo(row(3, 6, 3), row(4, 5, 6)):     "1.00 ± 4.97 points better than “row”, which may be chance",
		lower.compareTo(row(5), row(4)):                 "1.00 points worse than “row”, which one seed cannot tell from chance",
		lower.compare(row(4, 6), row(3, 5, 7), "worse"): "0.00 points worse, which one seed cannot tell from chance",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// held returns the folder of a run that has just begun.
func held(t *testing.T) *runfolder.Held {
	t.Helper()
	h, err := runfolder.Folder(t.TempDir()).Create("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func finish(t *testing.T, e *Experiment[Pattern], u runfolder.Unit) {
	t.Helper()
	if err := e.folder.Append(u); err != nil {
		t.Fatal(err)
	}
}

// sampleExperiment is one that has finished, without anything it was computed from.
func sampleExperiment(t *testing.T) *Experiment[Pattern] {
	t.Helper()
	e := &Experiment[Pattern]{
		started: time.Now(),
		Plan:    Plan{Seeds: 2},
		Rows: []Method{{Key: "none", Title: "none"}, {Key: "dropout", Title: "Dropout", Policy: nil},
			{Key: "random", Title: "random-search pattern", Search: controller.Random}, {Key: "autodropout", Title: "AutoDropout", Search: controller.Reinforce}},
		about: About{Split: "test", Metric: "error", Unit: "%",
			Trial: controller.Task{Reward: "accuracy"}, Reward: Reward{Where: "held-out images", Shown: "accuracy", Show: func(r float64) string { return "high" }}},
		folder: held(t),
	}
	for i, m := range e.Rows {
		for k := range 2 {
			finish(t, e, runfolder.Unit{Method: m.Key, Seed: k, Score: runfolder.Score{Value: float64(10 - 3*i + k)}, Seconds: 5})
		}
	}
	for _, m := range e.Rows[2:] {
		e.record.search(m, controller.Report{Trials: []controller.Trial{{Entropy: 1.5}, {Index: 1}}, Results: []*controller.Result{{Reward: 0.5, Seconds: 2}, nil}})
		e.record.trial(m, &controller.Trial{Index: 2}, &controller.Result{Trial: 2, Error: "broken", Seconds: 3})
		e.record.trial(m, &controller.Trial{Index: 1}, &controller.Result{Trial: 1, Reward: 0.75, Seconds: 5})
	}
	e.record.drawn(&report.Pattern{Words: "It drops something."})
	return e
}

func TestSummary(t *testing.T) {
	e := sampleExperiment(t)
	r := e.result()
	for _, want := range []string{
		"The best test error, 1.50 % (mean of 2 seeds, standard deviation 0.71), is that of “AutoDropout”. Next comes “random-search pattern”, 3.00 ± 0.00 points worse",
		"“AutoDropout” has 1.50 % (mean of 2 seeds, standard deviation 0.71): 9.00 ± 0.00 points better than “none”, which is hardly chance, and 3.00 ± 0.00 points better than “random-search pattern”",
		"It drops something.",
		"the search for “AutoDropout” took 3 trials, 10s of training or 2.0 final trainings, and reached accuracy high on the held-out images",
		"95 %, paired by seed; they do not cover the luck of a search.",
	} {
		if !strings.Contains(r.Summary, want) {
			t.Errorf("the summary does not say %q:\n%s", want, r.Summary)
		}
	}
	if got := (&Experiment[Pattern]{folder: held(t)}).summarise(&runfolder.Result{}); got != "" {
		t.Errorf("the summary of nothing is %q", got)
	}
}

func TestWrap(t *testing.T) {
	if got, want := wrap("äé bb  ccc\nd", 5), "äé bb\nccc d"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSearchCharts(t *testing.T) {
	e := sampleExperiment(t)
	charts := searchCharts(e.record.searched(), e.style, &e.about)
	if len(charts) != 2 || len(charts[0].Lines) != 4 || len(charts[1].Lines) != 2 {
		t.Fatalf("the charts are %+v", charts)
	}
	points, best := charts[0].Lines[2], charts[0].Lines[3]
	if points.Style != report.Learned || len(points.X) != 2 || points.Y[1] != 0.75 {
		t.Errorf("the points are %+v", points)
	}
	// A step at trial 2; the third trial failed and changes nothing.
	if want := []float64{1, 2, 2, 3}; !equal(best.X, want) || !equal(best.Y, []float64{0.5, 0.5, 0.75, 0.75}) {
		t.Errorf("the best so far are %v at %v", best.Y, best.X)
	}
	table := trialTable(e.record.searched(), e.about.Reward)
	if len(table.Rows) != 6 || table.Rows[0][3] != "1.500" || table.Rows[2][2] != "failed: broken" {
		t.Errorf("the trials are %v", table.Rows)
	}
}

func equal(a, b []float64) bool {
	for i := range a {
		if len(a) != len(b) || a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestLossLine(t *testing.T) {
	m := Method{Title: "none"}
	full := func(values ...float32) lossCurve { return lossCurve{len(values), values} }
	line := lossLine(m, 0, []lossCurve{full(1, 2, 3), full(3, 2, 5), {total: 3, losses: []float32{100}}})
	if !equal(line.X, []float64{1, 2, 3}) || !equal(line.Y, []float64{2, 2, 4}) || !equal(line.Low, []float64{1, 2, 3}) || !equal(line.High, []float64{3, 2, 5}) {
		t.Errorf("two seeds, and one under way: %+v", line)
	}
	line = lossLine(m, 0, []lossCurve{full(1, 1), full(2, 1), full(3, 1)})
	if half := 4.30265 / math.Sqrt(3); math.Abs(line.High[0]-2-half) > 1e-4 || math.Abs(line.Low[0]-2+half) > 1e-4 || line.High[1] != 1 {
		t.Errorf("three seeds: %+v", line)
	}
	if line = lossLine(m, 0, []lossCurve{{total: 3, losses: []float32{5}}}); !equal(line.Y, []float64{5}) || line.Low != nil {
		t.Errorf("one seed under way: %+v", line)
	}
	if line = lossLine(m, 0, nil); len(line.X) > 0 {
		t.Errorf("no seed: %+v", line)
	}
}

func TestRowsSoFar(t *testing.T) {
	e := sampleExperiment(t)
	e.folder = held(t)
	for i := range 3 {
		finish(t, e, runfolder.Unit{Method: e.Rows[i/2].Key, Seed: i % 2, Diverged: i == 2, Seconds: 5})
	}
	rows := e.rows()
	if len(rows) != 2 || len(rows[0].Values) != 2 || rows[1].Mean != nil || rows[1].Seconds != 5 {
		t.Errorf("the rows are %+v", rows)
	}
}

func TestStyles(t *testing.T) {
	e := sampleExperiment(t)
	e.Rows = append(e.Rows, Method{Key: "varied", Title: "AutoDropout, varied", Search: controller.Reinforce, Shares: "autodropout"})
	for i, want := range []report.Style{0, 1, report.Random, report.Learned, report.Variant} {
		if got := e.style(e.Rows[i]); got != want {
			t.Errorf("%s has the style %d, want %d", e.Rows[i].Title, got, want)
		}
	}
}

func TestLivePage(t *testing.T) {
	e := sampleExperiment(t)
	before, page := e.status().Version, e.livePage()
	if page.State != "The run goes on." || len(page.Table.Rows) != 4 || page.Table.Rows[0].Mean != 10.5 || page.Table.Main != 1 || page.Pattern == nil || len(page.Search) != 2 {
		t.Errorf("the page while the run goes on is %+v", page)
	}
	e.record.end()
	if after := e.status().Version; after <= before {
		t.Errorf("the end is nothing new: version %d after %d", after, before)
	}
	if page := e.livePage(); page.State != "" {
		t.Errorf("the last page says %q", page.State)
	}
}
