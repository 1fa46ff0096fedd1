package ops_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

// TestEmbeddingDropout compares the operation with what it stands for: with rows
// that begin anywhere in a word of the mask and are longer than what is masked at
// a time, ids that come twice, and a table with and without another use.
func TestEmbeddingDropout(t *testing.T) {
	mask := func(keep []uint32) float32 {
		bits := rand.New(rand.NewPCG(9, 1))
		for i := range keep {
			keep[i] = bits.Uint32()
		}
		return 1.5
	}
	ids := []int{3, 69, 0, 3, 41, 7}
	ps := params(tensors{normal(rand.New(rand.NewPCG(8, 2)), 70, 1043)})
	for name, use := range map[string]func(rows, w *autograd.Tensor) *autograd.Tensor{
		"alone": func(rows, _ *autograd.Tensor) *autograd.Tensor { return rows },
		"tied":  func(rows, w *autograd.Tensor) *autograd.Tensor { return ops.Linear(rows, w, nil) },
	} {
		y, grads := step(autograd.NewTape(ps), ps, func(in tensors) *autograd.Tensor {
			return use(ops.EmbeddingDropout(in[0], mask, ids), in[0])
		})
		wantY, want := step(autograd.NewTape(ps), ps, func(in tensors) *autograd.Tensor {
			return use(ops.Embedding(ops.Dropout(in[0], mask), ids), in[0])
		})
		for i := range wantY {
			if y[i] != wantY[i] {
				t.Fatalf("%s: element %d is %v, want %v", name, i, y[i], wantY[i])
			}
		}
		for i := range want {
			if d := math.Abs(float64(grads[i] - want[i])); !(d <= 1e-6*(1+math.Abs(float64(want[i])))) {
				t.Fatalf("%s: element %d of the gradient is %v, want %v", name, i, grads[i], want[i])
			}
		}
	}
}
