package simd

import (
	"math"
	"slices"
	"testing"
)

// ulps returns the distance of got from want in units of the last place that
// float32 has at want.
func ulps(got float32, want float64) float64 {
	_, e := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(e-24, -149))
}

func exactSigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func exactSiLU(x float64) float64 { return x * exactSigmoid(x) }

func exactSiLUSlope(x float64) float64 {
	s := exactSigmoid(x)
	return s * (1 + x*(1-s))
}

func exactGELU(x float64) float64 { return x * 0.5 * math.Erfc(-x/math.Sqrt2) }

func exactGELUSlope(x float64) float64 {
	return 0.5*math.Erfc(-x/math.Sqrt2) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
}

func TestExpAccuracy(t *testing.T) {
	for _, test := range []struct {
		name   string
		f      func(dst, x []float32)
		exact  func(float64) float64
		lo, hi float64
		limit  float64
	}{
		{"Exp", Exp, math.Exp, -87, 88.72, 2},
		{"Exp", Exp, math.Exp, -1, 1, 2},
		{"Exp to subnormal", Exp, math.Exp, -104, -87.5, 1},
		{"Sigmoid", Sigmoid, exactSigmoid, -89, 90, 3},
		{"Sigmoid", Sigmoid, exactSigmoid, -1, 1, 3},
		{"Tanh", Tanh, math.Tanh, -10, 10, 2},
		{"Tanh", Tanh, math.Tanh, -1e-3, 1e-3, 2},
		{"GELU", GELU, exactGELU, -1, 10, 8},
		{"GELU", GELU, exactGELU, -1e-3, 1e-3, 8},
		{"GELU far down", GELU, exactGELU, -6, -1, 8 + 6*6/2},
		{"SiLU", SiLU, exactSiLU, -88, 20, 4},
		{"SiLU", SiLU, exactSiLU, -1e-3, 1e-3, 4},
	} {
		const n = 1 << 17
		x, y := make([]float32, n), make([]float32, n)
		for i := range x {
			x[i] = float32(test.lo + (test.hi-test.lo)*float64(i)/n)
		}
		test.f(y, x)
		var worst float64
		for i := range x {
			if u := ulps(y[i], test.exact(float64(x[i]))); !(u <= test.limit) {
				t.Fatalf("%s(%g) = %g, off by %.2f units in the last place", test.name, x[i], y[i], u)
			} else {
				worst = max(worst, u)
			}
		}
		t.Logf("%s on [%g, %g]: at most %.2f units in the last place", test.name, test.lo, test.hi, worst)
	}
}

func TestExpSpecialValues(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, test := range []struct {
		name    string
		f       func(dst, x []float32)
		x, want float32
	}{
		{"Exp", Exp, 0, 1},
		{"Exp", Exp, inf, inf},
		{"Exp", Exp, -inf, 0},
		{"Exp", Exp, 88.73, inf},
		{"Exp", Exp, 1e30, inf},
		{"Exp", Exp, -103.9, math.SmallestNonzeroFloat32},
		{"Exp", Exp, -104, 0},
		{"Exp", Exp, -1e30, 0},
		{"Exp", Exp, nan, nan},
		{"Sigmoid", Sigmoid, 0, 0.5},
		{"Sigmoid", Sigmoid, inf, 1},
		{"Sigmoid", Sigmoid, -inf, 0},
		{"Sigmoid", Sigmoid, -89.4, 0},
		{"Sigmoid", Sigmoid, -1e30, 0},
		{"Sigmoid", Sigmoid, 86.9, 1},
		{"Sigmoid", Sigmoid, 87.4, 1},
		{"Sigmoid", Sigmoid, 1e30, 1},
		{"Sigmoid", Sigmoid, nan, nan},
		{"Tanh", Tanh, 0, 0},
		{"Tanh", Tanh, inf, 1},
		{"Tanh", Tanh, -inf, -1},
		{"Tanh", Tanh, 1e-40, 1e-40},
		{"Tanh", Tanh, nan, nan},
		{"GELU", GELU, 0, 0},
		{"GELU", GELU, inf, inf},
		{"GELU", GELU, -20, float32(math.Copysign(0, -1))},
		{"GELU", GELU, nan, nan},
		{"SiLU", SiLU, 0, 0},
		{"SiLU", SiLU, inf, inf},
		{"SiLU", SiLU, -1e30, float32(math.Copysign(0, -1))},
		{"SiLU", SiLU, -200, float32(math.Copysign(0, -1))},
		{"SiLU", SiLU, nan, nan},
	} {
		forEachTier(t, func(t *testing.T) {
			y := make([]float32, 16) // what every version computes in vectors
			test.f(y, slices.Repeat([]float32{test.x}, len(y)))
			if !sameBits(y[0], test.want) {
				t.Errorf("%s(%g) = %g, want %g", test.name, test.x, y[0], test.want)
			}
		})
	}
}

func TestSoftmaxRow(t *testing.T) {
	for _, n := range []int{1, 2, 7, 100, 5000} {
		x, y := make([]float32, n), make([]float32, n)
		var total float64
		for i := range x {
			x[i] = 500 + 10*float32(math.Sin(float64(i)))
			total += math.Exp(float64(x[i]) - 500)
		}
		largest, logSum := SoftmaxRow(y, x)
		if largest != slices.Max(x) {
			t.Errorf("%d elements: the largest is %g, want %g", n, largest, slices.Max(x))
		}
		if want := math.Log(total) + 500 - float64(largest); ulps(logSum, want) > 1 && math.Abs(float64(logSum)-want) > 1e-7 {
			t.Errorf("%d elements: log of the sum is %g, want %g", n, logSum, want)
		}
		for i := range x {
			if want := math.Exp(float64(x[i])-500) / total; ulps(y[i], want) > 40 {
				t.Fatalf("%d elements: softmax has %g at %d, want %g", n, y[i], i, want)
			}
		}
	}
}

func TestSoftmaxRowSpecialValues(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, test := range []struct{ x, want []float32 }{
		{[]float32{-inf, 3, -inf}, []float32{0, 1, 0}},
		{[]float32{-3e38, 3e38}, []float32{0, 1}},
		{[]float32{-inf, -inf}, []float32{nan, nan}},
		{[]float32{0, nan}, []float32{nan, nan}},
	} {
		y := make([]float32, len(test.x))
		SoftmaxRow(y, test.x)
		for i := range y {
			if !sameBits(y[i], test.want[i]) {
				t.Errorf("SoftmaxRow(%g) = %g, want %g", test.x, y, test.want)
				break
			}
		}
	}
}

func BenchmarkSoftmaxRow(b *testing.B) {
	x, y := make([]float32, 1<<14), make([]float32, 1<<14)
	for b.Loop() {
		SoftmaxRow(y, x)
	}
}
