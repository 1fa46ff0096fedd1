package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"autodropout/autograd"
	"autodropout/gradcheck"
	"autodropout/ops"
)

// recurrentProperty is that of a recurrent layer with so many gates, and a state of so
// many planes. Its bias and the state it begins with may be missing.
func recurrentProperty(rng *rand.Rand, gates, planes int) property {
	t, n, h := 1+rng.IntN(6), 1+rng.IntN(5), 1+rng.IntN(8)
	if rng.IntN(4) == 0 {
		h = 20 + rng.IntN(60)
	}
	if rng.IntN(12) == 0 { // products that are cut along their sums
		t, n, h = 2, 2, 90+rng.IntN(300)
	}
	spec := ops.RecurrentSpec{Reverse: rng.IntN(2) == 0}
	if rng.IntN(2) == 0 {
		for range n {
			spec.Lengths = append(spec.Lengths, rng.IntN(t+1))
		}
	}
	bias, state := rng.IntN(2) == 0, rng.IntN(2) == 0
	inputs := tensors{normal(rng, t, n, gates*h), normal(rng, gates*h, h)}
	if bias {
		inputs = append(inputs, normal(rng, gates*h))
	}
	if state {
		for range planes {
			inputs = append(inputs, normal(rng, n, h))
		}
	}
	run := func(in tensors) *autograd.Tensor {
		var all [5]*autograd.Tensor
		copy(all[:2], in)
		rest := in[2:]
		if bias {
			all[2], rest = rest[0], rest[1:]
		}
		copy(all[3:], rest)
		return recurrentCase(gates, spec)(all[:])
	}
	return property{
		about: fmt.Sprint(t, n, h, spec, bias, state), inputs: inputs, run: gradcheck.Func(run),
		want: func(in []array) array {
			states := newArray(planes, t+1, n, h)
			put := func(plane, step, example int, values []float64) {
				copy(states.data[((plane*(t+1)+step)*n+example)*h:], values)
			}
			b := make([]float64, gates*h)
			if bias {
				b = in[2].data
			}
			for example := range n {
				s := make([][]float64, planes)
				for plane := range s {
					if s[plane] = make([]float64, h); state {
						copy(s[plane], in[len(in)-planes+plane].data[example*h:][:h])
					}
				}
				for i := range t + 1 {
					at := i
					if spec.Reverse {
						at = t - i
					}
					for plane, values := range s {
						put(plane, at, example, values)
					}
					step := at // of the state that comes next
					if spec.Reverse {
						step--
					}
					if i == t || spec.Lengths != nil && step >= spec.Lengths[example] {
						continue
					}
					hidden := slices.Clone(b)
					matMul(hidden, s[0], in[1].data, 1, h, gates*h, false, true)
					x := in[0].data[(step*n+example)*gates*h:][:gates*h]
					s = map[int]func(x, hidden []float64, s [][]float64) [][]float64{3: gruStep, 4: lstmStep}[gates](x, hidden, s)
				}
			}
			return states
		},
	}
}

// lstmStep and gruStep are one step of one example, from what the inputs and the hidden
// state add to the gates.
func lstmStep(x, hidden []float64, s [][]float64) [][]float64 {
	n := len(s[0])
	next := [][]float64{make([]float64, n), make([]float64, n)}
	for j := range n {
		gate := func(k int) float64 { return x[k*n+j] + hidden[k*n+j] }
		next[1][j] = sigmoid(gate(1))*s[1][j] + sigmoid(gate(0))*math.Tanh(gate(2))
		next[0][j] = sigmoid(gate(3)) * math.Tanh(next[1][j])
	}
	return next
}

func gruStep(x, hidden []float64, s [][]float64) [][]float64 {
	n := len(s[0])
	next := make([]float64, n)
	for j := range n {
		reset, update := sigmoid(x[j]+hidden[j]), sigmoid(x[n+j]+hidden[n+j])
		next[j] = (1-update)*math.Tanh(x[2*n+j]+reset*hidden[2*n+j]) + update*s[0][j]
	}
	return [][]float64{next}
}
