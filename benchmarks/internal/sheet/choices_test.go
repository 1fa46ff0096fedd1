package sheet

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"autodropout/controller"
)

// searched are the facts of a run with a search of so many trials, whose rewards follow
// the first of two features.
func searched(trials int) *Facts {
	f := sampleFacts()
	f.Reward.Show = func(r float64) string { return fmt.Sprintf("%.2f", r) }
	label := func(low, high float64) string { return fmt.Sprintf("%g to %g", low, high) }
	s := Search{Row: 3, Found: "about 12 % of the words", Reward: 0.75, Features: []Feature{{Name: "noise", Label: label}, {Name: "strength", Label: label}, {Name: "constant", Label: label}}}
	for i := range trials {
		s.Trials = append(s.Trials, controller.Trial{Index: i})
		s.Results = append(s.Results, &controller.Result{Trial: i, Reward: -float64(i % 9)})
		s.Features[0].Values = append(s.Features[0].Values, float64(i*i*7%31))
		s.Features[1].Values = append(s.Features[1].Values, float64(i%9))
		s.Features[2].Values = append(s.Features[2].Values, 5)
		s.Dropped = append(s.Dropped, float64(i%9)/100)
	}
	f.Searches = []Search{s}
	return f
}

// TestImportance names the choice that decides the rewards, with where they are best.
func TestImportance(t *testing.T) {
	f := searched(36)
	tables, note := importances(f)
	if len(tables) != 1 || len(tables[0].Rows) != 2 || !strings.Contains(note, "corrected") {
		t.Fatalf("the tables are %v, below them %q", tables, note)
	}
	first, second := tables[0].Rows[0], tables[0].Rows[1]
	if first[0] != "strength" || first[2] != "0 to 2 (-1.00)" || !strings.HasPrefix(first[3], "hardly") {
		t.Errorf("the first line is %q", first)
	}
	if second[0] != "noise" || !strings.HasPrefix(second[3], "may be chance") {
		t.Errorf("the second line is %q", second)
	}
	if tables, note = importances(searched(fewTrials - 1)); len(tables) != 0 || !strings.Contains(note, "Too few trials to tell which choices mattered, of at least 12 that succeed: “AutoDropout” (11 trials).") {
		t.Errorf("few trials have the tables %v, below them %q", tables, note)
	}
	if tables, note = importances(sampleFacts()); len(tables) != 0 || note != "" {
		t.Errorf("searches without choices have the tables %v, below them %q", tables, note)
	}
}

func TestClasses(t *testing.T) {
	label := func(low, high float64) string { return fmt.Sprintf("%g-%g", low, high) }
	nan := math.NaN()
	for _, c := range []struct {
		values  []float64
		apart   bool
		classes []int
		labels  string
	}{
		{[]float64{3, 1, 2}, false, []int{2, 0, 1}, "1-1 2-2 3-3"},
		{[]float64{1, 2, 3, 4, 5, 6}, false, []int{0, 0, 1, 1, 2, 2}, "1-2 3-4 5-6"},
		{[]float64{1, 2, 3, 4}, true, []int{0, 1, 2, 3}, "1-1 2-2 3-3 4-4"},
		{[]float64{1, 1, 1, 1, 1, 1, 2, 3, 4}, false, []int{0, 0, 0, 0, 0, 0, 1, 1, 1}, "1-1 2-4"},
		{[]float64{nan, 7, 7}, false, []int{1, 0, 0}, "7-7 where it does not count"},
		{[]float64{nan, nan}, false, []int{0, 0}, "where it does not count"},
	} {
		f := Feature{Apart: c.apart, Label: label}
		classes, labels := f.classes(c.values)
		if !slices.Equal(classes, c.classes) || strings.Join(labels, " ") != c.labels {
			t.Errorf("%v: classes %v, %q, want %v, %q", c.values, classes, labels, c.classes, c.labels)
		}
	}
}

// TestRewardsHaveOneUnit: an accuracy is in per cent wherever a page has it.
func TestRewardsHaveOneUnit(t *testing.T) {
	f := searched(12)
	f.Reward.Unit, f.Reward.Scale = "%", func(r float64) float64 { return 100 * r }
	f.Reward.Show = func(r float64) string { return fmt.Sprintf("%.2f %%", 100*r) }
	charts := searchCharts(f)
	if len(charts) != 3 || charts[0].Y != "accuracy, %, on the held-out images" || charts[0].Lines[0].Y[1] != -100 || charts[1].Lines[0].Y[1] != -100 || charts[0].Lines[1].Y[0] != 0 {
		t.Errorf("the charts are %+v", charts)
	}
	if shares := charts[1]; shares.Lines[0].X[1] != 1 || !shares.Measured {
		t.Errorf("against the share dropped: %+v", shares)
	}
	if chart := RewardChart(f); chart.Y != "accuracy, %, on the held-out images" {
		t.Errorf("the file's axis counts %q", chart.Y)
	}
	if f.Searches[0].Results[1].Reward != -1 {
		t.Error("the charts have changed the rewards")
	}
	var b strings.Builder
	if err := Page(f, "").Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"What was found", "about 12 % of the words", "75.00 %", "Which choices mattered", "Reward against the share dropped"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page does not have %q", want)
		}
	}
}
