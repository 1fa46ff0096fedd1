package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

// TestConv2DAccuracy bounds the rounding errors of each route, relative to the
// size of the results (root mean square): the mean and the largest one. Tiles of
// 4x4 outputs cost a factor of two to three in the mean; those of 2x2 nothing.
func TestConv2DAccuracy(t *testing.T) {
	for _, c := range []struct {
		name          string
		route         string
		size          int // 2 pixels take tiles of 2x2 outputs, 8 take 4x4, 6 and 7 have last tiles of their own
		mean, largest float64
	}{
		{"direct", "direct", 8, 6e-7, 4e-6},
		{"2x2", "winograd", 2, 6e-7, 4e-6},
		{"4x4", "winograd", 8, 1.5e-6, 1.2e-5},
		{"last2", "winograd", 6, 1.5e-6, 1.2e-5},
		{"last3", "winograd", 7, 1.5e-6, 1.2e-5},
	} {
		t.Run(c.name, func(t *testing.T) {
			ops.ForceConvRoute(t, c.route)
			e := newConvExample(1, [4]int{12, c.size, c.size, 64}, [4]int{3, 3, 64, 64}, ops.ConvSpec{Pad: 1})
			y, dx, dw := e.run()
			for _, r := range []struct {
				name string
				got  []float32
				want []float64
			}{{"y", y, e.y}, {"dx", dx, e.dx}, {"dw", dw, e.dw}} {
				mean, largest := relativeErrors(r.got, r.want)
				t.Logf("%s: mean error %.2g, largest %.2g", r.name, mean, largest)
				if !(mean <= c.mean && largest <= c.largest) {
					t.Errorf("%s: mean error %.2g, largest %.2g; want at most %.2g and %.2g", r.name, mean, largest, c.mean, c.largest)
				}
			}
		})
	}
}

// relativeErrors returns the root mean square of the errors and the largest one,
// divided by the root mean square of what is wanted.
func relativeErrors(got []float32, want []float64) (mean, largest float64) {
	return errorsBySize(got, want, 0)
}

// errorsBySize is relativeErrors where the root mean square counts as least if it
// is smaller, as where large numbers cancel each other.
func errorsBySize(got []float32, want []float64, least float64) (mean, largest float64) {
	var size float64
	for i, w := range want {
		diff := math.Abs(float64(got[i]) - w)
		mean += diff * diff
		largest = max(largest, diff)
		size += w * w
		if math.IsNaN(diff) {
			return diff, diff
		}
	}
	if size = max(size, least*least*float64(len(want))); size == 0 {
		return math.Sqrt(mean), largest
	}
	return math.Sqrt(mean / size), largest / math.Sqrt(size/float64(len(want)))
}

// TestWinogradBlocks compares sizes that fall into several blocks, with a rest,
// of tiles, of inputs and of outputs.
func TestWinogradBlocks(t *testing.T) {
	ops.ForceConvRoute(t, "winograd")
	for _, x := range [][4]int{
		{5, 3, 3, 200},   // kernels made block by block
		{257, 1, 1, 200}, // kernels made once, gradients of kernels in two parts
	} {
		for _, outs := range []int{9, 170} {
			e := newConvExample(1, x, [4]int{3, 3, x[3], outs}, ops.ConvSpec{Pad: 1})
			y, dx, dw := e.run()
			compare(t, "y", y, e.y)
			compare(t, "dx", dx, e.dx)
			compare(t, "dw", dw, e.dw)
		}
	}
}

// A batch whose transforms do not go into memory at once is worked on in folds: outputs
// and gradients of inputs keep their bits, and that of the kernels is a sum in another
// order.
func TestWinogradFolds(t *testing.T) {
	ops.ForceConvRoute(t, "winograd")
	for _, c := range []struct{ x, w [4]int }{
		{[4]int{11, 7, 7, 200}, [4]int{3, 3, 200, 170}}, {[4]int{5, 3, 3, 90}, [4]int{3, 3, 90, 20}}, {[4]int{4, 9, 5, 90}, [4]int{3, 3, 90, 400}},
	} {
		e := newConvExample(3, c.x, c.w, ops.ConvSpec{Pad: 1})
		y, dx, dw := e.run()
		for _, elements := range []int{1, 1 << 16, 1 << 18} {
			t.Run(fmt.Sprint(c.x, c.w, elements), func(t *testing.T) {
				ops.FoldConvs(t, elements)
				y2, dx2, dw2 := e.run()
				if !slices.Equal(y, y2) || !slices.Equal(dx, dx2) {
					t.Error("outputs or the gradient of inputs are others in folds")
				}
				if elements == 1 && slices.Equal(dw, dw2) {
					t.Error("there were no folds")
				}
				compare(t, "dw", dw2, e.dw)
			})
		}
	}
}

// An image's result has the same bits in any company, even where the number of
// images decides how the work is cut.
func TestWinogradIgnoresCompany(t *testing.T) {
	ops.ForceConvRoute(t, "winograd")
	rng := rand.New(rand.NewPCG(5, 6))
	for _, c := range [][2]int{{40, 24}, {200, 170}} { // few and many kernels
		const many = 257
		x, w := normal(rng, many, 4, 4, c[0]), normal(rng, 3, 3, c[0], c[1])
		alone, together := autograd.NewInference(), autograd.NewInference()
		all := ops.Conv2D(together.Input(x.Data(), x.Shape()...), w, ops.ConvSpec{Pad: 1}).Data()
		size := 16 * c[0]
		for _, i := range []int{0, 63, many - 1} {
			one := ops.Conv2D(alone.Input(x.Data()[i*size:][:size], 1, 4, 4, c[0]), w, ops.ConvSpec{Pad: 1}).Data()
			if !slices.Equal(one, all[i*len(one):][:len(one)]) {
				t.Errorf("%d to %d channels: image %d alone has another result", c[0], c[1], i)
			}
		}
	}
}
