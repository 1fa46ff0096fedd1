package experiment

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/dropout"
)

func TestRows(t *testing.T) {
	table := []Row{
		{Key: "none", Title: "none"},
		{Key: "random", Title: "random search", Kind: sheet.Random},
		{Key: "learned", Title: "AutoDropout", Kind: sheet.Learned},
	}
	plan := Plan{Methods: []string{"learned", "none"}, Algorithm: "ppo"}
	rows := plan.Rows(table)
	if !slices.Equal(Keys(rows), []string{"none", "learned"}) || rows[1].Algorithm != controller.PPO || !searches(rows) {
		t.Errorf("the rows are %+v", rows)
	}
	plan.Pattern = "some/best.json"
	rows = plan.Rows(table)
	if !slices.Equal(Keys(rows), []string{"none", "pattern"}) || rows[1].Title != "pattern best.json" || rows[1].Kind != sheet.Given || searches(rows) {
		t.Errorf("with a pattern the rows are %+v", rows)
	}
	policy := func([]dropout.Site) (dropout.Policy, error) { return nil, nil }
	table = append(table, Row{Key: "transferred", Title: "AutoDropout (transferred)", Policy: policy, Kind: sheet.Given})
	plan.Methods = append(plan.Methods, "transferred")
	rows = plan.Rows(table)
	if last := rows[1]; len(rows) != 2 || last.Title != "AutoDropout (transferred), best.json" || last.Kind != sheet.Given || last.Policy != nil {
		t.Errorf("with a pattern for a row of the table the rows are %+v", rows)
	}
	plan.Pattern = ""
	rows = plan.Rows(table)
	if last := rows[2]; len(rows) != 3 || last.Title != "AutoDropout (transferred)" || !last.Kind.Controlled() || last.Policy == nil {
		t.Errorf("without a pattern for a row of the table the rows are %+v", rows)
	}
	table[3] = Transferred("transferred", "AutoDropout (transferred)", func(float64, []dropout.Site) (dropout.Policy, error) { return nil, nil })
	if last := plan.Rows(table)[2]; last.Kind != sheet.Given || last.Policy == nil || last.searches() {
		t.Errorf("a row of the table for a pattern is %+v", last)
	}
	plan.TunePattern = true
	if last := plan.Rows(table)[2]; !last.tuned() || last.Policy != nil || last.Rated.Policy == nil {
		t.Errorf("with -tune-pattern a row of the table for a pattern is %+v", last)
	}
	plan.Pattern = "some/best.json"
	if last := plan.Rows(table)[1]; !last.tuned() || last.Rated.Policy != nil || last.Kind != sheet.Given || !slices.Contains(last.Rated.Rates, 1) {
		t.Errorf("with -pattern and -tune-pattern a row of the table for a pattern is %+v", last)
	}
	also := append(table[:3:3], Row{Key: "varied", Title: "varied", Kind: sheet.Learned, Shares: "learned", Network: Varied})
	plan.Methods = []string{"none", "learned", "varied"}
	rows = plan.Rows(also)
	if !slices.Equal(Keys(rows), []string{"none", "pattern", "pattern-varied"}) || !rows[1].tuned() || !rows[2].tuned() || rows[2].searchKey() != "pattern" || rows[2].Network != Varied {
		t.Errorf("with -pattern and -tune-pattern the rows are %+v", rows)
	}
	plan.Pattern, plan.TunePattern = "", false
	plan.Tune, plan.Methods = true, []string{"none", "hand"}
	rows = plan.Rows(append(table, HandMade("hand", "hand-made", 0.5, func(float64, []dropout.Site) (dropout.Policy, error) { return nil, nil }, 0.1, 0.2)))
	if last := rows[1]; len(rows) != 2 || last.Algorithm != controller.Grid || last.Policy != nil || last.Kind.Controlled() || rows[0].searches() {
		t.Errorf("with -tune the rows are %+v", rows)
	}
	wrong := Row{Title: "wrong", Policy: func([]dropout.Site) (dropout.Policy, error) { return nil, errors.New("no such rate") }}
	var wrongUse *usage.Error
	if err := checkPolicies([]Row{rows[0], wrong}, nil); !errors.As(err, &wrongUse) || wrongUse.Message != "wrong: no such rate" {
		t.Errorf("a policy that cannot be made gives error %v", err)
	}
}

// TestChosen: the mean counts, over the trials that did not fail.
func TestChosen(t *testing.T) {
	report := &controller.Report{}
	for i, reward := range []float64{-0.25, -0.125, -0.25, -1.5, -1.75} {
		report.Trials = append(report.Trials, controller.Trial{Index: i, Point: []int{i % 2}})
		report.Results = append(report.Results, &controller.Result{Trial: i, Reward: reward})
	}
	failed := &controller.Result{Trial: 5, Error: "diverged"}
	report.Trials, report.Results = append(report.Trials, controller.Trial{Index: 5, Point: []int{2}}), append(report.Results, failed)
	if point, reward := chosen(report); point[0] != 0 || reward != -0.75 {
		t.Errorf("point %v is chosen, with reward %v", point, reward)
	}
	if points := Finalists(report, 3, nil); len(points) != 2 || points[0][0] != 1 || points[1][0] != 0 {
		t.Errorf("the finalists are %v", points)
	}
}

