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
