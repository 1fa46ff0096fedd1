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
