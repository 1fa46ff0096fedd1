package ops_test

import (
	"math"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

// TestMaxPoolKeepsNaN puts NaN at every place of a window.
func TestMaxPoolKeepsNaN(t *testing.T) {
	for i := range 4 {
		x := autograd.FromSlice([]float32{1, 2, 3, 4}, 1, 2, 2, 1)
		x.Data()[i] = float32(math.NaN())
		if y := ops.MaxPool2D(x, ops.PoolSpec{Size: 2}).Item(); y == y {
			t.Errorf("NaN at place %d: the maximum is %v", i, y)
		}
	}
}
