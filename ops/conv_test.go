package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"autodropout/autograd"
	"autodropout/ops"
	"autodropout/simd"
)

// naiveConv2D is the convolution as its definition says. It calls visit for all
// products of an element x, of which there are outs, with the elements from w on
// that contribute to those from y on.
func naiveConv2D(x, w, y *autograd.Tensor, spec ops.ConvSpec, visit func(x, w, y, outs int)) {
	n, h, width, c := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	kh, kw, ins, oc := w.Dim(0), w.Dim(1), w.Dim(2), w.Dim(3)
	outs := oc / max(1, spec.Groups)
	across := ops.ConvAxis{Stride: spec.Stride, Pad: spec.Pad, Dilation: spec.Dilation}
	if spec.Across != nil {
		across = *spec.Across
	}
	for pixel := range n * y.Dim(1) * y.Dim(2) {
		ox, oy, i := pixel%y.Dim(2), pixel/y.Dim(2)%y.Dim(1), pixel/y.Dim(2)/y.Dim(1)
		for tap := range kh * kw {
			iy := oy*max(1, spec.Stride) - spec.Pad + tap/kw*max(1, spec.Dilation)
			ix := ox*max(1, across.Stride) - across.Pad + tap%kw*max(1, across.Dilation)
			if iy < 0 || iy >= h || ix < 0 || ix >= width {
				continue
			}
			for group := range max(1, spec.Groups) {
				for in := range ins {
					visit(((i*h+iy)*width+ix)*c+group*ins+in, (tap*ins+in)*oc+group*outs, pixel*oc+group*outs, outs)
				}
			}
		}
	}
}

