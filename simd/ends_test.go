package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestEndRows wants the bits of the kernels one by one on every tier, whatever the lengths, and what lies
// between the rows untouched.
func TestEndRows(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(8, 8))
		for _, c := range []int{1, 3, 8, 15, 16, 17, 33, 64, 100, 257} {
			for _, rows := range []int{1, 2, 5} {
				for end := EndPlain; end <= EndSiLU; end++ {
					for _, residual := range []bool{false, true} {
						checkEndRows(t, rng, c, c+rng.IntN(2)*rng.IntN(20), rows, end, residual)
					}
				}
			}
		}
		checkEndRows(t, rng, 700, 720, 100, EndReLU, true) // several calls
	})
}

func checkEndRows(t *testing.T, rng *rand.Rand, c, ld, rows int, end RowEnd, withResidual bool) {
	t.Helper()
	random := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(40 * rng.NormFloat64())
		}
		x[rng.IntN(n)] = nan
		return x
	}
	n := (rows-1)*ld + c
	const margin = 20
	all, scale, shift := random(n+2*margin), random(c), random(c)
	want := append([]float32(nil), all...)
	var residual []float32
	if withResidual {
		residual = random(n)
	}
	for r := range rows {
		row := want[margin+r*ld:][:c]
		ScaleShiftRows(row, row, scale, shift, 1)
		if withResidual {
			Add(row, row, residual[r*ld:])
		}
		switch end {
		case EndReLU:
			ReLU(row, row)
		case EndSiLU:
			SiLU(row, row)
		}
	}
	EndRows(all[margin:margin+n], ld, scale, shift, residual, end, rows)
	for i := range all {
		if same := math.Float32bits(all[i]) == math.Float32bits(want[i]) || all[i] != all[i] && want[i] != want[i]; !same {
			t.Fatalf("%s: element %d is %g, want %g", fmt.Sprintf("%d rows of %d, %d apart, end %d, residual %v", rows, c, ld, end, withResidual), i-margin, all[i], want[i])
		}
	}
}

func TestEndRowsPanics(t *testing.T) {
	x := make([]float32, 20)
	for name, call := range map[string]func(){
		"short y":        func() { EndRows(x[:19], 10, x[:10], x[:10], nil, EndPlain, 2) },
		"short residual": func() { EndRows(x, 10, x[:10], x[:10], x[:19], EndPlain, 2) },
		"short shift":    func() { EndRows(x, 10, x[:10], x[:9:9], nil, EndPlain, 2) },
		"small ld":       func() { EndRows(x, 9, x[:10], x[:10], nil, EndPlain, 2) },
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
