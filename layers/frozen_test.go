package layers

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

// convNet is a network with a convolution, a normalisation and a classifier.
type convNet struct {
	params *autograd.Params
	conv   *Conv2D
	norm   *BatchNorm
	fc     *Linear
	mu     sync.Mutex
	most   int // examples that were computed together
}

func newConvNet() *convNet {
	s := NewScope(2)
	return &convNet{
		params: s.Params(),
		conv:   NewConv2D(s.Sub("conv"), Conv2DConfig{In: 3, Out: 40, Size: 3, Pad: 1, NoBias: true}),
		norm:   NewBatchNorm(s.Sub("norm"), BatchNormConfig{Channels: 40}),
		fc:     NewLinear(s.Sub("fc"), LinearConfig{In: 40, Out: 7}),
	}
}

func (m *convNet) Params() *autograd.Params { return m.params }

func (m *convNet) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	m.mu.Lock()
	m.most = max(m.most, x.Dim(0))
	m.mu.Unlock()
	x = m.norm.After(c, m.conv, x, ops.ConvEnd{Activation: ops.WithSiLU})
	return m.fc.Forward(c, ops.GlobalAvgPool(x))
}

// TestFrozen wants the outputs that Predict gives, for any number of examples, cores and callers.
func TestFrozen(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	m := newConvNet()
	all := normal(1, 21, 9, 8, 3)
	want := Predict(m, all)
	f := Freeze(m)
	for _, cores := range []int{1, 2, 3, 7, 64} {
		runtime.GOMAXPROCS(cores)
		var group sync.WaitGroup
		for n := range 22 {
			group.Go(func() {
				got := f.Predict(autograd.FromSlice(all.Data()[:n*9*8*3], n, 9, 8, 3))
				if !slices.Equal(got.Shape(), []int{n, 7}) || !slices.Equal(got.Data(), want.Data()[:n*7]) {
					t.Errorf("%d examples on %d cores: shape %v, or other bits than those of Predict", n, cores, got.Shape())
				}
			})
		}
		group.Wait()
	}
	runtime.GOMAXPROCS(2)
	m.most = 0
	if f.Predict(all); m.most != 4 {
		t.Errorf("of 21 examples, up to %d were computed together, want 4", m.most)
	}
}

func TestFrozenParts(t *testing.T) {
	for _, c := range []struct{ n, cores, want int }{{0, 2, 1}, {1, 2, 1}, {3, 2, 3}, {4, 2, 2}, {8, 2, 4}, {10, 2, 3}, {16, 2, 4}, {16, 1, 4}, {16, 8, 2}, {16, 64, 16}, {200, 64, 4}} {
		if got := frozenPart(c.n, c.cores); got != c.want {
			t.Errorf("%d examples on %d cores in parts of %d, want %d", c.n, c.cores, got, c.want)
		}
	}
}

func ExampleFreeze() {
	f := Freeze(newConvNet())
	y := f.Predict(autograd.New(16, 32, 32, 3)) // from any number of goroutines
	fmt.Println(y.Shape())
	// Output: [16 7]
}

// TestAfterRefusesBias: the operation has no place for the bias of the convolution.
func TestAfterRefusesBias(t *testing.T) {
	defer func() {
		if _, ok := recover().(*autograd.ShapeError); !ok {
			t.Error("the bias of a convolution was left out")
		}
	}()
	s := NewScope(1)
	conv := NewConv2D(s.Sub("conv"), Conv2DConfig{In: 3, Out: 4, Size: 1})
	NewBatchNorm(s.Sub("norm"), BatchNormConfig{Channels: 4}).After(&Ctx{Tape: autograd.NewInference()}, conv, normal(1, 2, 3, 3, 3), ops.ConvEnd{})
}
