package optim

import (
	"slices"
	"testing"
)

func TestAccumulate(t *testing.T) {
	sum, grads := make([]float32, 2*grain+3), make([]float32, 2*grain+3)
	want := make([]float32, len(sum))
	for i := range sum {
		sum[i], grads[i] = float32(i), float32(2*i+1)
		want[i] = sum[i] + grads[i]
	}
	if Accumulate(sum, grads); !slices.Equal(sum, want) {
		t.Error("not every gradient was added once")
	}
}
