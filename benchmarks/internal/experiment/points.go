package experiment

import (
	"cmp"
	"slices"

	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
)

// finalists returns the n best points of a search, or all where there are fewer.
func finalists(report *controller.Report, n int) (points [][]int) {
	order := slices.Clone(report.Results)
	slices.SortStableFunc(order, func(a, b *controller.Result) int { return cmp.Compare(b.Reward, a.Reward) })
	for _, r := range order {
		point := report.Trials[r.Trial].Point
		known := slices.ContainsFunc(points, func(p []int) bool { return slices.Equal(p, point) })
		if len(points) < n && !known && !r.Failed() {
			points = append(points, point)
		}
	}
	return points
}

// chosen returns the point of a finished search that has the best mean reward over
// its trials, and that mean.
func chosen(report *controller.Report) (point []int, reward float64) {
	var tried [][]int
	var rewards []float64
	for i, r := range report.Results {
		if !r.Failed() {
			tried, rewards = append(tried, report.Trials[i].Point), append(rewards, r.Reward)
		}
	}
	return sheet.BestMean(tried, rewards)
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
