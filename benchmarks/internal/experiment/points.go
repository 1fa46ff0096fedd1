package experiment

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/seed"
)

// Finalists returns the n best points of a search, or all where there are fewer. The best of
// those that it began with is among them where there are several: a lucky trial does not
// replace what is good.
func Finalists(report *controller.Report, n int, starts [][]int) (points [][]int) {
	if first, _ := chosen(begun(report, starts)); first != nil && n > 1 {
		points = append(points, first)
	}
	gains := report.Gains()
	var order []int
	for i, gain := range gains {
		if !math.IsNaN(gain) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(gains[b], gains[a]) })
	for _, i := range order {
		point := report.Trials[i].Point
		if len(points) < n && !slices.ContainsFunc(points, func(p []int) bool { return slices.Equal(p, point) }) {
			points = append(points, point)
		}
	}
	return points
}

// improved returns the best of the points that a coordinate ascent began with and the
// best of all, by their means over its seeds: the same seeds chose them, and others are to
// say how far they are apart. It is one point where nothing was better.
func improved(report *controller.Report, starts [][]int) (points [][]int) {
	for _, r := range []*controller.Report{begun(report, starts), report} {
		if point, _ := chosen(r); point != nil && !slices.ContainsFunc(points, func(p []int) bool { return slices.Equal(p, point) }) {
			points = append(points, point)
		}
	}
	return points
}

// begun returns the trials of the points that a search began with.
func begun(report *controller.Report, starts [][]int) *controller.Report {
	begun := &controller.Report{}
	for i, t := range report.Trials {
		if slices.ContainsFunc(starts, func(p []int) bool { return slices.Equal(p, t.Point) }) {
			begun.Trials, begun.Results = append(begun.Trials, t), append(begun.Results, report.Results[i])
		}
	}
	return begun
}

// chosen returns the point of a search that is best on average over its trials, and its mean
// reward.
func chosen(report *controller.Report) (point []int, reward float64) {
	var tried [][]int
	var gains, rewards []float64
	for i, gain := range report.Gains() {
		if !math.IsNaN(gain) {
			tried, gains, rewards = append(tried, report.Trials[i].Point), append(gains, gain), append(rewards, report.Results[i].Reward)
		}
	}
	point, _ = sheet.BestMean(tried, gains)
	if points, of := sheet.ByPoint(tried, rewards); point != nil {
		at := slices.IndexFunc(points, func(p []int) bool { return slices.Equal(p, point) })
		reward = stat.Mean(of[at], nil)
	}
	return point, reward
}

// shuffled returns what a search has found with its blocks, or places, in another order,
// which is that of the final training with seed k.
func (s *searcher[P]) shuffled(f *finding[P], k int) (Dropped[P], error) {
	point := f.space.Shuffle(f.point, seed.New(uint64(s.plan.Seed), "shuffled", uint64(k)))
	return s.candidate(f.row, f.space, point, dropout.Origin{Task: s.about.Dataset, Model: s.about.Child, Note: "a control: what a search has found, in another order"})
}

// checkpoint returns that of a trial of a row's search, or of those that try its
// finalists again.
func (s *searcher[P]) checkpoint(row Row, again bool, trial int) string {
	folder := s.folder.Search(row.searchKey())
	if again {
		return folder.Finalist(trial)
	}
	return folder.Trial(trial)
}

// finalistsSuffix makes the name of a search that of its finalists' trainings.
const finalistsSuffix = "-finalists"
