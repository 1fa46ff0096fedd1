package optim_test

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/optim"
)

// The gradient of half the squared distance to a target is the difference.
func Example() {
	var ps autograd.Params
	w := ps.Add("w", 2)
	target := []float32{3, -1}

	const steps = 100
	sgd := optim.NewSGD(&ps, optim.SGDConfig{Momentum: 0.9, Nesterov: true})
	rate := optim.WarmUp(5, optim.Cosine(0.1, steps))
	grads := make([]float32, ps.Len())
	for step := range steps {
		for i, v := range ps.Flat() {
			grads[i] = v - target[i]
		}
		optim.ClipNorm(grads, 5)
		sgd.Step(rate(step), grads)
	}
	fmt.Printf("%.2f\n", w.Data())
	// Output: [3.00 -1.00]
}

// Weights that jump around a target, and the average that is evaluated instead.
func ExampleAverage() {
	var ps autograd.Params
	w := ps.Add("w", 1)
	adam := optim.NewAdam(&ps, optim.AdamConfig{Beta1: 0.9, Beta2: 0.999})
	average := optim.NewMean(&ps)
	for _, g := range []float32{-1, 1, -1, 1} {
		adam.Step(0.1, []float32{g})
		average.Update()
	}
	average.Swap()
	fmt.Printf("averaged %.3f, ", w.Data())
	average.Swap()
	fmt.Printf("last %.3f\n", w.Data())
	// Output: averaged [0.112], last [0.123]
}

// Schedules are functions of the step and combine.
func ExampleSchedule() {
	rate := optim.WarmUp(2, optim.MultiStep(0.1, 0.1, 4, 6))
	for step := range 8 {
		fmt.Printf("%.3g ", rate(step))
	}
	// Output: 0.05 0.1 0.1 0.1 0.01 0.01 0.001 0.001
}
