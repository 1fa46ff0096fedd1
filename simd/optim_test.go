package simd

import (
	"math"
	"slices"
	"testing"
)

// Weights without a gradient must not leave subnormal numbers behind.
func TestRunningAveragesBecomeZero(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		const n = 11
		w, g := make([]float32, n), make([]float32, n)
		m, v, momentum := make([]float32, n), make([]float32, n), make([]float32, n)
		Fill(m, -1e-3)
		Fill(v, 1e-3)
		Fill(momentum, -1e-3)
		for range 1000 {
			AdamStep(w, g, m, v, 0.1, 0.9, 0.9, 1e-8, 0, 1, 1)
			SGDStep(w, g, momentum, 0.1, 0.9, 0, true)
		}
		for i := range n {
			if m[i] != 0 || v[i] != 0 || momentum[i] != 0 {
				t.Fatalf("averages end as %g, %g and %g", m[i], v[i], momentum[i])
			}
		}
	})
}

// 2**-100 is the smallest magnitude that is kept.
func TestWhereAveragesBecomeZero(t *testing.T) {
	least := float32(0x1p-100)
	below := math.Nextafter32(least, 0)
	forEachTier(t, func(t *testing.T) {
		for _, nesterov := range []bool{false, true} {
			w, g := make([]float32, 6), make([]float32, 6)
			m := []float32{least, below, -least, -below, least, below}
			SGDStep(w, g, m, 0, 1, 0, nesterov)
			if want := []float32{least, 0, -least, 0, least, 0}; !slices.Equal(m, want) {
				t.Errorf("nesterov %t: momentum is %g, want %g", nesterov, m, want)
			}
		}
	})
}
