package main

import (
	"math"
	"slices"
	"testing"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-5*max(1, math.Abs(want))) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// With two degrees of freedom, p is 1-t/√(t²+2), and the quantile is 4.302653.
func TestMeanOf(t *testing.T) {
	e := meanOf([]float64{1, 2, 3})
	near(t, "mean", e.value, 2)
	near(t, "low", e.low, 2-4.302653/math.Sqrt(3))
	near(t, "high", e.high, 2+4.302653/math.Sqrt(3))
	near(t, "p", e.p, 1-math.Sqrt(12.0/14))
	if e.n != 3 || e.sure() {
		t.Errorf("%d values, sure %v", e.n, e.sure())
	}
	if e := meanOf([]float64{-1, -1}); e.p != 0 || !e.sure() {
		t.Errorf("of equal differences: p %v, sure %v", e.p, e.sure())
	}
	if e := meanOf([]float64{0, 0}); e.p != 1 || e.sure() {
		t.Errorf("of no difference: p %v, sure %v", e.p, e.sure())
	}
	for _, few := range [][]float64{nil, {1}} {
		if e := meanOf(few); e.n != len(few) || !math.IsNaN(e.low) || !math.IsNaN(e.p) || e.sure() {
			t.Errorf("of %v: %+v", few, e)
		}
	}
}

// The p were integrated numerically.
func TestApart(t *testing.T) {
	e := apart([]float64{1, 2, 3}, []float64{4, 5, 6})
	near(t, "difference", e.value, -3)
	near(t, "low", e.low, -3-2.7764451*math.Sqrt(2.0/3))
	near(t, "p", e.p, 0.0213116)
	near(t, "p of unequal variances", apart([]float64{1, 2, 3}, []float64{2, 4, 6}).p, 0.2208808)
	if e := apart([]float64{1}, []float64{1, 2}); !math.IsNaN(e.low) {
		t.Errorf("one value has the interval %v to %v", e.low, e.high)
	}
}

func TestHolm(t *testing.T) {
	all := []*estimate{{p: 0.01}, {p: math.NaN(), corrected: -1}, {p: 0.04}, {p: 0.03}, {p: 0.005}}
	holm(all)
	for i, want := range []float64{0.03, -1, 0.06, 0.06, 0.02} {
		near(t, "corrected p", all[i].corrected, want)
	}
	single := []*estimate{{p: 0.7}, {p: 0.8}}
	holm(single)
	near(t, "p beyond 1", single[0].corrected, 1)
}

func TestRanks(t *testing.T) {
	if got := ranks([]float64{5, 7, 6, 8, 7}); !slices.Equal(got, []float64{1, 3.5, 2, 5, 3.5}) {
		t.Errorf("the ranks are %v", got)
	}
}

// Neighbours that change places make 1-36/210; the intervals are worked out by hand.
func TestCorrelation(t *testing.T) {
	x, y := []float64{1, 2, 3, 4, 5, 6}, []float64{20, 10, 40, 30, 60, 50}
	const r = 1 - 36.0/210
	e := spearman(x, y)
	near(t, "Spearman's", e.value, r)
	near(t, "low", e.low, math.Tanh(math.Atanh(r)-1.959964*math.Sqrt((1+r*r/2)/3)))
	near(t, "high", e.high, math.Tanh(math.Atanh(r)+1.959964*math.Sqrt((1+r*r/2)/3)))
	e = pearson(x, y)
	near(t, "Pearson's", e.value, r)
	near(t, "low", e.low, math.Tanh(math.Atanh(r)-1.959964*math.Sqrt(1.0/3)))
	near(t, "with ties", spearman([]float64{1, 2, 3, 4, 5}, []float64{5, 6, 7, 8, 7}).value, 0.8207826816681233)
	near(t, "of a curve", spearman([]float64{1, 2, 3, 4}, []float64{1, 10, 100, 1000}).value, 1)
	// The sums of these round to a correlation beyond 1.
	for _, slope := range []float64{2.5, -2.5} {
		squares, line := make([]float64, 4), make([]float64, 4)
		for i := range squares {
			squares[i] = float64(i*i+1) * 0.1
			line[i] = squares[i] * slope
		}
		if e := pearson(squares, line); math.Abs(e.value) > 1 || e.p != 0 || e.low != e.value || e.high != e.value {
			t.Errorf("the correlation along a line is %+v", e)
		}
	}
	for _, y := range [][]float64{{1, 1, 1, 1, 1, 1}, {1, 2, 3}} {
		if e := spearman(x[:len(y)], y); !math.IsNaN(e.low) || e.sure() {
			t.Errorf("%v has the interval %v to %v", y, e.low, e.high)
		}
	}
}

// Means 2 and 6, each value 1 from its mean: the squares are 4 within and 16
// between, with 2 and 1 degrees of freedom.
func TestSpread(t *testing.T) {
	s := spreadOf([][]float64{{1, 3}, nil, {5, 7}})
	near(t, "within", s.within, math.Sqrt(2))
	near(t, "between", s.between, math.Sqrt(7))
	if s.freedom != 2 {
		t.Errorf("%d degrees of freedom", s.freedom)
	}
	if s := spreadOf([][]float64{{1, 3}, {3, 1}}); s.between != 0 {
		t.Errorf("equal means are %v apart", s.between)
	}
	for _, few := range [][][]float64{nil, {{1, 2}}, {{1}, {2}}} {
		if s := spreadOf(few); s.freedom != 0 {
			t.Errorf("of %v: %+v", few, s)
		}
	}
}

// The expected maxima are 1.53875 and 2.50759.
func TestHighest(t *testing.T) {
	for n, want := range map[int]float64{1: 0, 10: 1.53875, 100: 2.50759} {
		if got := highest(n); math.Abs(got-want) > 0.01 {
			t.Errorf("the highest of %d lies %v above, want %v", n, got, want)
		}
	}
}

// With two degrees of freedom, p is exp(-x/2); here x = (100+0+100)/20.
func TestUneven(t *testing.T) {
	near(t, "p", uneven([]float64{10, 20, 30}, []float64{1. / 3, 1. / 3, 1. / 3}), math.Exp(-5))
	near(t, "p of what was expected", uneven([]float64{10, 20, 30}, []float64{1. / 6, 1. / 3, 1. / 2}), 1)
	if p := uneven([]float64{7}, []float64{1}); !math.IsNaN(p) {
		t.Errorf("one value has p %v", p)
	}
}
