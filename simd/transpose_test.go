package simd

import (
	"math/rand/v2"
	"testing"
)

func TestTranspose(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		for _, size := range [][2]int{{1, 1}, {1, 70}, {70, 1}, {7, 9}, {8, 8}, {8, 3}, {9, 17}, {16, 64}, {17, 65}, {40, 130}} {
			for gap := range 3 {
				rows, cols := size[0], size[1]
				src, dst := newStored(rng, rows, cols, gap, nan), newStored(rng, cols, rows, gap, 12345)
				Transpose(dst.data(), dst.ld, src.data(), src.ld, rows, cols)
				for at, got := range dst.all {
					j, i := (at-margin)/dst.ld, (at-margin)%dst.ld
					want := float32(12345)
					if at >= margin && at < len(dst.all)-margin && i < rows {
						want = src.data()[i*src.ld+j]
					}
					if got != want {
						t.Fatalf("%d x %d, gap %d: element %d is %g, want %g", rows, cols, gap, at-margin, got, want)
					}
				}
			}
		}
	})
}

func TestTransposePanics(t *testing.T) {
	Transpose(nil, 3, nil, 3, 0, 3) // nothing to do
	x := make([]float32, 100)
	for name, call := range map[string]func(){
		"short src":  func() { Transpose(x, 8, x[:63], 8, 8, 8) },
		"short dst":  func() { Transpose(x[:63], 8, x, 8, 8, 8) },
		"close rows": func() { Transpose(x, 7, x, 8, 8, 8) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}
