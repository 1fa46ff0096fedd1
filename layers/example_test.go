package layers_test

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/ops"
)

// A network with one hidden layer.
type network struct {
	params *autograd.Params
	hidden *layers.Linear
	out    *layers.Linear
}

func newNetwork(seed uint64) *network {
	s := layers.NewScope(seed)
	return &network{
		params: s.Params(),
		hidden: layers.NewLinear(s.Sub("hidden"), layers.LinearConfig{In: 2, Out: 8}),
		out:    layers.NewLinear(s.Sub("out"), layers.LinearConfig{In: 8, Out: 3}),
	}
}

func (m *network) Params() *autograd.Params { return m.params }

func (m *network) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	return m.out.Forward(c, ops.ReLU(m.hidden.Forward(c, x)))
}

func Example() {
	m := newNetwork(1)
	y := layers.Predict(m, autograd.FromSlice([]float32{1, 2, 3, 4}, 2, 2))
	fmt.Println(y.Shape())
	for _, a := range layers.State(m.Params()) {
		fmt.Println(a.Name, a.Shape)
	}
	// Output:
	// [2 3]
	// hidden.weight [8 2]
	// hidden.bias [8]
	// out.weight [3 8]
	// out.bias [3]
}

// A layer of one's own: attention whose result is added to its input.
func ExampleNewAttention() {
	s := layers.NewScope(1)
	attention := layers.NewAttention(s.Sub("attention"), layers.AttentionConfig{Dim: 8, Heads: 2, Causal: true})
	norm := layers.NewLayerNorm(s.Sub("norm"), layers.LayerNormConfig{Dim: 8})

	c := &layers.Ctx{Tape: autograd.NewInference()}
	x := autograd.New(3, 5, 8) // three sequences of five states
	y := ops.Add(x, attention.Forward(c, norm.Forward(c, x)))
	fmt.Println(y.Shape(), "with", s.Params().Len(), "parameters")
	// Output: [3 5 8] with 304 parameters
}

// The stem of a ConvNet. What a layer has computed goes back to the tape as soon
// as the next one has read it.
func ExampleChain() {
	s := layers.NewScope(1)
	conv := layers.NewConv2D(s.Sub("conv"), layers.Conv2DConfig{In: 3, Out: 16, Size: 3, Stride: 2, Pad: 1, NoBias: true})
	norm := layers.NewBatchNorm(s.Sub("bn"), layers.BatchNormConfig{Channels: 16})

	c := &layers.Ctx{Tape: autograd.NewInference()}
	images := autograd.New(2, 32, 32, 3) // channels last
	fmt.Println(layers.Chain(c, images, conv, norm).Shape())
	// Output: [2 16 16 16]
}
