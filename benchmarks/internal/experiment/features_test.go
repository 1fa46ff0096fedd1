package experiment

import (
	"math"
	"slices"
	"testing"

	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/dropout"
)

// conv is a subject whose searches are for patterns of a ConvNet.
type conv struct{ Subject[Pattern] }

func (conv) Space() (dropout.Space, error) { return dropout.ConvSpace([]int{1, 1}), nil }

func (conv) Decode(space dropout.Space, point []int, _ dropout.Origin) (Pattern, error) {
	return dropout.DecodeConv(space, point)
}

// TestDescribe tells of trials what they drop and choose, and of a search what it found.
func TestDescribe(t *testing.T) {
	s := &trials[Pattern]{&setup[Pattern]{subject: conv{}, about: About{Side: 8}}}
	space, _ := conv{}.Space()
	none := make([]int, space.Decisions()) // of size 0: nothing else counts
	whole := slices.Clone(none)
	size := slices.IndexFunc(space.Choices, func(c dropout.Choice) bool { return c.Name == "size" })
	repeat := slices.IndexFunc(space.Choices, func(c dropout.Choice) bool { return c.Name == "repeat" })
	whole[size], whole[repeat] = len(space.Choices[size].Values)-1, len(space.Choices[repeat].Values)-1
	search := &sheet.Search{Report: controller.Report{
		Trials:  []controller.Trial{{Point: none}, {Index: 1, Point: whole}, {Index: 2}, {Index: 3, Point: whole}},
		Results: []*controller.Result{{Reward: 0.5}, {Trial: 1, Reward: 0.75}, nil, {Trial: 3, Reward: 0.65}},
	}}
	s.describe(Row{Key: "autodropout", Kind: sheet.Learned}, search)
	if len(search.Dropped) != 4 || search.Dropped[0] != 0 || !(search.Dropped[1] > 0.1) || !math.IsNaN(search.Dropped[2]) {
		t.Fatalf("the trials drop %v", search.Dropped)
	}
	feature := func(name string) []float64 {
		for _, f := range search.Features {
			if f.Name == name {
				return f.Values
			}
		}
		t.Fatalf("there is no %q among %+v", name, search.Features)
		return nil
	}
	if got := feature("repeat"); !math.IsNaN(got[0]) || got[1] != space.Choices[repeat].Values[whole[repeat]] || !math.IsNaN(got[2]) {
		t.Errorf("repeat is %v, and does not count where nothing is dropped", got)
	}
	if got := feature("share of the cells in stage 1"); got[1] != 2*search.Dropped[1] || feature("share of the cells in stage 2")[1] != 0 {
		t.Errorf("stage 1 drops %v, both %v", got, search.Dropped)
	}
	if got := search.Reward; math.Abs(got-0.7) > 1e-12 || search.Found == "" {
		t.Errorf("found is %q with %v, the mean of two trials", search.Found, got)
	}
	rates := &sheet.Search{Report: search.Report}
	s.describe(Row{Key: "dropout", Kind: sheet.HandMade, Algorithm: controller.Grid, Rated: &Rated{Rates: []float64{0.1}}}, rates)
	if rates.Features != nil {
		t.Errorf("rates have the features %+v", rates.Features)
	}
}