// TestConv2DAgainstNaive compares output and both gradients over strides,
// paddings, dilations, groups and sizes, also such that work is cut into
// several tasks.
func TestConv2DAgainstNaive(t *testing.T) {
	for _, c := range []struct {
		x, w [4]int
		spec ops.ConvSpec
	}{
		{[4]int{1, 1, 1, 1}, [4]int{1, 1, 1, 1}, ops.ConvSpec{}},
		{[4]int{1, 7, 5, 3}, [4]int{3, 3, 3, 4}, ops.ConvSpec{Pad: 1}},
		{[4]int{3, 7, 5, 3}, [4]int{3, 3, 3, 4}, ops.ConvSpec{Pad: 2}},
		{[4]int{2, 8, 9, 4}, [4]int{3, 3, 4, 5}, ops.ConvSpec{Pad: 1, Stride: 2}},
		{[4]int{2, 8, 9, 4}, [4]int{3, 3, 4, 5}, ops.ConvSpec{Pad: 1, Stride: 3, Dilation: 2}},
		{[4]int{2, 9, 8, 4}, [4]int{3, 3, 4, 5}, ops.ConvSpec{Pad: 3, Dilation: 3}},
		{[4]int{2, 9, 8, 6}, [4]int{3, 3, 2, 9}, ops.ConvSpec{Pad: 1, Groups: 3}},
		{[4]int{2, 9, 8, 6}, [4]int{3, 3, 1, 6}, ops.ConvSpec{Pad: 1, Stride: 2, Groups: 6}},
		{[4]int{2, 6, 6, 4}, [4]int{5, 2, 4, 3}, ops.ConvSpec{}},
		{[4]int{2, 28, 76, 64}, [4]int{3, 3, 64, 256}, ops.ConvSpec{Pad: 1, Stride: 4}}, // wider than what is seen of it
		{[4]int{2, 3, 3, 2}, [4]int{5, 5, 2, 3}, ops.ConvSpec{Pad: 2}},
		{[4]int{2, 3, 2, 2}, [4]int{1, 1, 2, 3}, ops.ConvSpec{Pad: 1}},
		{[4]int{2, 5, 6, 8}, [4]int{1, 1, 8, 4}, ops.ConvSpec{Stride: 2}},
		{[4]int{2, 5, 6, 8}, [4]int{1, 1, 4, 4}, ops.ConvSpec{Groups: 2}},
		{[4]int{5, 15, 17, 3}, [4]int{3, 3, 3, 16}, ops.ConvSpec{Pad: 1}},
		{[4]int{9, 16, 16, 16}, [4]int{3, 3, 16, 8}, ops.ConvSpec{Pad: 1}},
		{[4]int{9, 16, 16, 8}, [4]int{3, 3, 8, 8}, ops.ConvSpec{Pad: 1, Stride: 2}},
		{[4]int{9, 16, 16, 8}, [4]int{1, 1, 8, 16}, ops.ConvSpec{}},
		{[4]int{0, 4, 4, 2}, [4]int{3, 3, 2, 2}, ops.ConvSpec{}},
		// Stems, and depthwise convolutions.
		{[4]int{3, 30, 29, 3}, [4]int{7, 7, 3, 35}, ops.ConvSpec{Pad: 3, Stride: 2}},
		{[4]int{2, 31, 30, 3}, [4]int{3, 3, 3, 32}, ops.ConvSpec{Pad: 1, Stride: 2}},
		{[4]int{3, 19, 21, 37}, [4]int{3, 3, 1, 37}, ops.ConvSpec{Pad: 1, Groups: 37}},
		{[4]int{2, 19, 20, 24}, [4]int{5, 5, 1, 24}, ops.ConvSpec{Pad: 2, Stride: 2, Groups: 24}},
		{[4]int{2, 15, 15, 9}, [4]int{3, 4, 1, 9}, ops.ConvSpec{Pad: 4, Stride: 3, Dilation: 2, Groups: 9}},
		{[4]int{1, 80, 90, 40}, [4]int{3, 3, 1, 40}, ops.ConvSpec{Pad: 1, Groups: 40}}, // several bands
		{[4]int{2, 7, 7, 6}, [4]int{3, 3, 1, 12}, ops.ConvSpec{Pad: 1, Groups: 6}},
		{[4]int{2, 9, 6, 7}, [4]int{3, 5, 1, 7}, ops.ConvSpec{Pad: 5, Stride: 2, Groups: 7}}, // rows and columns of nothing but padding
		{[4]int{3, 2, 2, 5}, [4]int{5, 5, 1, 5}, ops.ConvSpec{Pad: 2, Groups: 5}},
		{[4]int{2, 9, 12, 8}, [4]int{3, 3, 1, 8}, ops.ConvSpec{Pad: 1, Stride: 3, Groups: 8}},
		// Wide ones with strides, in several chunks.
		{[4]int{9, 15, 14, 160}, [4]int{3, 3, 160, 161}, ops.ConvSpec{Pad: 1, Stride: 2}},
		{[4]int{2, 9, 8, 161}, [4]int{3, 2, 161, 160}, ops.ConvSpec{Pad: 2, Stride: 3, Dilation: 2}},
		{[4]int{0, 4, 4, 160}, [4]int{3, 3, 160, 160}, ops.ConvSpec{Stride: 2}},
		// Long runs are cut, small maps computed together, and pixels left out.
		{[4]int{3, 5, 6, 644}, [4]int{3, 3, 644, 20}, ops.ConvSpec{Pad: 1, Stride: 2}},
		{[4]int{2, 6, 6, 321}, [4]int{2, 2, 321, 150}, ops.ConvSpec{Stride: 2}},
		{[4]int{19, 4, 4, 40}, [4]int{3, 3, 40, 200}, ops.ConvSpec{Pad: 1, Stride: 2}},
		{[4]int{2, 9, 8, 5}, [4]int{1, 1, 5, 6}, ops.ConvSpec{Pad: 1, Stride: 3}},
		{[4]int{2, 9, 11, 4}, [4]int{2, 1, 4, 6}, ops.ConvSpec{Stride: 4}},
		{[4]int{1, 4, 4, 1}, [4]int{3, 3, 1, 1}, ops.ConvSpec{Pad: 1}},
		{[4]int{1, 1, 1, 3}, [4]int{3, 3, 3, 2}, ops.ConvSpec{Pad: 1}},
		{[4]int{2, 3, 2, 3}, [4]int{3, 3, 3, 2}, ops.ConvSpec{Pad: 4}},
		{[4]int{3, 8, 8, 17}, [4]int{3, 3, 17, 16}, ops.ConvSpec{Pad: 1}},
		{[4]int{1, 9, 10, 16}, [4]int{3, 3, 16, 35}, ops.ConvSpec{}},
		{[4]int{2, 6, 3, 130}, [4]int{3, 3, 130, 33}, ops.ConvSpec{Pad: 2}},
		{[4]int{33, 7, 8, 5}, [4]int{3, 3, 5, 70}, ops.ConvSpec{Pad: 1}},
		// Unlike down and across.
		{[4]int{2, 9, 12, 5}, [4]int{3, 5, 5, 7}, ops.ConvSpec{Pad: 1, Stride: 2, Across: &ops.ConvAxis{Pad: 2, Stride: 3}}},
		{[4]int{2, 9, 12, 6}, [4]int{3, 3, 1, 6}, ops.ConvSpec{Pad: 2, Dilation: 2, Groups: 6, Across: &ops.ConvAxis{Pad: 1, Stride: 2}}},
		{[4]int{3, 1, 30, 9}, [4]int{1, 4, 9, 8}, ops.ConvSpec{Across: &ops.ConvAxis{Pad: 2, Stride: 2, Dilation: 3}}},
		{[4]int{2, 7, 9, 161}, [4]int{2, 3, 161, 160}, ops.ConvSpec{Stride: 3, Across: &ops.ConvAxis{Pad: 1, Stride: 2, Dilation: 2}}},
		{[4]int{2, 8, 9, 8}, [4]int{3, 3, 8, 9}, ops.ConvSpec{Pad: 2, Across: &ops.ConvAxis{}}},
		{[4]int{2, 8, 9, 8}, [4]int{1, 1, 8, 9}, ops.ConvSpec{Stride: 2, Across: &ops.ConvAxis{Stride: 3}}},
		{[4]int{2, 4, 4, 370}, [4]int{3, 3, 370, 360}, ops.ConvSpec{Pad: 1}},
	} {
		e := newConvExample(1, c.x, c.w, c.spec)
		for _, route := range []string{"direct", "winograd"} {
			t.Run(fmt.Sprint(c.x, c.w, c.spec, route), func(t *testing.T) {
				ops.ForceConvRoute(t, route)
				y, dx, dw := e.run()
				compare(t, "y", y, e.y)
				compare(t, "dx", dx, e.dx)
				compare(t, "dw", dw, e.dw)
			})
		}
	}
}

