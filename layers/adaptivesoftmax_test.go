package layers

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

// adaptive returns an adaptive softmax of 20 classes over 16 dimensions, with
// weights of order one.
func adaptive(t *testing.T, cutoffs ...int) (*AdaptiveSoftmax, *Scope) {
	t.Helper()
	s := NewScope(1)
	l, err := NewAdaptiveSoftmax(s.Sub("softmax"), AdaptiveSoftmaxConfig{Table: s.Param("table", Normal(1), 20, 16), Cutoffs: cutoffs})
	if err != nil {
		t.Fatal(err)
	}
	for i := range l.bias.Data() {
		l.bias.Data()[i] = float32(i%5) / 4
	}
	return l, s
}

func TestAdaptiveSoftmaxIsADistribution(t *testing.T) {
	for _, cutoffs := range [][]int{nil, {7}, {1, 2, 19}, {8, 15}} {
		l, _ := adaptive(t, cutoffs...)
		c := &Ctx{Tape: autograd.NewInference()}
		x := c.Tape.Input(make([]float32, 5*16), 5, 16)
		for i := range x.Data() {
			x.Data()[i] = float32(math.Sin(float64(i)))
		}
		classes := []int{0, 7, 19, 14, 7}
		logits := l.Logits(c, x)
		if got := logits.Shape(); !slices.Equal(got, []int{5, 20}) {
			t.Fatalf("cutoffs %v: logits %v, want (5, 20)", cutoffs, got)
		}
		want, logs := float32(0), ops.Pick(ops.LogSoftmax(logits), classes).Data()
		for _, v := range logs {
			want -= v / 5
		}
		for i, v := range l.LogProbs(c, x, classes).Data() {
			if !(math.Abs(float64(v-logs[i])) < 1e-5) {
				t.Errorf("cutoffs %v: log-probability %v of class %d, want %v", cutoffs, v, classes[i], logs[i])
			}
		}
		first := ops.Slice(x, 0, 0, 2) // whose classes are in the head
		for i, v := range l.LogProbs(c, first, []int{0, 0}).Data() {
			if want := ops.LogSoftmax(logits).Data()[i*20]; !(math.Abs(float64(v-want)) < 1e-5) {
				t.Errorf("cutoffs %v: log-probability %v of class 0, want %v", cutoffs, v, want)
			}
		}
		if got := l.Loss(c, x, classes).Item(); !(math.Abs(float64(got-want)) < 1e-5) {
			t.Errorf("cutoffs %v: loss %v, the mean of -log p is %v", cutoffs, got, want)
		}
	}
}

// TestAdaptiveSoftmaxFarFromZero shifts the logits of the head by a number that
// changes no difference between them.
func TestAdaptiveSoftmaxFarFromZero(t *testing.T) {
	classes := []int{0, 7, 19, 14, 3}
	losses := func(shift float32) (loss, logs []float32) {
		l, _ := adaptive(t, 8, 15)
		for i := range l.bias.Data() {
			l.bias.Data()[i] += shift
		}
		c := &Ctx{Tape: autograd.NewInference()}
		x := c.Tape.Input(make([]float32, 5*16), 5, 16)
		return l.Loss(c, x, classes).Data(), ops.LogSoftmax(l.Logits(c, x)).Data()
	}
	want, wantLogs := losses(0)
	for _, shift := range []float32{1 << 19, -1 << 19} {
		got, logs := losses(shift)
		if math.Abs(float64(got[0]-want[0])) > 1e-6 {
			t.Errorf("the loss of logits about %g is %v, want %v", shift, got, want)
		}
		for i, v := range wantLogs {
			if math.Abs(float64(logs[i]-v)) > 2e-6 {
				t.Fatalf("log-probability %d from logits about %g is %v, want %v", i, shift, logs[i], v)
			}
		}
	}
}

// TestAdaptiveSoftmaxShapes compares parameters with those of PyTorch's module.
func TestAdaptiveSoftmaxShapes(t *testing.T) {
	_, s := adaptive(t, 8, 15)
	var names []string
	for _, p := range s.Params().All() {
		names = append(names, p.Name)
	}
	if got, want := strings.Join(names, " "), "table softmax.bias softmax.cluster.weight softmax.tail.0.0.weight softmax.tail.0.1.weight softmax.tail.1.0.weight softmax.tail.1.1.weight"; got != want {
		t.Errorf("parameters %s, want %s", got, want)
	}
	for name, want := range map[string][]int{
		"softmax.bias": {10}, "softmax.cluster.weight": {2, 16},
		"softmax.tail.0.0.weight": {4, 16}, "softmax.tail.0.1.weight": {7, 4},
		"softmax.tail.1.0.weight": {1, 16}, "softmax.tail.1.1.weight": {5, 1},
	} {
		if got := s.Params().Lookup(name).Shape(); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func TestAdaptiveSoftmaxRefuses(t *testing.T) {
	for _, cutoffs := range [][]int{{0}, {-1, 4}, {5, 5}, {9, 4}, {20}, {4, 21}} {
		s := NewScope(1)
		_, err := NewAdaptiveSoftmax(s, AdaptiveSoftmaxConfig{Table: s.Param("table", Normal(1), 20, 16), Cutoffs: cutoffs})
		if err == nil || !strings.Contains(err.Error(), "ascend") {
			t.Errorf("cutoffs %v: error %v", cutoffs, err)
		}
	}
	for _, class := range []int{-1, 20} {
		func() {
			defer func() {
				var shape *autograd.ShapeError
				if err, _ := recover().(error); !errors.As(err, &shape) {
					t.Errorf("class %d: Loss ended with %v, want a panic with a ShapeError", class, err)
				}
			}()
			l, _ := adaptive(t, 8, 15)
			c := &Ctx{Tape: autograd.NewInference()}
			l.Loss(c, c.Tape.Input(make([]float32, 16), 1, 16), []int{class})
		}()
	}
}
