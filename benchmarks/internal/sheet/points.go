package sheet

import (
	"slices"

	"gonum.org/v1/gonum/stat"
)

// BestMean returns the point with the best mean reward over the trials that tried it,
// and that mean: how a search chooses. Without trials the point is nil.
func BestMean(tried [][]int, rewards []float64) (point []int, reward float64) {
	points, of := ByPoint(tried, rewards)
	for i, p := range points {
		if mean := stat.Mean(of[i], nil); point == nil || mean > reward {
			point, reward = p, mean
		}
	}
	return point, reward
}

// ByPoint returns the points that trials tried, in the order of their first ones, and
// the rewards of each.
func ByPoint(tried [][]int, rewards []float64) (points [][]int, of [][]float64) {
	for i, choices := range tried {
		at := slices.IndexFunc(points, func(p []int) bool { return slices.Equal(p, choices) })
		if at < 0 {
			at = len(points)
			points, of = append(points, choices), append(of, nil)
		}
		of[at] = append(of[at], rewards[i])
	}
	return points, of
}
