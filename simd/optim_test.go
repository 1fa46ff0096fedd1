package simd

import "testing"

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
