package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/gradcheck"
	"autodropout/ops"
	"autodropout/simd"
)

// convPoolCase is a padded convolution and maxima over squares.
func convPoolCase() gradcheck.Func {
	return func(in tensors) *autograd.Tensor {
		return ops.Conv2DMaxPool(in[0], in[1], ops.ConvSpec{Pad: 1}, ops.PoolSpec{Size: 2})
	}
}

// TestConv2DMaxPoolIsComposition wants the bits of the operations one by one, of outputs and
// gradients, on any number of cores and in any number of folds. With an odd number of rows
// or columns the tiles may be others, and the last digit too.
func TestConv2DMaxPoolIsComposition(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, c := range []struct {
		x, w   []int
		spec   ops.ConvSpec
		pool   ops.PoolSpec
		folds  int
		digits float64 // 0: the same bits
	}{
		{x: []int{3, 8, 8, 16}, w: []int{3, 3, 16, 24}, spec: ops.ConvSpec{Pad: 1}, pool: ops.PoolSpec{Size: 2}},
		{x: []int{5, 6, 10, 33}, w: []int{3, 3, 33, 47}, spec: ops.ConvSpec{Pad: 1}, pool: ops.PoolSpec{Size: 2, Stride: 2}},
		{x: []int{9, 12, 14, 200}, w: []int{3, 3, 200, 170}, spec: ops.ConvSpec{Pad: 1}, pool: ops.PoolSpec{Size: 2}, folds: 1 << 18},
		{x: []int{9, 12, 14, 200}, w: []int{3, 3, 200, 170}, spec: ops.ConvSpec{}, pool: ops.PoolSpec{Size: 2}},
		{x: []int{4, 31, 29, 24}, w: []int{3, 3, 24, 64}, spec: ops.ConvSpec{Pad: 1}, pool: ops.PoolSpec{Size: 2}, digits: 1e-5},
		{x: []int{4, 7, 7, 200}, w: []int{3, 3, 200, 64}, spec: ops.ConvSpec{Pad: 1}, pool: ops.PoolSpec{Size: 2}, digits: 1e-5},
		// One by one.
		{x: []int{2, 8, 8, 16}, w: []int{3, 3, 16, 24}, spec: ops.ConvSpec{Pad: 1}, pool: ops.PoolSpec{Size: 3, Stride: 2, Pad: 1}},
		{x: []int{2, 8, 8, 16}, w: []int{3, 3, 16, 24}, spec: ops.ConvSpec{Pad: 1, Stride: 2}, pool: ops.PoolSpec{Size: 2}},
		{x: []int{0, 8, 8, 16}, w: []int{3, 3, 16, 24}, spec: ops.ConvSpec{Pad: 1}, pool: ops.PoolSpec{Size: 2}},
		{x: []int{2, 8, 8, 3}, w: []int{2, 2, 3, 24}, pool: ops.PoolSpec{Size: 2}},
	} {
		t.Run(fmt.Sprint(c.x, c.w, c.spec, c.pool), func(t *testing.T) {
			if c.folds > 0 {
				skipLarge(t)
				ops.FoldConvs(t, c.folds)
			}
			rng := rand.New(rand.NewPCG(3, 9))
			ps := params(tensors{normal(rng, c.x...), normal(rng, c.w...)})
			run := func(f gradcheck.Func) [][]float32 {
				y, grads := step(autograd.NewTape(ps), ps, f)
				n := ps.All()[0].Len()
				return [][]float32{y, grads[:n], grads[n:]}
			}
			want := run(func(in tensors) *autograd.Tensor { return ops.MaxPool2D(ops.Conv2D(in[0], in[1], c.spec), c.pool) })
			var first [][]float32
			for _, cores := range []int{1, 2, 7} {
				runtime.GOMAXPROCS(cores)
				got := run(func(in tensors) *autograd.Tensor { return ops.Conv2DMaxPool(in[0], in[1], c.spec, c.pool) })
				if first == nil {
					first = got
				}
				for i, name := range []string{"y", "dx", "dw"} {
					if !slices.Equal(got[i], first[i]) {
						t.Errorf("%s: %d cores give other bits than one", name, cores)
					}
					if c.digits == 0 && !slices.Equal(got[i], want[i]) {
						t.Errorf("%s: other bits than the operations one by one", name)
					}
					if len(got[i]) != len(want[i]) {
						t.Fatalf("%s has %d elements, want %d", name, len(got[i]), len(want[i]))
					}
					if mean, _ := relativeErrors(got[i], wide(want[i])); mean > c.digits {
						t.Errorf("%s: differs by %.2g from the operations one by one", name, mean)
					}
				}
			}
		})
	}
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// TestConv2DMaxPoolTakesLessMemory: the output of the convolution is four times as large as
// that of the whole.
func TestConv2DMaxPoolTakesLessMemory(t *testing.T) {
	if simd.Active() == simd.Generic {
		t.Skip("portable code has no Winograd convolution, and writes the whole output")
	}
	rng := rand.New(rand.NewPCG(3, 9))
	ps := params(tensors{normal(rng, 40, 32, 32, 8), normal(rng, 3, 3, 8, 64)})
	peak := func(f gradcheck.Func) int {
		tape := autograd.NewTape(ps)
		step(tape, ps, f)
		return tape.Stats().Peak
	}
	together := peak(convPoolCase())
	apart := peak(func(in tensors) *autograd.Tensor {
		return ops.MaxPool2D(ops.Conv2D(in[0], in[1], ops.ConvSpec{Pad: 1}), ops.PoolSpec{Size: 2})
	})
	if 2*together > apart {
		t.Errorf("together they take %d bytes, one by one %d: want less than half", together, apart)
	}
}

// convPoolProperty compares with the definition in float64.
func convPoolProperty(rng *rand.Rand) property {
	n, h, w, c, out := 1+rng.IntN(3), 2+rng.IntN(14), 2+rng.IntN(14), 1+rng.IntN(40), 1+rng.IntN(40)
	return property{
		about: fmt.Sprint(n, h, w, c, out), inputs: tensors{normal(rng, n, h, w, c), normal(rng, 3, 3, c, out)}, run: convPoolCase(),
		want: func(in []array) array {
			y := newArray(n, h/2, w/2, out)
			places(y.shape, func(at int, place []int) {
				y.data[at] = math.Inf(-1)
				for pixel := range 4 {
					sum := 0.0
					for tap := range 9 {
						row, col := 2*place[1]+pixel/2+tap/3-1, 2*place[2]+pixel%2+tap%3-1
						if row < 0 || row >= h || col < 0 || col >= w {
							continue
						}
						for k := range c {
							sum += in[0].at(place[0], row, col, k) * in[1].at(tap/3, tap%3, k, place[3])
						}
					}
					y.data[at] = max(y.data[at], sum)
				}
			})
			return y
		},
	}
}

// clearMaxima are inputs for convPoolCase with which pixel 0, 1, 2 or 3 of every square is far
// above the others.
func clearMaxima(rng *rand.Rand) tensors {
	x, w := normal(rng, 1, 4, 5, 8), normal(rng, 3, 3, 8, 8)
	for i := range x.Data() {
		row, col := i/8/5, i/8%5
		x.Data()[i] *= 0.1
		if 2*(row%2)+col%2 == (row/2+col/2)%4 {
			x.Data()[i] += 5
		}
	}
	for i := range w.Data() {
		w.Data()[i] *= 0.02
		if i/64 == 4 && i/8%8 == i%8 {
			w.Data()[i]++
		}
	}
	return tensors{x, w}
}
