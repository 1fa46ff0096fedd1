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
	near(t, "Spearman's", e.Value, r)
	near(t, "low", e.Low, math.Tanh(math.Atanh(r)-1.959964*math.Sqrt((1+r*r/2)/3)))
	near(t, "high", e.High, math.Tanh(math.Atanh(r)+1.959964*math.Sqrt((1+r*r/2)/3)))
	e = pearson(x, y)
	near(t, "Pearson's", e.Value, r)
	near(t, "low", e.Low, math.Tanh(math.Atanh(r)-1.959964*math.Sqrt(1.0/3)))
	near(t, "with ties", spearman([]float64{1, 2, 3, 4, 5}, []float64{5, 6, 7, 8, 7}).Value, 0.8207826816681233)
	near(t, "of a curve", spearman([]float64{1, 2, 3, 4}, []float64{1, 10, 100, 1000}).Value, 1)
	// The sums of these round to a correlation beyond 1.
	for _, slope := range []float64{2.5, -2.5} {
		squares, line := make([]float64, 4), make([]float64, 4)
		for i := range squares {
			squares[i] = float64(i*i+1) * 0.1
			line[i] = squares[i] * slope
		}
		if e := pearson(squares, line); math.Abs(e.Value) > 1 || e.P != 0 || e.Low != e.Value || e.High != e.Value {
			t.Errorf("the correlation along a line is %+v", e)
		}
	}
	for _, y := range [][]float64{{1, 1, 1, 1, 1, 1}, {1, 2, 3}} {
		if e := spearman(x[:len(y)], y); !math.IsNaN(e.Low) || e.Sure() {
			t.Errorf("%v has the interval %v to %v", y, e.Low, e.High)
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