// TestPointwiseAddsToGradient wants the gradient of a pointwise convolution's input to be
// added to that of another use, which is shared with a third tensor or is not, as the
// engine would add it.
func TestPointwiseAddsToGradient(t *testing.T) {
	for _, stride := range []int{1, 2, 3} {
		for _, other := range []func(x *autograd.Tensor) *autograd.Tensor{itself, ops.Neg} {
			rng := rand.New(rand.NewPCG(9, uint64(stride)))
			inputs := tensors{normal(rng, 3, 8, 7, 16), normal(rng, 1, 1, 16, 24)}
			run := func(apart bool) []float32 {
				ps := params(inputs)
				_, grads := step(autograd.NewTape(ps), ps, func(in tensors) *autograd.Tensor {
					x, early := ops.Neg(in[0]), ops.Neg(in[0])
					alone := x
					if apart { // the engine adds its gradient
						alone = ops.Reshape(x, x.Shape()...)
					}
					h := ops.Conv2D(alone, in[1], ops.ConvSpec{Stride: stride})
					return ops.Add(ops.Add(early, other(x)), ops.Sum(ops.Mul(h, h)))
				})
				return grads
			}
			if !slices.Equal(run(false), run(true)) {
				t.Errorf("stride %d: gradients differ from those that the engine adds", stride)
			}
		}
	}
}

// TestDirectAccuracy bounds the rounding errors of the direct route's paths as
// TestConv2DAccuracy does.
func TestDirectAccuracy(t *testing.T) {
	for name, c := range map[string]struct {
		x, w [4]int
		spec ops.ConvSpec
	}{
		"stem":      {[4]int{4, 32, 32, 3}, [4]int{7, 7, 3, 16}, ops.ConvSpec{Pad: 3, Stride: 2}},
		"stride 2":  {[4]int{4, 16, 16, 64}, [4]int{3, 3, 64, 64}, ops.ConvSpec{Pad: 1, Stride: 2}},
		"depthwise": {[4]int{4, 24, 24, 40}, [4]int{5, 5, 1, 40}, ops.ConvSpec{Pad: 2, Groups: 40}},
		"pointwise": {[4]int{4, 12, 12, 64}, [4]int{1, 1, 64, 64}, ops.ConvSpec{Stride: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newConvExample(1, c.x, c.w, c.spec)
			y, dx, dw := e.run()
			for i, r := range []struct {
				got  []float32
				want []float64
			}{{y, e.y}, {dx, e.dx}, {dw, e.dw}} {
				if mean, largest := relativeErrors(r.got, r.want); !(mean <= 6e-7 && largest <= 4e-6) {
					t.Errorf("%s: mean error %.2g, largest %.2g; want at most 6e-7 and 4e-6", [...]string{"y", "dx", "dw"}[i], mean, largest)
				}
			}
		})
	}
}

// A convExample is a convolution of random tensors, and its output and gradients
// as the definition has them, in float64.
type convExample struct {
	spec      ops.ConvSpec
	ps        autograd.Params
	dy        *autograd.Tensor
	y, dx, dw []float64
	products  float64 // that the definition adds up
}

