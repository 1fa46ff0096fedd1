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
		Forward: func(y *autograd.Output) {
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

// A training loop: one tape serves all steps, and its memory with it.
func ExampleTape() {
	var params autograd.Params
	w := params.Add("w", 1)
	w.Data()[0] = 3

	tape := autograd.NewTape(&params)
	for range 3 {
		tape.Reset()
		loss := square(tape.Use(w))
		for i, g := range tape.Backward(loss) {
			params.Flat()[i] -= 0.25 * g
		}
		fmt.Println(loss.Item(), w.Data())
	}
	// Output:
	// 9 [1.5]
	// 2.25 [0.75]
	// 0.5625 [0.375]
}

// Outside training a tape records nothing, and constants need none.
func ExampleNewInference() {
	tape := autograd.NewInference()
	fmt.Println(square(tape.Input([]float32{1, 2, 3}, 3)))
	fmt.Println(square(autograd.FromSlice([]float32{4}, 1)))
	// Output:
	// tensor(3) 1 4 9
	// tensor(1) 16
}
