package main

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// estimate is a number with its interval of 95 %.
type estimate struct {
	n         int // values it comes from
	value     float64
	low, high float64 // NaN where there are too few values
	p         float64 // two-sided, of 0; NaN likewise
	corrected float64 // p, among other comparisons; NaN likewise
}

// sure reports whether the interval excludes zero.
func (e estimate) sure() bool { return e.low > 0 || e.high < 0 }

// student returns the estimate of a value with its standard error and degrees of
// freedom.
func student(n int, value, se, freedom float64) estimate {
	e := estimate{n: n, value: value, low: math.NaN(), high: math.NaN(), p: math.NaN(), corrected: math.NaN()}
	if !(freedom > 0) {
		return e
	}
	t := distuv.StudentsT{Sigma: 1, Nu: freedom}
	half := se * t.Quantile(0.975)
	e.low, e.high = value-half, value+half
	switch {
	case se > 0:
		e.p = 2 * t.CDF(-math.Abs(value)/se)
	case value != 0:
		e.p = 0
	default:
		e.p = 1
	}
	return e
}

// meanOf estimates the mean that values scatter around.
func meanOf(values []float64) estimate {
	if len(values) < 2 {
		return student(len(values), stat.Mean(values, nil), math.NaN(), 0)
	}
	mean, std := stat.MeanStdDev(values, nil)
	n := float64(len(values))
	return student(len(values), mean, std/math.Sqrt(n), n-1)
}

// apart estimates how far the means of two samples are apart that have nothing in
// common, with Welch's degrees of freedom.
func apart(x, y []float64) estimate {
	if len(x) < 2 || len(y) < 2 {
		return student(len(x)+len(y), stat.Mean(x, nil)-stat.Mean(y, nil), math.NaN(), 0)
	}
	mx, vx := stat.MeanVariance(x, nil)
	my, vy := stat.MeanVariance(y, nil)
	nx, ny := float64(len(x)), float64(len(y))
	vx, vy = vx/nx, vy/ny
	freedom := nx + ny - 2
	if vx+vy > 0 {
		freedom = (vx + vy) * (vx + vy) / (vx*vx/(nx-1) + vy*vy/(ny-1))
	}
	return student(len(x)+len(y), mx-my, math.Sqrt(vx+vy), freedom)
}

// holm fills in the corrected p of those estimates that have one: the smallest of
// m is multiplied by m, the next by m-1, and so on, none below the one before.
func holm(all []*estimate) {
	all = slices.DeleteFunc(slices.Clone(all), func(e *estimate) bool { return math.IsNaN(e.p) })
	slices.SortStableFunc(all, func(a, b *estimate) int { return cmp.Compare(a.p, b.p) })
	least := 0.0
	for i, e := range all {
		least = max(least, min(1, e.p*float64(len(all)-i)))
		e.corrected = least
	}
}

// pearson estimates the correlation of two columns, by Fisher's transformation.
func pearson(x, y []float64) estimate { return correlation(x, y, 0) }

// spearman estimates the correlation of their ranks, with the variance of Bonett
// and Wright (2000).
func spearman(x, y []float64) estimate { return correlation(ranks(x), ranks(y), 0.5) }

// correlation has a variance, once transformed, of (1 + extra r²)/(n-3).
func correlation(x, y []float64, extra float64) estimate {
	r := min(max(stat.Correlation(x, y, nil), -1), 1) // rounding may lead beyond
	e := student(len(x), r, math.NaN(), 0)
	if len(x) < 4 || math.IsNaN(r) {
		return e
	}
	z, se := math.Atanh(r), math.Sqrt((1+extra*r*r)/float64(len(x)-3))
	half := se * distuv.UnitNormal.Quantile(0.975)
	e.low, e.high = math.Tanh(z-half), math.Tanh(z+half)
	e.p = 2 * distuv.UnitNormal.CDF(-math.Abs(z)/se)
	return e
}

// ranks returns the ranks of values from 1 on, the mean rank where some are equal.
func ranks(values []float64) []float64 {
	sorted := slices.Sorted(slices.Values(values))
	out := make([]float64, len(values))
	for i, v := range values {
		lo, _ := slices.BinarySearch(sorted, v)
		hi, _ := slices.BinarySearchFunc(sorted, v, func(a, b float64) int {
			if a > b {
				return 1
			}
			return -1
		})
		out[i] = float64(lo+1+hi) / 2
	}
	return out
}

// spread divides the variance of values that come in groups.
type spread struct {
	within, between float64 // standard deviations
	freedom         int     // of within; 0: nothing is known
}

// spreadOf is a one-way analysis of variance. What lies between the groups beyond
// the scatter of their means is 0 at least.
func spreadOf(groups [][]float64) spread {
	var s spread
	var all, sizes []float64
	squares := 0.0 // within groups
	for _, g := range groups {
		if len(g) == 0 {
			continue
		}
		all = append(all, g...)
		sizes = append(sizes, float64(len(g)))
		mean := stat.Mean(g, nil)
		for _, v := range g {
			squares += (v - mean) * (v - mean)
		}
		s.freedom += len(g) - 1
	}
	if s.freedom == 0 || len(sizes) < 2 {
		return spread{}
	}
	within := squares / float64(s.freedom)
	total := stat.Variance(all, nil) * float64(len(all)-1)
	n, k, large := float64(len(all)), float64(len(sizes)), 0.0
	for _, size := range sizes {
		large += size * size
	}
	between := (total - squares) / (k - 1)
	s.within = math.Sqrt(within)
	s.between = math.Sqrt(max(0, (between-within)/((n-large/n)/(k-1))))
	return s
}

// highest returns about how many standard deviations the highest of n normal
// values lies above their mean (Blom 1958).
func highest(n int) float64 {
	if n < 2 {
		return 0
	}
	return distuv.UnitNormal.Quantile((float64(n) - 0.375) / (float64(n) + 0.25))
}

// uneven returns the p of counts as far from the expected shares as these, or
// farther, by Pearson's chi-squared test.
func uneven(counts, shares []float64) float64 {
	if len(counts) < 2 {
		return math.NaN()
	}
	all, sum := floats.Sum(counts), 0.0
	for i, c := range counts {
		expected := all * shares[i]
		sum += (c - expected) * (c - expected) / expected
	}
	return distuv.ChiSquared{K: float64(len(counts) - 1)}.Survival(sum)
}
