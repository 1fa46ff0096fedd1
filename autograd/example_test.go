package autograd_test

import (
	"fmt"

	"autodropout/autograd"
)

// square is a user's own operation: forward and backward in one literal.
func square(x *autograd.Tensor) *autograd.Tensor {
	return autograd.Do(autograd.Op{
		Name:   "square",
		Inputs: []*autograd.Tensor{x},
		Shape:  x.Shape(),
		Saves:  []*autograd.Tensor{x},
		Forward: func(y *autograd.Tensor) {
			for i, v := range x.Data() {
				y.Data()[i] = v * v
			}
		},
		Backward: func(g *autograd.Grad) {
			dx := g.New(0).Data()
			for i, dy := range g.Dy().Data() {
				dx[i] = 2 * x.Data()[i] * dy
			}
		},
	})
}

func Example() {
	var params autograd.Params
	w := params.Add("w", 1)
	w.Data()[0] = 3

	tape := autograd.NewTape(&params)
	loss := square(tape.Use(w))
	grads := tape.Backward(loss)
	fmt.Println(loss.Item(), grads)
	// Output: 9 [6]
}
