package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// reductions are the kernels that return a number.
var reductions = []struct {
	name string
	run  func(x, y []float32) float64
	want func(x, y []float32) float64
}{
	{"Sum", func(x, _ []float32) float64 { return float64(Sum(x)) }, func(x, _ []float32) (s float64) {
		for _, v := range x {
			s += float64(v)
		}
		return s
	}},
	{"Dot", func(x, y []float32) float64 { return float64(Dot(x, y)) }, func(x, y []float32) (s float64) {
		for i, v := range x {
			s += float64(v) * float64(y[i])
		}
		return s
	}},
	{"SumSquares", func(x, _ []float32) float64 { return SumSquares(x) }, func(x, _ []float32) (s float64) {
		for _, v := range x {
			s += float64(v) * float64(v)
		}
		return s
	}},
}

func TestReductions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x, y := make([]float32, 2*maxCall), make([]float32, 2*maxCall)
	for i := range x {
		x[i], y[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
	}
	sizes := []int{300, 1000, maxCall - 1, maxCall, maxCall + 21}
	for n := range 71 {
		sizes = append(sizes, n)
	}
	for _, r := range reductions {
		for _, n := range sizes {
			a, b := x[n%5:][:n], y[n%7:][:n]
			generic := onTier(Generic, func() float64 { return r.run(a, b) })
			// Of float32, but relative to the sum of magnitudes, about n.
			if want := r.want(a, b); !(math.Abs(generic-want) <= 1e-7*math.Abs(want)+1e-14*float64(n)) && generic != want {
				t.Errorf("%s of %d elements is %g, want %g", r.name, n, generic, want)
			}
			for _, tier := range supportedTiers() {
				if got := onTier(tier, func() float64 { return r.run(a, b) }); got != generic {
					t.Errorf("%s of %d elements on %s is %g, on generic %g", r.name, n, tier, got, generic)
				}
			}
		}
	}
}

// A reduction's result, rounded to float32, would hide additions in the wrong
// order.
func TestPartialsMatchGeneric(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	x, y := make([]float32, 16*9+5), make([]float32, 16*9+5)
	for i := range x {
		x[i], y[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
	}
	var wantSum, wantDot partials
	sumGeneric(&wantSum, x)
	dotGeneric(&wantDot, x, y)
	forEachTier(t, func(t *testing.T) {
		var gotSum, gotDot partials
		sum(&gotSum, x)
		dot(&gotDot, x, y)
		if gotSum != wantSum {
			t.Errorf("partial sums are %g, want %g", gotSum, wantSum)
		}
		if gotDot != wantDot {
			t.Errorf("partial inner products are %g, want %g", gotDot, wantDot)
		}
	})
}

func onTier(tier Tier, f func() float64) float64 {
	before := Active()
	defer setTier(before)
	setTier(tier)
	return f()
}

// Float32 would lose the small numbers.
func TestSumOfDifferentMagnitudes(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		x := make([]float32, 1+1<<16)
		Fill(x, 1)
		x[0] = 1 << 25
		if got := Sum(x); got != 1<<25+1<<16 {
			t.Errorf("sum is %g, want %d", got, 1<<25+1<<16)
		}
	})
}

func TestReductionsOfNaN(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		for _, r := range reductions {
			for at := range 70 {
				x := make([]float32, 70)
				x[at] = float32(math.NaN())
				if got := r.run(x, x); got == got {
					t.Errorf("%s with NaN at %d is %g", r.name, at, got)
				}
			}
		}
	})
}

func TestReductionsDoNotAllocate(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		x := make([]float32, 100)
		for _, r := range reductions {
			if n := testing.AllocsPerRun(10, func() { r.run(x, x) }); n != 0 {
				t.Errorf("%s allocates %g times", r.name, n)
			}
		}
	})
}

func BenchmarkReductions(b *testing.B) {
	x := make([]float32, 1<<14)
	for _, r := range reductions {
		for _, tier := range supportedTiers() {
			b.Run(fmt.Sprintf("kernel=%s/tier=%s", r.name, tier), func(b *testing.B) {
				before := Active()
				defer setTier(before)
				setTier(tier)
				b.SetBytes(4 << 14)
				for b.Loop() {
					r.run(x, x)
				}
			})
		}
	}
}
