package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// CrossEntropy returns the mean over the examples of the cross-entropy between
// softmax(logits) and the labels, a scalar. logits is (N, C) and labels holds N
// classes. The target of an example is 1-smoothing for its label plus
// smoothing/C for every class (Szegedy et al. 2016).
func CrossEntropy(logits *autograd.Tensor, labels []int, smoothing float32) *autograd.Tensor {
	checkIDs("ops.CrossEntropy", logits, labels)
	e := &crossEntropy{inputs: [...]*autograd.Tensor{logits}, labels: labels, smoothing: smoothing, c: logits.Dim(1)}
	e.uniform = smoothing / float32(e.c)
	return autograd.Do(autograd.Op{Name: "ops.CrossEntropy", Inputs: e.inputs[:], Passes: e})
}

// crossEntropy is one mean cross-entropy.
type crossEntropy struct {
	inputs             [1]*autograd.Tensor
	labels             []int
	c                  int
	smoothing, uniform float32 // uniform is what every class has of it
	probs              []float32

	// What the tasks of a pass, of an example each, work on.
	x, losses, dx []float32
	scale         float32
}

func (e *crossEntropy) Forward(y *autograd.Output) {
	n := len(e.labels)
	e.x, e.probs, e.losses = e.inputs[0].Data(), y.Keep(n*e.c), y.Scratch(n)
	parallel.Each(n, 0, e, (*crossEntropy).measure)
	y.Data()[0] = simd.Sum(e.losses) / float32(n)
}

func (e *crossEntropy) measure(i int, _ []float32) {
	row := e.x[i*e.c : (i+1)*e.c]
	largest, logSum := simd.SoftmaxRow(e.probs[i*e.c:(i+1)*e.c], row)
	e.losses[i] = (1 - e.smoothing) * (logSum - (row[e.labels[i]] - largest))
	if e.smoothing != 0 {
		e.losses[i] += e.uniform * (float32(e.c)*logSum - sumShifted(row, largest))
	}
}

func (e *crossEntropy) Backward(g *autograd.Grad) {
	e.dx, e.scale = g.New(0).Data(), g.Dy().Item()/float32(len(e.labels))
	parallel.Each(len(e.labels), 0, e, (*crossEntropy).differentiate)
}

func (e *crossEntropy) differentiate(i int, _ []float32) {
	dx := e.dx[i*e.c : (i+1)*e.c]
	simd.AddScalar(dx, e.probs[i*e.c:(i+1)*e.c], -e.uniform)
	dx[e.labels[i]] -= 1 - e.smoothing
	simd.Scale(dx, dx, e.scale)
}

// sumShifted returns the sum of x[j]-shift.
func sumShifted(x []float32, shift float32) float32 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v - shift)
	}
	return float32(sum)
}

// Pick returns one element of every row of x (N, C): y[i] = x[i, ids[i]].
func Pick(x *autograd.Tensor, ids []int) *autograd.Tensor {
	checkIDs("ops.Pick", x, ids)
	c := x.Dim(1)
	return autograd.Do(autograd.Op{
		Name:   "ops.Pick",
		Inputs: []*autograd.Tensor{x},
		Shape:  []int{len(ids)},
		Forward: func(y *autograd.Output) {
			dst, src := y.Data(), x.Data()
			for i, id := range ids {
				dst[i] = src[i*c+id]
			}
		},
		Backward: func(g *autograd.Grad) {
			dx, dy := g.New(0).Data(), g.Dy().Data()
			clear(dx)
			for i, id := range ids {
				dx[i*c+id] = dy[i]
			}
		},
	})
}
