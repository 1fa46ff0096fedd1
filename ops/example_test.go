package ops_test

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/ops"
)

// A linear layer with a loss, forward and backward.
func Example() {
	var ps autograd.Params
	weight := ps.Add("weight", 2, 3)
	copy(weight.Data(), []float32{1, 0, -1, 0, 1, 0})

	tape := autograd.NewTape(&ps)
	x := tape.Input([]float32{1, 2, 3, 3, 2, 1}, 2, 3)
	logits := ops.Linear(x, tape.Use(weight), nil)
	loss := ops.CrossEntropy(logits, []int{1, 0}, ops.CrossEntropySpec{})
	grads := tape.Backward(loss)

	fmt.Println("logits", logits.Data())
	fmt.Printf("loss %.4f\n", loss.Item())
	fmt.Printf("gradient %.3f\n", grads)
	// Output:
	// logits [-2 2 2 2]
	// loss 0.3556
	// gradient [-0.741 -0.482 -0.223 0.741 0.482 0.223]
}

// Without a tape, operations are plain functions.
func ExampleMatMul() {
	a := autograd.FromSlice([]float32{1, 2, 3, 4}, 2, 2)
	b := autograd.FromSlice([]float32{1, 0, 1, 1}, 2, 2)
	fmt.Println(ops.MatMul(a, b, ops.MatMulSpec{}))
	// Output: tensor(2, 2) 3 2 7 4
}

// Images are channels last, and kernels (KH, KW, Cin, Cout).
func ExampleConv2D() {
	image := autograd.FromSlice([]float32{
		1, 2, 3,
		4, 5, 6,
		7, 8, 9,
	}, 1, 3, 3, 1)
	sumOfSquare := autograd.FromSlice([]float32{1, 1, 1, 1}, 2, 2, 1, 1)
	fmt.Println(ops.Conv2D(image, sumOfSquare, ops.ConvSpec{}))
	// Output: tensor(1, 2, 2, 1) 12 16 24 28
}

// The caller decides which elements a dropout keeps.
func ExampleDropout() {
	x := autograd.FromSlice([]float32{1, 2, 3, 4}, 4)
	fmt.Println(ops.Dropout(x, func(keep []uint32) float32 {
		keep[0] = 0b0110
		return 2
	}))
	// Output: tensor(4) 0 4 6 0
}

// Windows that do not overlap.
func ExampleAvgPool2D() {
	image := autograd.FromSlice([]float32{
		1, 2, 3, 4,
		3, 4, 5, 6,
	}, 1, 2, 4, 1)
	fmt.Println(ops.AvgPool2D(image, ops.PoolSpec{Size: 2, Stride: 2}))
	// Output: tensor(1, 1, 2, 1) 2.5 4.5
}

// The logarithm of a number that may be too small for one.
func ExampleMaximum() {
	x := autograd.FromSlice([]float32{0, 1, 2}, 3)
	least := autograd.FromSlice([]float32{0.5, 0.5, 0.5}, 3)
	fmt.Println(ops.Log(ops.Maximum(x, least)))
	// Output: tensor(3) -0.6931472 0 0.6931472
}

// A target that is computed from a parameter passes no gradient to it.
func Example_detach() {
	var ps autograd.Params
	w := ps.Add("w", 1)
	w.Data()[0] = 2
	tape := autograd.NewTape(&ps)
	use := tape.Use(w)
	loss := ops.Sum(ops.Mul(use, ops.Tanh(use).Detach()))
	fmt.Println(loss.Item(), tape.Backward(loss))
	// Output: 1.9280552 [0.9640276]
}

// A column and a row meet, and the rows of the table are added up.
func ExampleAdd() {
	column := autograd.FromSlice([]float32{10, 20}, 2, 1)
	row := autograd.FromSlice([]float32{1, 2, 3}, 3)
	table := ops.Add(column, row)
	fmt.Println(table)
	fmt.Println(ops.Sum(table, -1), ops.Max(table), ops.ArgMax(table, -1))
	// Output:
	// tensor(2, 3) 11 12 13 21 22 23
	// tensor(2) 36 66 tensor() 23 [2 2]
}

// Padding, whose label is -1, does not count, and the second class counts twice.
func ExampleCrossEntropy_ignored() {
	logits := autograd.FromSlice([]float32{2, 0, 0, 2, 9, 9}, 3, 2)
	loss := ops.CrossEntropy(logits, []int{0, 1, -1}, ops.CrossEntropySpec{Weights: []float32{1, 2}, Ignored: []int{-1}})
	fmt.Println(loss.Item())
	// Output: 0.12692805
}
