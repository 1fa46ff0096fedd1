package simd

import (
	"math"
	"testing"
)

func TestNaNPropagates(t *testing.T) {
	nan := float32(math.NaN())
	forEachTier(t, func(t *testing.T) {
		for n := 1; n < 20; n++ {
			x, y, dst := make([]float32, n), make([]float32, n), make([]float32, n)
			x[n-1] = nan
			check := func(what string) {
				t.Helper()
				if dst[n-1] == dst[n-1] {
					t.Errorf("%s of NaN at %d is %g", what, n-1, dst[n-1])
				}
			}
			ReLU(dst, x)
			check("ReLU")
			Max(dst, x, y)
			check("Max, first argument,")
			Max(dst, y, x)
			check("Max, second argument,")
			Min(dst, x, y)
			check("Min, first argument,")
			Min(dst, y, x)
			check("Min, second argument,")
			bits := []uint32{0}
			ReLUBits(dst, x, bits)
			check("ReLUBits")
			if bits[0] != 1<<(n-1) {
				t.Errorf("ReLUBits of NaN at %d sets bits %08x", n-1, bits[0])
			}
		}
	})
}

// What is masked out does not matter, and what is not is as ReLU left it.
func TestMaskDropsNaN(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		x := make([]float32, 40)
		Fill(x, float32(math.NaN()))
		x[33] = 2
		MaskScale(x, x, []uint32{0, 1 << 1}, 3)
		for i, v := range x {
			want := float32(0)
			if i == 33 {
				want = 6
			}
			if v != want {
				t.Errorf("element %d is %g, want %g", i, v, want)
			}
		}
	})
}

func TestShortArgumentPanics(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		defer func() {
			if recover() == nil {
				t.Error("Add read past the end of its argument")
			}
		}()
		Add(make([]float32, 9), make([]float32, 9), make([]float32, 8))
	})
}
