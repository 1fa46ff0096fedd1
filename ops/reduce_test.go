package ops_test

import (
	"math"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

// TestArgMax wants the first of equal elements, and of NaN before any number.
func TestArgMax(t *testing.T) {
	nan := float32(math.NaN())
	x := autograd.FromSlice([]float32{
		1, 5, 5,
		7, nan, 0,

		2, -1, nan,
		2, -3, nan,
	}, 2, 2, 3)
	for _, c := range []struct {
		axis int
		want []int
	}{{-1, []int{1, 1, 2, 2}}, {0, []int{1, 0, 1, 0, 0, 1}}, {1, []int{1, 1, 0, 0, 0, 0}}} {
		if got := ops.ArgMax(x, c.axis); !slices.Equal(got, c.want) {
			t.Errorf("along axis %d: %v, want %v", c.axis, got, c.want)
		}
	}
	for _, axis := range []int{3, -4} {
		if e := shapeErrorOf(t, func() { ops.ArgMax(x, axis) }); e == nil || e.Op != "ops.ArgMax" {
			t.Errorf("axis %d: %v", axis, e)
		}
	}
}

// TestLongSums adds up so much that work is cut into parts: rows, columns, planes
// and everything.
func TestLongSums(t *testing.T) {
	for _, c := range []struct{ shape, axes []int }{
		{[]int{2, 40_000}, []int{1}}, {[]int{40_000, 3}, []int{0}}, {[]int{3, 5_000, 2}, []int{1}}, {[]int{3, 20_000}, []int{0}}, {[]int{7, 20_000}, nil},
	} {
		x := autograd.New(c.shape...)
		for i := range x.Data() {
			x.Data()[i] = float32(i%1000) - 499
		}
		got, want := ops.Sum(x, c.axes...), array{data: widen(x.Data())}
		outer, n, inner := 1, x.Len(), 1
		if c.axes != nil {
			n = c.shape[c.axes[0]]
			inner = size(c.shape[c.axes[0]+1:])
			outer = x.Len() / n / inner
		}
		for i, v := range got.Data() {
			sum := 0.0
			for k := range n {
				sum += want.data[(i/inner*n+k)*inner+i%inner]
			}
			if math.Abs(float64(v)-sum) > 1e-6*math.Abs(sum)+0.1 {
				t.Fatalf("shape %v, axes %v: sum %d of %d is %v, want %v", c.shape, c.axes, i, outer*inner, v, sum)
			}
		}
	}
}
