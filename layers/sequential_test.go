package layers

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/ops"
)

// everything keeps nothing but the first element, at one site.
type everything string

func (e everything) Mask(site string, shape []int, s dropout.Stream) dropout.Mask {
	if site != string(e) {
		return nil
	}
	return func(keep []uint32) float32 {
		clear(keep)
		keep[0] = 1
		return 7
	}
}

func (e everything) Describe() string { return string(e) }

func TestDropoutLayer(t *testing.T) {
	s := NewScope(1)
	l := NewDropout(s.Sub("head").Path("drop"), 0.25)
	x := autograd.New(40, 100)
	for i := range x.Data() {
		x.Data()[i] = 1
	}
	run := func(c Ctx) []float32 { return l.Forward(&c, x).Data() }
	train := Ctx{Tape: autograd.NewInference(), Mode: Training}
	zeros := 0
	for _, v := range run(train) {
		switch v {
		case 0:
			zeros++
		case 1 / 0.75:
		default:
			t.Fatalf("an element is %v", v)
		}
	}
	if zeros < 900 || zeros > 1100 {
		t.Errorf("%d of 4000 elements were dropped", zeros)
	}
	if !slices.Equal(run(train), run(train)) {
		t.Error("the same stream drops something else")
	}
	other := train
	other.Stream.Step = 1
	if slices.Equal(run(train), run(other)) {
		t.Error("another step drops the same")
	}
	if y := run(Ctx{Tape: autograd.NewInference()}); !slices.Equal(y, x.Data()) {
		t.Error("it drops in prediction")
	}
	searched := train
	searched.Policy = everything(l.Site())
	if y := run(searched); y[0] != 7 || slices.Max(y[1:]) != 0 {
		t.Errorf("the policy does not decide: %v", y[:4])
	}
	searched.Policy = everything("elsewhere")
	if !slices.Equal(run(searched), run(train)) {
		t.Error("a policy of other sites changes this one")
	}
	if y := NewDropout("none", 0).Forward(&train, x); y != x {
		t.Error("a probability of 0 copies")
	}
	defer func() {
		if r, _ := recover().(string); !strings.Contains(r, "probability") {
			t.Errorf("a probability of 1 panics with %q", r)
		}
	}()
	NewDropout("wrong", 1)
}

func TestSequentialIsItsLayers(t *testing.T) {
	s := NewScope(1)
	a, b := NewLinear(s.Sub("0"), LinearConfig{In: 3, Out: 4}), NewLinear(s.Sub("2"), LinearConfig{In: 4, Out: 2})
	m := NewModel(s, Sequential{a, Func(ops.ReLU), b})
	x := normal(1, 5, 3)
	c := &Ctx{Tape: autograd.NewInference()}
	if want := b.Forward(c, ops.ReLU(a.Forward(c, x))); !slices.Equal(Predict(m, x).Data(), want.Data()) {
		t.Error("the model is not its layers one after another")
	}
	if m.Params() != s.Params() {
		t.Error("the model has other parameters")
	}
	if y := (Sequential{}).Forward(c, x); y != x {
		t.Error("no layers change the input")
	}
}

func TestPoolingAndUpsamplingAsLayers(t *testing.T) {
	c := &Ctx{Tape: autograd.NewInference()}
	x := normal(1, 2, 5, 7, 3)
	for _, l := range []struct {
		layer Layer
		want  *autograd.Tensor
	}{
		{AdaptiveAvgPool2D{2, 3}, ops.AdaptiveAvgPool2D(x, 2, 3)},
		{AdaptiveMaxPool2D{2, 3}, ops.AdaptiveMaxPool2D(x, 2, 3)},
		{Upsample{Scale: 2, Bilinear: true}, ops.Upsample(x, ops.UpsampleSpec{Scale: 2, Bilinear: true})},
	} {
		if y := l.layer.Forward(c, x); !slices.Equal(y.Data(), l.want.Data()) || !slices.Equal(y.Shape(), l.want.Shape()) {
			t.Errorf("%T gives %v", l.layer, y)
		}
	}
}

// TestBatchNormOfASingleValue trains with a last batch of one example: the layer takes
// the running statistics and leaves them alone.
func TestBatchNormOfASingleValue(t *testing.T) {
	s := NewScope(1)
	l := NewBatchNorm(s, BatchNormConfig{Channels: 3})
	copy(l.mean.Data, []float32{1, 2, 3})
	tape := autograd.NewTape(s.Params())
	c := &Ctx{Tape: tape}
	x := tape.Input([]float32{1, 2, 4}, 1, 1, 1, 3)
	for _, y := range []*autograd.Tensor{l.Forward(c, x), l.ForwardReLU(c, x, nil), l.ForwardAddReLU(c, x, autograd.New(1, 1, 1, 3))} {
		if got := y.Data(); got[0] != 0 || got[1] != 0 || !(got[2] > 0.99 && got[2] < 1) {
			t.Errorf("it is %v", got)
		}
	}
	tape.Backward(ops.Sum(l.Forward(c, x)))
	if !slices.Equal(l.mean.Data, []float32{1, 2, 3}) {
		t.Errorf("the running means are %v", l.mean.Data)
	}
	tape.Reset()
	l.Forward(c, tape.Input([]float32{1, 2, 4, 1, 2, 4}, 2, 3))
	tape.Commit()
	if slices.Equal(l.mean.Data, []float32{1, 2, 3}) {
		t.Error("two values move no running mean")
	}
}

// TestTapesShareConstants: goroutines with a tape each may use one constant of a network. The
// race detector looks.
func TestTapesShareConstants(t *testing.T) {
	s := NewScope(1)
	l, constant := NewLinear(s, LinearConfig{In: 2, Out: 2}), normal(2, 3, 2)
	var group sync.WaitGroup
	for range 2 {
		tape := autograd.NewTape(s.Params())
		group.Go(func() {
			for range 10 {
				y := ops.Mul(l.Forward(&Ctx{Tape: tape}, ops.Reshape(constant, 3, 2)), constant.Detach())
				tape.Backward(ops.Sum(ops.Div(y, constant)))
				tape.Reset()
			}
		})
	}
	group.Wait()
}