func newConvExample(seed uint64, x, w [4]int, spec ops.ConvSpec) *convExample {
	rng := rand.New(rand.NewPCG(seed, 2))
	e := &convExample{spec: spec}
	e.ps.Add("x", x[:]...)
	e.ps.Add("w", w[:]...)
	for i := range e.ps.Flat() {
		e.ps.Flat()[i] = float32(rng.NormFloat64())
	}
	tape := autograd.NewInference()
	tx, tw := tape.Use(e.ps.All()[0]), tape.Use(e.ps.All()[1])
	y := ops.Conv2D(tx, tw, spec)
	e.dy = normal(rng, y.Shape()...)
	e.y, e.dx, e.dw = make([]float64, y.Len()), make([]float64, tx.Len()), make([]float64, tw.Len())
	dataX, dataW, dataDy := tx.Data(), tw.Data(), e.dy.Data()
	naiveConv2D(tx, tw, y, spec, func(i, j, o, outs int) {
		e.products += float64(outs)
		a, sum := float64(dataX[i]), 0.0
		w, dy, y, dw := dataW[j:j+outs], dataDy[o:o+outs], e.y[o:o+outs], e.dw[j:j+outs]
		for k, b := range w {
			d := float64(dy[k])
			y[k] += a * float64(b)
			sum += float64(b) * d
			dw[k] += a * d
		}
		e.dx[i] += sum
	})
	return e
}

func (e *convExample) run() (y, dx, dw []float32) {
	tape := autograd.NewTape(&e.ps)
	out := ops.Conv2D(tape.Use(e.ps.All()[0]), tape.Use(e.ps.All()[1]), e.spec)
	grads := tape.Backward(ops.Sum(ops.Mul(out, e.dy)))
	return out.Data(), grads[:len(e.dx)], grads[len(e.dx):]
}

// compare wants got to be close to want, relative to the largest element.
func compare(t *testing.T, name string, got []float32, want []float64) {
	t.Helper()
	scale := 1.0
	for _, v := range want {
		scale = max(scale, math.Abs(v))
	}
	for i, v := range want {
		if !(math.Abs(float64(got[i])-v) <= 1e-5*scale) {
			t.Errorf("%s[%d] = %v, want %v", name, i, got[i], v)
			return
		}
	}
}

// BenchmarkConv2D measures the shapes of WRN-28-2 and WRN-28-10, forward and for
// each gradient, in GFLOPS that count the multiplications and additions of the
// definition, and against the speed of multiply-adds on registers. Both are from
// the fastest repetition: other programs may have the cores during some of them.
// For percentages of one core, run with -cpu 1.
func BenchmarkConv2D(b *testing.B) {
	for _, c := range []struct {
		name           string
		n, size, c, oc int
		k, stride      int
	}{
		{"stem", 16, 32, 3, 16, 3, 1},
		{"32x32x16", 16, 32, 16, 16, 3, 1},
		{"32x32x32", 16, 32, 32, 32, 3, 1},
		{"16x16x64", 16, 16, 64, 64, 3, 1},
		{"8x8x128", 16, 8, 128, 128, 3, 1},
		{"32x32x160", 16, 32, 160, 160, 3, 1},
		{"16x16x320", 16, 16, 320, 320, 3, 1},
		{"8x8x640", 16, 8, 640, 640, 3, 1},
		{"32x32x32-64stride2", 64, 32, 32, 64, 3, 2},
		{"shortcut1x1", 64, 32, 32, 64, 1, 2},
		{"bottleneck1x1", 8, 28, 512, 128, 1, 1},
		{"stem7x7", 8, 224, 3, 64, 7, 2},
	} {
		x, w := normal(rand.New(rand.NewPCG(1, 2)), c.n, c.size, c.size, c.c), normal(rand.New(rand.NewPCG(3, 4)), c.k, c.k, c.c, c.oc)
		for _, mode := range []string{"forward", "dX", "dW"} {
			b.Run(c.name+"/"+mode, func(b *testing.B) {
				benchmarkConv2D(b, mode, x, w, ops.ConvSpec{Pad: c.k / 2, Stride: c.stride})
			})
		}
	}
}

func benchmarkConv2D(b *testing.B, mode string, x, w *autograd.Tensor, spec ops.ConvSpec) {
	of := x // what has a gradient
	if mode == "dW" {
		of = w
	}
	ps := params(tensors{of})
	tape := autograd.NewTape(ps)
	var speed, ceiling float64
	for b.Loop() {
		tape.Reset()
		start := time.Now()
		for range 3 {
			ceiling = max(ceiling, float64(simd.FMALoop(10_000))/time.Since(start).Seconds())
			start = time.Now()
		}
		in := tape.Use(ps.All()[0])
		var y *autograd.Tensor
		if mode != "dW" {
			y = ops.Conv2D(in, w, spec)
		} else {
			y = ops.Conv2D(x, in, spec)
		}
		elapsed := time.Since(start)
		if mode != "forward" {
			loss := ops.Sum(y)
			start = time.Now()
			tape.Backward(loss)
			elapsed = time.Since(start)
		}
		flops := 2 * y.Len() * w.Len() / w.Dim(3)
		speed = max(speed, float64(flops)/elapsed.Seconds())
	}
	b.ReportMetric(speed/1e9, "GFLOPS")
	b.ReportMetric(100*speed/ceiling, "%ceiling")
	b.ReportMetric(0, "ns/op")
}
