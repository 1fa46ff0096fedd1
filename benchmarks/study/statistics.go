package main

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"autodropout/benchmarks/internal/statistics"
)

// pearson estimates the correlation of two columns, by Fisher's transformation.
func pearson(x, y []float64) statistics.Estimate { return correlation(x, y, 0) }

// spearman estimates the correlation of their ranks, with the variance of Bonett
// and Wright (2000).
func spearman(x, y []float64) statistics.Estimate { return correlation(ranks(x), ranks(y), 0.5) }

// correlation has a variance, once transformed, of (1 + extra r²)/(n-3).
func correlation(x, y []float64, extra float64) statistics.Estimate {
	r := min(max(stat.Correlation(x, y, nil), -1), 1) // rounding may lead beyond
	e := statistics.Student(len(x), r, math.NaN(), 0)
	if len(x) < 4 || math.IsNaN(r) {
		return e
	}
	z, se := math.Atanh(r), math.Sqrt((1+extra*r*r)/float64(len(x)-3))
	half := se * distuv.UnitNormal.Quantile(0.975)
	e.Low, e.High = math.Tanh(z-half), math.Tanh(z+half)
	e.P = 2 * distuv.UnitNormal.CDF(-math.Abs(z)/se)
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
