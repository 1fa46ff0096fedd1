package statistics_test

import (
	"math"
	"testing"

	"autodropout/benchmarks/internal/statistics"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-5*max(1, math.Abs(want))) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// With two degrees of freedom, p is 1-t/√(t²+2), and the quantile is 4.302653.
func TestMeanOf(t *testing.T) {
	e := statistics.Mean([]float64{1, 2, 3})
	near(t, "mean", e.Value, 2)
	near(t, "low", e.Low, 2-4.302653/math.Sqrt(3))
	near(t, "high", e.High, 2+4.302653/math.Sqrt(3))
	near(t, "p", e.P, 1-math.Sqrt(12.0/14))
	if e.N != 3 || e.Sure() {
		t.Errorf("%d values, sure %v", e.N, e.Sure())
	}
	if e := statistics.Mean([]float64{-1, -1}); e.P != 0 || !e.Sure() {
		t.Errorf("of equal differences: p %v, sure %v", e.P, e.Sure())
	}
	if e := statistics.Mean([]float64{0, 0}); e.P != 1 || e.Sure() {
		t.Errorf("of no difference: p %v, sure %v", e.P, e.Sure())
	}
	for _, few := range [][]float64{nil, {1}} {
		if e := statistics.Mean(few); e.N != len(few) || !math.IsNaN(e.Low) || !math.IsNaN(e.P) || e.Sure() {
			t.Errorf("of %v: %+v", few, e)
		}
	}
}

// The p were integrated numerically.
func TestApart(t *testing.T) {
	e := statistics.Apart([]float64{1, 2, 3}, []float64{4, 5, 6})
	near(t, "difference", e.Value, -3)
	near(t, "low", e.Low, -3-2.7764451*math.Sqrt(2.0/3))
	near(t, "p", e.P, 0.0213116)
	near(t, "p in the other order", statistics.Apart([]float64{4, 5, 6}, []float64{1, 2, 3}).P, 0.0213116)
	near(t, "p of unequal variances", statistics.Apart([]float64{1, 2, 3}, []float64{2, 4, 6}).P, 0.2208808)
	if e := statistics.Apart([]float64{1}, []float64{1, 2}); !math.IsNaN(e.Low) {
		t.Errorf("one value has the interval %v to %v", e.Low, e.High)
	}
}

func TestHolm(t *testing.T) {
	all := []*statistics.Estimate{{P: 0.01}, {P: math.NaN(), Corrected: -1}, {P: 0.04}, {P: 0.03}, {P: 0.005}}
	statistics.Holm(all)
	for i, want := range []float64{0.03, -1, 0.06, 0.06, 0.02} {
		near(t, "corrected p", all[i].Corrected, want)
	}
	single := []*statistics.Estimate{{P: 0.7}, {P: 0.8}}
	statistics.Holm(single)
	near(t, "p beyond 1", single[0].Corrected, 1)
}
