package statistics_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"autodropout/benchmarks/internal/statistics"
)

// TestNested is held to what can be computed by hand.
func TestNested(t *testing.T) {
	// Means 2 and 4 of a pair each: between them a variance of 2, and the mean of a pair has 0.25.
	e := statistics.Nested([][]float64{{1.5, 2.5}, nil, {3.5, 4.5}})
	near(t, "mean", e.Value, 3)
	near(t, "high", e.High, 3+12.7062047*1) // one degree of freedom
	// Means 2 and 2.2: their variance of 0.02 is less than 0.25.
	e = statistics.Nested([][]float64{{1.5, 2.5}, {1.7, 2.7}})
	near(t, "mean", e.Value, 2.1)
	near(t, "high", e.High, 2.1+4.302653*math.Sqrt(0.25/2))
	if e.N != 4 {
		t.Errorf("of %d values", e.N)
	}
	one := []float64{1, 2, 3}
	if got, want := statistics.Nested([][]float64{one}), statistics.Mean(one); got.High != want.High {
		t.Errorf("of one group: %+v, want %+v", got, want)
	}
	if e := statistics.Nested(nil); !math.IsNaN(e.Low) || e.N != 0 {
		t.Errorf("of nothing: %+v", e)
	}
}

// TestNestedCovers: about 95 % of the intervals hold the truth, whether or not the groups
// scatter. Those of the mean of all values do not where they do.
func TestNestedCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const samples = 4000
	for _, scatter := range []float64{0, 0.5, 2} {
		nested, flat := 0, 0
		for range samples {
			var groups [][]float64
			var all []float64
			for range 4 {
				group, at := make([]float64, 5), scatter*rng.NormFloat64()
				for i := range group {
					group[i] = at + rng.NormFloat64()
				}
				groups, all = append(groups, group), append(all, group...)
			}
			if !statistics.Nested(groups).Sure() {
				nested++
			}
			if !statistics.Mean(all).Sure() {
				flat++
			}
		}
		if share := float64(nested) / samples; share < 0.935 || share > 0.985 {
			t.Errorf("groups that scatter by %g: %.1f %% of the intervals hold the truth", scatter, 100*share)
		}
		if share := float64(flat) / samples; scatter == 2 && share > 0.8 {
			t.Errorf("all values as one sample: %.1f %% of the intervals hold the truth", 100*share)
		}
	}
}

// TestDetectable: such a difference is found in four of five samples.
func TestDetectable(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	// With a standard error of 1/√20 and many degrees of freedom: 1.96 + 0.84 of it.
	difference := statistics.Student(20, 0, 1/math.Sqrt(20), 19).Detectable()
	found := 0
	const samples = 4000
	for range samples {
		values := make([]float64, 20)
		for i := range values {
			values[i] = difference + rng.NormFloat64()
		}
		if statistics.Mean(values).Low > 0 {
			found++
		}
	}
	if share := float64(found) / samples; math.Abs(share-0.8) > 0.03 {
		t.Errorf("a difference of %.3f is found in %.1f %% of the samples", difference, 100*share)
	}
	if d := statistics.Mean([]float64{1}).Detectable(); !math.IsNaN(d) {
		t.Errorf("of one value: %v", d)
	}
}
