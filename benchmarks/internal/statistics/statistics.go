// Package statistics compares results that scatter: means and differences with intervals of 95 %, and
// the correction for many comparisons at once.
package statistics

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Estimate is a number with its interval of 95 %.
type Estimate struct {
	N         int // values it comes from
	Value     float64
	Low, High float64 // NaN where there are too few values
	P         float64 // two-sided, of 0; NaN likewise
	Corrected float64 // P, among other comparisons; NaN likewise

	freedom float64 // degrees of freedom
}

// Sure reports whether the interval excludes zero.
func (e Estimate) Sure() bool { return e.Low > 0 || e.High < 0 }

// Student returns the estimate of a value with its standard error and degrees of
// freedom.
func Student(n int, value, se, freedom float64) Estimate {
	e := Estimate{N: n, Value: value, Low: math.NaN(), High: math.NaN(), P: math.NaN(), Corrected: math.NaN(), freedom: freedom}
	if !(freedom > 0) {
		return e
	}
	t := distuv.StudentsT{Sigma: 1, Nu: freedom}
	half := se * t.Quantile(0.975)
	e.Low, e.High = value-half, value+half
	switch {
	case se > 0:
		e.P = 2 * t.CDF(-math.Abs(value)/se)
	case value != 0:
		e.P = 0
	default:
		e.P = 1
	}
	return e
}

// Mean estimates the mean that values scatter around.
func Mean(values []float64) Estimate {
	if len(values) < 2 {
		return Student(len(values), stat.Mean(values, nil), math.NaN(), 0)
	}
	mean, std := stat.MeanStdDev(values, nil)
	n := float64(len(values))
	return Student(len(values), mean, std/math.Sqrt(n), n-1)
}

// Apart estimates how far the means of two samples are apart that have nothing in
// common, with Welch's degrees of freedom.
func Apart(x, y []float64) Estimate {
	if len(x) < 2 || len(y) < 2 {
		return Student(len(x)+len(y), stat.Mean(x, nil)-stat.Mean(y, nil), math.NaN(), 0)
	}
	mx, vx := stat.MeanVariance(x, nil)
	my, vy := stat.MeanVariance(y, nil)
	nx, ny := float64(len(x)), float64(len(y))
	vx, vy = vx/nx, vy/ny
	freedom := nx + ny - 2
	if vx+vy > 0 {
		freedom = (vx + vy) * (vx + vy) / (vx*vx/(nx-1) + vy*vy/(ny-1))
	}
	return Student(len(x)+len(y), mx-my, math.Sqrt(vx+vy), freedom)
}

// Holm fills in the corrected p of those estimates that have one: the smallest of
// m is multiplied by m, the next by m-1, and so on, none below the one before.
func Holm(all []*Estimate) {
	all = slices.DeleteFunc(slices.Clone(all), func(e *Estimate) bool { return math.IsNaN(e.P) })
	slices.SortStableFunc(all, func(a, b *Estimate) int { return cmp.Compare(a.P, b.P) })
	least := 0.0
	for i, e := range all {
		least = max(least, min(1, e.P*float64(len(all)-i)))
		e.Corrected = least
	}
}
