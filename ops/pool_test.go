package ops_test

import (
	"math"
	"math/rand/v2"
	"slices"
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

// TestPoolsAgainstNaive compares both kinds of pooling, with rows and columns cut
// off at the borders, with their definition, for several images and channels.
func TestPoolsAgainstNaive(t *testing.T) {
	const n, h, w, c = 3, 9, 8, 19
	rng := rand.New(rand.NewPCG(4, 4))
	x := normal(rng, n, h, w, c)
	for _, spec := range []ops.PoolSpec{{Size: 2, Stride: 2}, {Size: 3, Stride: 2, Pad: 1}, {Size: 3, Stride: 1}, {Size: 5, Stride: 3, Pad: 2}} {
		largest, mean := ops.MaxPool2D(x, spec), ops.AvgPool2D(x, spec)
		oh, ow := largest.Dim(1), largest.Dim(2)
		for at := range largest.Len() {
			channel, ox, oy, image := at%c, at/c%ow, at/c/ow%oh, at/c/ow/oh
			best, sum := math.Inf(-1), 0.0
			for tap := range spec.Size * spec.Size {
				iy, ix := oy*spec.Stride-spec.Pad+tap/spec.Size, ox*spec.Stride-spec.Pad+tap%spec.Size
				if iy < 0 || iy >= h || ix < 0 || ix >= w {
					continue
				}
				v := float64(x.Data()[((image*h+iy)*w+ix)*c+channel])
				best, sum = max(best, v), sum+v
			}
			if float64(largest.Data()[at]) != best || math.Abs(float64(mean.Data()[at])-sum/float64(spec.Size*spec.Size)) > 1e-6 {
				t.Fatalf("%+v: element %d is %v and %v, want %v and %v", spec, at, largest.Data()[at], mean.Data()[at], best, sum/float64(spec.Size*spec.Size))
			}
		}
	}
}

// TestGlobalAvgPoolAddsGradients wants the gradients of two uses of its input to be
// added, whichever of the two comes first.
func TestGlobalAvgPoolAddsGradients(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	ps := params(tensors{normal(rng, 2, 3, 4, 5)})
	for _, first := range []bool{true, false} {
		_, grads := step(autograd.NewTape(ps), ps, func(in tensors) *autograd.Tensor {
			if first {
				mean := ops.GlobalAvgPool(in[0])
				return ops.ScaleChannels(in[0], mean)
			}
			twice := ops.Scale(in[0], 2)
			return ops.ScaleChannels(twice, ops.GlobalAvgPool(in[0]))
		})
		for i, got := range grads { // of the sum of (k*x*m)**2, where m is the mean of its channel
			x, k, squares, mean := ps.All()[0].Data(), 2.0, 0.0, 0.0
			if first {
				k = 1
			}
			for j := i/60*60 + i%5; j < i/60*60+60; j += 5 {
				mean += float64(x[j]) / 12
				squares += float64(x[j]) * float64(x[j])
			}
			want := k * k * (2*float64(x[i])*mean*mean + 2*mean*squares/12)
			if math.Abs(float64(got)-want) > 1e-4*(1+math.Abs(want)) {
				t.Fatalf("pool recorded first %v: gradient %d is %v, want %v", first, i, got, want)
			}
		}
	}
}

// TestPoolsOfNothing: images without channels have maxima and means without channels, and
// images without pixels have none, wherever padding is.
func TestPoolsOfNothing(t *testing.T) {
	for name, pool := range map[string]func(x *autograd.Tensor) *autograd.Tensor{
		"max":          func(x *autograd.Tensor) *autograd.Tensor { return ops.MaxPool2D(x, ops.PoolSpec{Size: 2, Pad: 1}) },
		"avg":          func(x *autograd.Tensor) *autograd.Tensor { return ops.AvgPool2D(x, ops.PoolSpec{Size: 2, Pad: 1}) },
		"adaptive max": func(x *autograd.Tensor) *autograd.Tensor { return ops.AdaptiveMaxPool2D(x, 2, 2) },
		"adaptive avg": func(x *autograd.Tensor) *autograd.Tensor { return ops.AdaptiveAvgPool2D(x, 2, 2) },
	} {
		ps := &autograd.Params{}
		p := ps.Add("images", 3, 2, 2, 0)
		tape := autograd.NewTape(ps)
		y := pool(tape.Use(p))
		if want := []int{3, 2, 2, 0}; !slices.Equal(y.Shape(), want) {
			t.Errorf("%s: the shape is %v, want %v", name, y.Shape(), want)
		}
		tape.Backward(ops.Sum(y))
		if shapeErrorOf(t, func() { pool(autograd.New(3, 0, 2, 5)) }) == nil {
			t.Errorf("%s: images without rows are taken", name)
		}
	}
}
