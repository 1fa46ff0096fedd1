package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

// naiveConv2D is the convolution as its definition says, with float64 sums. For
// every product it calls visit with the places of the three elements.
func naiveConv2D(x, w, y *autograd.Tensor, spec ops.ConvSpec, visit func(x, w, y int)) {
	n, h, width, c := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	kh, kw, ins, oc := w.Dim(0), w.Dim(1), w.Dim(2), w.Dim(3)
	outs := oc / (c / ins)
	for at := range n * y.Dim(1) * y.Dim(2) * oc {
		o, ox, oy, i := at%oc, at/oc%y.Dim(2), at/oc/y.Dim(2)%y.Dim(1), at/oc/y.Dim(2)/y.Dim(1)
		for tap := range kh * kw {
			iy := oy*max(1, spec.Stride) - spec.Pad + tap/kw*max(1, spec.Dilation)
			ix := ox*max(1, spec.Stride) - spec.Pad + tap%kw*max(1, spec.Dilation)
			if iy < 0 || iy >= h || ix < 0 || ix >= width {
				continue
			}
			for in := range ins {
				visit(((i*h+iy)*width+ix)*c+o/outs*ins+in, (tap*ins+in)*oc+o, at)
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
		{[4]int{2, 3, 3, 2}, [4]int{5, 5, 2, 3}, ops.ConvSpec{Pad: 2}},
		{[4]int{2, 3, 2, 2}, [4]int{1, 1, 2, 3}, ops.ConvSpec{Pad: 1}},
		{[4]int{2, 5, 6, 8}, [4]int{1, 1, 8, 4}, ops.ConvSpec{Stride: 2}},
		{[4]int{2, 5, 6, 8}, [4]int{1, 1, 4, 4}, ops.ConvSpec{Groups: 2}},
		{[4]int{5, 15, 17, 3}, [4]int{3, 3, 3, 16}, ops.ConvSpec{Pad: 1}},
		{[4]int{9, 16, 16, 16}, [4]int{3, 3, 16, 8}, ops.ConvSpec{Pad: 1}},
		{[4]int{9, 16, 16, 8}, [4]int{3, 3, 8, 8}, ops.ConvSpec{Pad: 1, Stride: 2}},
		{[4]int{9, 16, 16, 8}, [4]int{1, 1, 8, 16}, ops.ConvSpec{}},
		{[4]int{0, 4, 4, 2}, [4]int{3, 3, 2, 2}, ops.ConvSpec{}},
	} {
		t.Run(fmt.Sprint(c.x, c.w, c.spec), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			var ps autograd.Params
			px, pw := ps.Add("x", c.x[:]...), ps.Add("w", c.w[:]...)
			for i := range ps.Flat() {
				ps.Flat()[i] = float32(rng.NormFloat64())
			}
			tape := autograd.NewTape(&ps)
			x, w := tape.Use(px), tape.Use(pw)
			y := ops.Conv2D(x, w, c.spec)
			dy := normal(rng, y.Shape()...)
			got := tape.Backward(ops.Sum(ops.Mul(y, dy)))

			want, grads := make([]float64, y.Len()), make([]float64, ps.Len())
			naiveConv2D(x, w, y, c.spec, func(i, j, o int) {
				a, b, d := float64(x.Data()[i]), float64(w.Data()[j]), float64(dy.Data()[o])
				want[o] += a * b
				grads[i] += b * d
				grads[px.Len()+j] += a * d
			})
			compare(t, "y", y.Data(), want)
			compare(t, "dx", got[:px.Len()], grads[:px.Len()])
			compare(t, "dw", got[px.Len():], grads[px.Len():])
		})
	}
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

// BenchmarkConv2D measures the shapes of WRN-28-2 and WRN-28-10: forward, and
// forward with both gradients. GFLOPS count the multiplications of the direct
// algorithm, and the additions.
func BenchmarkConv2D(b *testing.B) {
	for _, c := range []struct {
		name           string
		n, size, c, oc int
		k, stride      int
	}{
		{"stem", 64, 32, 3, 16, 3, 1},
		{"32x32x32", 64, 32, 32, 32, 3, 1},
		{"32x32x32-64stride2", 64, 32, 32, 64, 3, 2},
		{"16x16x64", 64, 16, 64, 64, 3, 1},
		{"8x8x128", 64, 8, 128, 128, 3, 1},
		{"32x32x160", 8, 32, 160, 160, 3, 1},
		{"16x16x320", 8, 16, 320, 320, 3, 1},
		{"8x8x640", 16, 8, 640, 640, 3, 1},
		{"shortcut1x1", 64, 32, 32, 64, 1, 2},
		{"bottleneck1x1", 8, 28, 512, 128, 1, 1},
	} {
		for _, train := range []bool{false, true} {
			mode := "forward"
			if train {
				mode = "train"
			}
			b.Run(c.name+"/"+mode, func(b *testing.B) {
				var ps autograd.Params
				px, pw := ps.Add("x", c.n, c.size, c.size, c.c), ps.Add("w", c.k, c.k, c.c, c.oc)
				rng := rand.New(rand.NewPCG(1, 2))
				for i := range ps.Flat() {
					ps.Flat()[i] = float32(rng.NormFloat64())
				}
				tape := autograd.NewTape(&ps)
				spec := ops.ConvSpec{Pad: c.k / 2, Stride: c.stride}
				outputs := 0
				for b.Loop() {
					tape.Reset()
					y := ops.Conv2D(tape.Use(px), tape.Use(pw), spec)
					outputs = y.Len()
					if train {
						tape.Backward(ops.Sum(y))
					}
				}
				flops := 2 * float64(outputs) * float64(c.k*c.k*c.c)
				if train {
					flops *= 3
				}
				b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
			})
		}
	}
}
