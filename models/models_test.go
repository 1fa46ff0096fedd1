package models

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
)

// cases lists every model, small enough for a test.
var cases = []struct {
	name    string
	make    func() (layers.Model, error)
	input   []int // of one example
	output  []int
	params  int
	buffers int
}{
	{"WRN-10-1", wrn(10, 1), []int{32, 32, 3}, []int{10}, 77_850, 14},
	{"WRN-16-2", wrn(16, 2), []int{16, 16, 3}, []int{10}, 691_674, 26},
	{"ResNet-18 of 8 channels", resNet(18, 8), []int{33, 40, 3}, []int{10}, 177_362, 40},
	{"ResNet-50 of 4 channels", resNet(50, 4), []int{64, 64, 3}, []int{10}, 96_782, 106},
	{"FastNet-24-32-40", fastNet(false), []int{20, 20, 3}, []int{10}, 53_032, 19},
	{"FastNet-24-32-40r", fastNet(true), []int{18, 21, 3}, []int{10}, 81_928, 28},
	{"EfficientNet-B0 times 0.25", efficientNet(0, 0.25), []int{40, 33, 3}, []int{10}, 328_956, 98},
}

func wrn(depth, width int) func() (layers.Model, error) {
	return func() (layers.Model, error) {
		return NewWRN(WRNConfig{Depth: depth, Width: width, Classes: 10, Seed: 1})
	}
}

func resNet(depth, channels int) func() (layers.Model, error) {
	return func() (layers.Model, error) {
		return NewResNet(ResNetConfig{Depth: depth, Channels: channels, Classes: 10, Seed: 1})
	}
}

func efficientNet(version int, width float64) func() (layers.Model, error) {
	return func() (layers.Model, error) {
		return NewEfficientNet(EfficientNetConfig{Version: version, Width: width, Classes: 10, Seed: 1})
	}
}

func TestModels(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m, err := c.make()
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(m); got != c.name {
				t.Errorf("called %q", got)
			}
			if got := m.Params().Len(); got != c.params {
				t.Errorf("%d parameters, want %d", got, c.params)
			}
			if got := len(m.Params().Buffers()); got != c.buffers {
				t.Errorf("%d buffers, want %d", got, c.buffers)
			}
			for _, n := range []int{1, 3} {
				checkOutput(t, layers.Predict(m, values(1, append([]int{n}, c.input...)...)), append([]int{n}, c.output...))
			}
			checkGradients(t, m, values(2, append([]int{3}, c.input...)...))
			checkExamplesAlone(t, m, values(3, append([]int{3}, c.input...)...))
		})
	}
}

func checkOutput(t *testing.T, y *autograd.Tensor, shape []int) {
	t.Helper()
	if fmt.Sprint(y.Shape()) != fmt.Sprint(shape) {
		t.Fatalf("output has shape %v, want %v", y.Shape(), shape)
	}
	for _, v := range y.Data() {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			t.Fatalf("output has %v", v)
		}
	}
}

// checkGradients trains on one batch and demands a gradient for every
// parameter, and a loss that falls.
func checkGradients(t *testing.T, m layers.Model, x *autograd.Tensor) {
	t.Helper()
	ps := m.Params()
	tape := autograd.NewTape(ps)
	labels := make([]int, x.Dim(0))
	for i := range labels {
		labels[i] = i
	}
	step := func() (float32, []float32) {
		tape.Reset()
		y := m.Forward(&layers.Ctx{Tape: tape}, tape.Input(x.Data(), x.Shape()...))
		loss := ops.CrossEntropy(y, labels, ops.CrossEntropySpec{})
		value := loss.Item()
		return value, tape.Backward(loss)
	}
	before, grads := step()
	for _, p := range ps.All() {
		sum := 0.0
		for _, g := range grads[p.Offset() : p.Offset()+p.Len()] {
			sum += math.Abs(float64(g))
		}
		if !(sum > 0) || math.IsInf(sum, 0) {
			t.Errorf("%s: gradients with the absolute sum %v", p.Name, sum)
		}
	}
	sum := 0.0
	for _, g := range grads {
		sum += float64(g) * float64(g)
	}
	rate := float32(0.003 / max(1, math.Sqrt(sum))) // a deep network of few channels has large gradients
	for i, g := range grads {
		ps.Flat()[i] -= rate * g
	}
	if after, _ := step(); !(after < before) {
		t.Errorf("a step down the gradient takes the loss from %v to %v", before, after)
	}
}

// checkExamplesAlone demands that a prediction does not depend on the rest of
// the batch.
func checkExamplesAlone(t *testing.T, m layers.Model, x *autograd.Tensor) {
	t.Helper()
	all := layers.Predict(m, x)
	size, out := x.Len()/x.Dim(0), all.Len()/x.Dim(0)
	for i := range x.Dim(0) {
		shape := append([]int{1}, x.Shape()[1:]...)
		one := layers.Predict(m, autograd.FromSlice(x.Data()[i*size:(i+1)*size], shape...))
		for j, v := range one.Data() {
			if want := all.Data()[i*out+j]; !(math.Abs(float64(v-want)) <= 1e-5*(1+math.Abs(float64(want)))) {
				t.Errorf("example %d alone has output %v, in a batch %v", i, v, want)
			}
		}
	}
}

// values returns the numbers of the function of that name in
// testdata/golden.py.
func values(seed int, shape ...int) *autograd.Tensor {
	x := autograd.New(shape...)
	for i := range x.Data() {
		z := uint32(i+seed*1000003) * 2654435761
		z = (z ^ z>>15) * 2246822519
		z ^= z >> 13
		x.Data()[i] = float32(z>>8)/(1<<23) - 1
	}
	return x
}

// nameSeed is the function seed of testdata/golden.py.
func nameSeed(name string) int {
	sum := 0
	for i, b := range []byte(name) {
		sum += int(b) * (i + 1)
	}
	return sum
}

// weigh gives a model weights by the formula of testdata/golden.py.
func weigh(t *testing.T, m layers.Model) {
	t.Helper()
	state := layers.State(m.Params())
	for _, a := range state {
		scale, shift := float32(0.25), float32(0)
		switch {
		case len(a.Shape) == 4:
			scale = float32(math.Sqrt(6 / float64(a.Shape[1]*a.Shape[2]*a.Shape[3])))
		case strings.HasSuffix(a.Name, "running_var"):
			scale, shift = 0.5, 1
		case strings.HasSuffix(a.Name, "weight") && len(a.Shape) == 1:
			shift = 1
		case len(a.Shape) == 2:
			scale = 0.125
		}
		for i, v := range values(nameSeed(a.Name), len(a.Data)).Data() {
			a.Data[i] = float32(v*scale) + shift
		}
	}
	if err := layers.LoadState(m.Params(), state); err != nil {
		t.Fatal(err)
	}
}

// exampleImages returns the batch called images(1, n, size) in testdata/golden.py.
func exampleImages(n, size int) *autograd.Tensor {
	x := values(1, n, size, size, 3)
	for i := range x.Data() {
		x.Data()[i] *= 1.5
	}
	return x
}

// visits is a policy that notes where it was called, and on what.
type visits map[string][]int

func (visits) Describe() string { return "visits" }

func (v visits) Mask(site string, shape []int, _ dropout.Stream) dropout.Mask {
	v[site] = slices.Clone(shape)
	return nil
}
