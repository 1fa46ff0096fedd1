package sheet

import (
	"math"
	"slices"
	"strings"
	"testing"

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
	lower, higher := Facts{Result: &runfolder.Result{Unit: "%"}}, Facts{Result: &runfolder.Result{}, Higher: true}
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

// sampleFacts are those of a run that has finished.
func sampleFacts() *Facts {
	f := &Facts{
		Name: "try", Seeds: 2, Training: 5,
		Result: &runfolder.Result{Split: "test", Metric: "error", Unit: "%"},
		Rows: []Row{{Title: "none"}, {Title: "Dropout", Kind: HandMade}, {Title: "random-search pattern", Kind: Random}, {Title: "AutoDropout", Kind: Learned},
			{Title: "AutoDropout, varied", Kind: Learned, Varied: true}},
		Reward:  Reward{Name: "accuracy", Where: "held-out images", Shown: "accuracy", Show: func(r float64) string { return "high" }},
		Pattern: &report.Pattern{Words: "It drops something."},
	}
	for i, row := range f.Rows[:4] {
		scores := []runfolder.Score{{Value: float64(10 - 3*i)}, {Value: float64(11 - 3*i)}}
		f.Result.Rows = append(f.Result.Rows, runfolder.NewRow(row.Title, scores, 0, 10, nil))
	}
	for at := 2; at < 4; at++ {
		f.Searches = append(f.Searches, Search{Row: at, Report: controller.Report{
			Trials:  []controller.Trial{{Entropy: 1.5}, {Index: 1}, {Index: 2}},
			Results: []*controller.Result{{Reward: 0.5, Seconds: 2}, {Trial: 1, Reward: 0.75, Seconds: 5}, {Trial: 2, Error: "broken", Seconds: 3}},
		}})
	}
	return f
}

func TestSummary(t *testing.T) {
	summary := Summary(sampleFacts())
	for _, want := range []string{
		"The best test error, 1.50 % (mean of 2 seeds, standard deviation 0.71), is that of “AutoDropout”. Next comes “random-search pattern”, 3.00 ± 0.00 points worse",
		"“AutoDropout” has 1.50 % (mean of 2 seeds, standard deviation 0.71): 9.00 ± 0.00 points better than “none”, which is hardly chance, and 3.00 ± 0.00 points better than “random-search pattern”",
		"It drops something.",
		"the search for “AutoDropout” took 3 trials, 10s of training or 2.0 final trainings, and reached accuracy high on the held-out images",
		"95 %, paired by seed; they do not cover the luck of a search.",
	} {
		if !strings.Contains(summary, want) {
			t.Errorf("the summary does not say %q:\n%s", want, summary)
		}
	}
	if got := Summary(&Facts{Result: &runfolder.Result{}}); got != "" {
		t.Errorf("the summary of nothing is %q", got)
	}
}

// TestCompared: what rewards vary by is told with the reference and without it, where there is one.
func TestCompared(t *testing.T) {
	f := sampleFacts()
	f.Reference = "none"
	var results []*controller.Result
	for i, reward := range []float64{10, 20, 11, 22, 12, 21} { // the first two are the reference
		results = append(results, &controller.Result{Trial: i, Reward: reward})
	}
	f.Searches = []Search{{Row: 3, Report: controller.Report{Trials: make([]controller.Trial, 6), Results: results}}}
	if got := f.compared(); got != "" {
		t.Errorf("without a reference it says %q", got)
	}
	f.Searches[0].References = 2
	want := "The rewards of the search for “AutoDropout” have a standard deviation of 5.802, and of 0.5774 less the reward of “none” with the same seed (2 seeds)."
	if got := f.compared(); got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

func TestSearchCharts(t *testing.T) {
	f := sampleFacts()
	charts := searchCharts(f)
	if len(charts) != 2 || len(charts[0].Lines) != 4 || len(charts[1].Lines) != 2 {
		t.Fatalf("the charts are %+v", charts)
	}
	points, best := charts[0].Lines[2], charts[0].Lines[3]
	if points.Style != report.Learned.Style(0) || len(points.X) != 2 || points.Y[1] != 0.75 {
		t.Errorf("the points are %+v", points)
	}
	// A step at trial 2; the third trial failed and changes nothing.
	if want := []float64{1, 2, 2, 3}; !slices.Equal(best.X, want) || !slices.Equal(best.Y, []float64{0.5, 0.5, 0.75, 0.75}) {
		t.Errorf("the best so far are %v at %v", best.Y, best.X)
	}
	if chart := RewardChart(f); len(chart.Lines) != 2 || !slices.Equal(chart.Lines[1].Y, best.Y) || !slices.Equal(chart.Lines[1].X, best.X) {
		t.Errorf("the file has the best %+v, the page %+v", chart.Lines, best)
	}
	table := trialTable(f)
	if len(table.Rows) != 6 || table.Rows[0][3] != "1.500" || table.Rows[2][2] != "failed: broken" {
		t.Errorf("the trials are %v", table.Rows)
	}
}

func TestLossLine(t *testing.T) {
	full := func(values ...float32) Losses { return Losses{len(values), values} }
	line := LossLine(Row{Losses: []Losses{full(1, 2, 3), full(3, 2, 5), {Total: 3, Values: []float32{100}}}}, 0)
	if !slices.Equal(line.X, []float64{1, 2, 3}) || !slices.Equal(line.Y, []float64{2, 2, 4}) || !slices.Equal(line.Low, []float64{1, 2, 3}) || !slices.Equal(line.High, []float64{3, 2, 5}) {
		t.Errorf("two seeds, and one under way: %+v", line)
	}
	line = LossLine(Row{Losses: []Losses{full(1, 1), full(2, 1), full(3, 1)}}, 0)
	if half := 4.30265 / math.Sqrt(3); math.Abs(line.High[0]-2-half) > 1e-4 || math.Abs(line.Low[0]-2+half) > 1e-4 || line.High[1] != 1 {
		t.Errorf("three seeds: %+v", line)
	}
	if line = LossLine(Row{Losses: []Losses{{Total: 3, Values: []float32{5}}}}, 0); !slices.Equal(line.Y, []float64{5}) || line.Low != nil {
		t.Errorf("one seed under way: %+v", line)
	}
	if line = LossLine(Row{}, 0); len(line.X) > 0 {
		t.Errorf("no seed: %+v", line)
	}
	x, y := (Losses{160, []float32{1, 3, 5, 7, 10}}).smooth()
	if !slices.Equal(x, []float64{1.5, 3.5, 5}) || !slices.Equal(y, []float64{2, 6, 10}) {
		t.Errorf("the smoothed losses are %v at %v", y, x)
	}
}

// TestStyles takes every choice from sixteen rows of all kinds: no two of its rows look
// alike.
func TestStyles(t *testing.T) {
	all := []Kind{Plain, Plain, HandMade, HandMade, HandMade, HandMade, HandMade, Random, Learned, Learned, Learned, Ablated, Ablated, Ablated, Given, Given}
	for choice := range 1 << len(all) {
		var kinds []Kind
		for i, k := range all {
			if choice>>i&1 == 1 {
				kinds = append(kinds, k)
			}
		}
		seen := map[report.Style]bool{}
		for i, style := range Styles(kinds) {
			if seen[style] {
				t.Fatalf("row %d of %v looks like another", i, kinds)
			}
			seen[style] = true
		}
	}
}

func TestPage(t *testing.T) {
	page := Page(sampleFacts(), "The run goes on.")
	if page.State != "The run goes on." || len(page.Table.Rows) != 4 || page.Table.Rows[0].Mean != 10.5 || page.Table.Main != 1 || page.Pattern == nil || len(page.Search) != 2 {
		t.Errorf("the page is %+v", page)
	}
	if looks := page.Table.Rows[3].Style; looks != page.Search[0].Lines[3].Style {
		t.Errorf("AutoDropout has the style %d in the table, %d in the chart of its search", looks, page.Search[0].Lines[3].Style)
	}
	// What has not begun is not said to be missing.
	for _, c := range []struct {
		kind Kind
		want string
	}{{Learned, "No search has begun yet."}, {HandMade, "This run has searched no pattern."}} {
		facts := sampleFacts()
		facts.Searches = nil
		for i := range facts.Rows {
			facts.Rows[i].Kind = c.kind
		}
		var b strings.Builder
		if err := Page(facts, "").Write(&b); err != nil || !strings.Contains(b.String(), c.want) {
			t.Errorf("before its search a run with rows of kind %v does not say %q, error %v", c.kind, c.want, err)
		}
	}
}
