package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMaxFrom(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(8, 1))
		nan := float32(math.NaN())
		for n := range 70 {
			best, x, from := make([]float32, n), make([]float32, n), make([]uint32, n)
			for i := range best {
				best[i], x[i], from[i] = float32(rng.IntN(4)), float32(rng.IntN(4)), uint32(i)
				switch rng.IntN(9) {
				case 0:
					best[i] = nan
				case 1:
					x[i] = nan
				}
			}
			wantBest, wantFrom := slices.Clone(best), slices.Clone(from)
			maxFromGeneric(wantBest, wantFrom, x, 1000)
			MaxFrom(best, from, x, 1000)
			if fmt.Sprint(best) != fmt.Sprint(wantBest) || !slices.Equal(from, wantFrom) {
				t.Errorf("%d elements: maxima %v from %v, want %v from %v", n, best, from, wantBest, wantFrom)
			}
		}
	})
}