func TestBudget(t *testing.T) {
	plan := Plan{Trials: 9, Finalists: 1}
	tuned, searched := Row{Kind: sheet.HandMade, Algorithm: controller.Grid}, Row{Kind: sheet.Learned, Algorithm: controller.PPO}
	for _, c := range []struct{ tuneTrials, tuned int }{{0, 9}, {4, 4}} {
		plan.TuneTrials = c.tuneTrials
		if got := []int{plan.budget(tuned), plan.sampled(tuned), plan.budget(searched), plan.sampled(searched)}; !slices.Equal(got, []int{c.tuned, c.tuned, 9, 6}) {
			t.Errorf("with -tune-trials %d there are %v trials", c.tuneTrials, got)
		}
	}
}

// TestFinalists: the best of the points that a search began with, by its mean, is a finalist.
func TestFinalists(t *testing.T) {
	report := &controller.Report{}
	for i, reward := range []float64{1, 4, 2, 3, 1, 5, 2.5, 2.75} {
		report.Trials = append(report.Trials, controller.Trial{Index: i, Point: []int{i / 2 * (i / 4)}})
		report.Results = append(report.Results, &controller.Result{Trial: i, Reward: reward})
	}
	for _, c := range []struct {
		starts [][]int
		want   string
	}{{nil, "[[2] [0] [3]]"}, {[][]int{{3}}, "[[3] [2] [0]]"}, {[][]int{{3}, {2}}, "[[2] [0] [3]]"}, {[][]int{{9}}, "[[2] [0] [3]]"}} {
		if got := fmt.Sprint(Finalists(report, 3, c.starts)); got != c.want {
			t.Errorf("of a search that began with %v the finalists are %s, want %s", c.starts, got, c.want)
		}
	}
	if got := fmt.Sprint(Finalists(report, 1, [][]int{{3}})); got != "[[2]]" {
		t.Errorf("the only finalist is %s, want the best", got)
	}
}

// TestImproved: the means over the seeds count, of the starts and of all points.
func TestImproved(t *testing.T) {
	report := &controller.Report{}
	for i, reward := range []float64{1, 1, 2, 3, 1, 2, 0, 9} {
		report.Trials = append(report.Trials, controller.Trial{Index: i, Point: []int{i / 2}})
		report.Results = append(report.Results, &controller.Result{Trial: i, Reward: reward})
	}
	if points := improved(report, [][]int{{0}, {1}}); len(points) != 2 || points[0][0] != 1 || points[1][0] != 3 {
		t.Errorf("the points are %v, want those of trials 3 and 7", points)
	}
	report.Results[7].Reward = 0
	if points := improved(report, [][]int{{0}, {1}}); len(points) != 1 || points[0][0] != 1 {
		t.Errorf("the points are %v where nothing is better", points)
	}
}

// spaced is a subject that knows its space only.
type spaced struct {
	Subject[Pattern]
	space dropout.Space
}

func (s spaced) Space() (dropout.Space, error) { return s.space, nil }

// TestAblatedSpace: a search that goes without a token has a space without it.
func TestAblatedSpace(t *testing.T) {
	all := trials[Pattern]{&setup[Pattern]{subject: spaced{space: dropout.ConvSpace([]int{1})}}}
	for _, row := range []Row{{}, {Ablated: func(s dropout.Space) dropout.Space { return s.With("rotate", 0) }}} {
		space, err := all.space(row)
		if err != nil {
			t.Fatal(err)
		}
		rotate := space.Choices[slices.IndexFunc(space.Choices, func(t dropout.Choice) bool { return t.Name == "rotate" })]
		if (len(rotate.Values) == 1) != (row.Ablated != nil) {
			t.Errorf("rotate has the values %v", rotate.Values)
		}
	}
}

func TestLoadPattern(t *testing.T) {
	dir := t.TempDir()
	pattern := &dropout.SequencePattern{}
	for i := range pattern.Places {
		pattern.Places[i].Size = 1
	}
	pattern.Places[0].Drop = 0.5
	path := filepath.Join(dir, "sequence.json")
	if err := pattern.Save(path); err != nil {
		t.Fatal(err)
	}
	query := []dropout.Site{{Name: "q", Kind: dropout.Query, Stages: 1, Blocks: 1}}
	if got, err := loadPattern[*dropout.SequencePattern](path, query); err != nil || got.String() != pattern.String() {
		t.Errorf("the pattern is read as %v, error %v", got, err)
	}
	if _, err := loadPattern[*dropout.SequencePattern](path, nil); err == nil {
		t.Error("a pattern is read for a network without its sites")
	}
	if _, err := loadPattern[*dropout.ConvPattern](path, query); err == nil {
		t.Error("a pattern is read as one of another kind")
	}
}
