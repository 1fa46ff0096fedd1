package statistics

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Nested estimates a mean over groups of values, such as the differences of final
// trainings with what each of several searches has found: the groups scatter, and the
// values within them do. Each group counts alike. Where the means of the groups scatter by more
// than their values explain, they are the sample; where they do not, the scatter within
// the groups is that of all. A single group says nothing of how groups scatter: its
// estimate is [Mean].
func Nested(groups [][]float64) Estimate {
	var means, last []float64
	n, squares, freedom, shares := 0, 0., 0, 0.
	for _, g := range groups {
		if len(g) == 0 {
			continue
		}
		mean := stat.Mean(g, nil)
		for _, v := range g {
			squares += (v - mean) * (v - mean)
		}
		means, last = append(means, mean), g
		n += len(g)
		freedom += len(g) - 1
		shares += 1 / float64(len(g))
	}
	if len(means) < 2 {
		return Mean(last)
	}
	k := float64(len(means))
	mean, between := stat.MeanVariance(means, nil)
	if freedom > 0 {
		if within := squares / float64(freedom) * shares / k; within > between { // of the mean of a group
			return Student(n, mean, math.Sqrt(within/k), float64(freedom))
		}
	}
	return Student(n, mean, math.Sqrt(between/k), k-1)
}

// Detectable returns the difference that such a sample would have shown to differ from
// zero, at 5 %, with a probability of 80 %; NaN where there are too few values.
func (e Estimate) Detectable() float64 {
	if math.IsNaN(e.Low) {
		return math.NaN()
	}
	t := distuv.StudentsT{Sigma: 1, Nu: e.freedom}
	return e.StandardError() * (t.Quantile(0.975) + t.Quantile(0.8))
}

// StandardError returns that of the value; NaN where there are too few values.
func (e Estimate) StandardError() float64 {
	if math.IsNaN(e.Low) {
		return math.NaN()
	}
	return (e.High - e.Low) / 2 / distuv.StudentsT{Sigma: 1, Nu: e.freedom}.Quantile(0.975)
}
