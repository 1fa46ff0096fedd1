package ops

import (
	"fmt"
	"slices"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// CrossEntropySpec says how examples and classes count. The zero value counts all equally.
type CrossEntropySpec struct {
	// Smoothing is the share of a target that is spread evenly over all C classes (Szegedy
	// et al. 2016); 1-Smoothing stays with the label.
	Smoothing float32

	// Weights has a factor for each class; nil means 1. As in PyTorch, the loss is divided
	// by the sum of the factors of the labels, or for target distributions by the number of
	// examples.
	Weights []float32

	// Ignored lists labels whose examples do not count, such as the label of padding.
	Ignored []int
}

// CrossEntropy returns the mean over the examples of the cross-entropy between
// softmax(logits) and the labels, a scalar. logits is (N, C) and labels holds N
// classes. It is NaN if no example counts.
func CrossEntropy(logits *autograd.Tensor, labels []int, spec CrossEntropySpec) *autograd.Tensor {
	const name = "ops.CrossEntropy"
	e := newCrossEntropy(name, logits, spec)
	if logits.Dim(0) != len(labels) {
		panic(autograd.NewShapeError(name, fmt.Sprintf("logits (N, C) with a label for each row; there are %d labels", len(labels)), logits))
	}
	e.labels = labels
	total := 0.0
	for i, label := range labels {
		if e.ignores(label) {
			continue
		}
		checkID(name, logits, i, label, e.c)
		total += float64(e.weight(label))
	}
	e.total = float32(total)
	return autograd.Do(autograd.Op{Name: name, Inputs: e.inputs[:], Passes: e})
}

// SoftCrossEntropy is [CrossEntropy] with targets (N, C) that are distributions
// over the classes. No gradient flows to them.
func SoftCrossEntropy(logits, targets *autograd.Tensor, spec CrossEntropySpec) *autograd.Tensor {
	const name = "ops.SoftCrossEntropy"
	e := newCrossEntropy(name, logits, spec)
	if !slices.Equal(logits.Shape(), targets.Shape()) || spec.Ignored != nil {
		panic(autograd.NewShapeError(name, "logits and targets (N, C), without labels to ignore", logits, targets))
	}
	needConstant(name, targets)
	e.targets, e.total = targets, float32(logits.Dim(0))
	return autograd.Do(autograd.Op{Name: name, Inputs: e.inputs[:], Saves: []*autograd.Tensor{targets}, Passes: e})
}

// crossEntropy is one mean cross-entropy, with labels or with targets.
type crossEntropy struct {
	inputs  [1]*autograd.Tensor
	labels  []int
	targets *autograd.Tensor
	spec    CrossEntropySpec
	c       int
	total   float32 // what the sum of the losses is divided by
	uniform float32 // what every class has of the smoothing
	spread  float32 // the smoothing of all classes, with their weights
	probs   []float32

	// What the tasks of a pass, of an example each, work on.
	x, t, losses, dx []float32
	scale            float32
}

func newCrossEntropy(name string, logits *autograd.Tensor, spec CrossEntropySpec) *crossEntropy {
	if logits.Rank() != 2 || spec.Weights != nil && len(spec.Weights) != logits.Dim(1) {
		panic(autograd.NewShapeError(name, "logits (N, C) and no weights or C", logits))
	}
	e := &crossEntropy{inputs: [...]*autograd.Tensor{logits}, spec: spec, c: logits.Dim(1)}
	e.uniform = spec.Smoothing / float32(e.c)
	e.spread = spec.Smoothing
	if spec.Weights != nil {
		e.spread = e.uniform * simd.Sum(spec.Weights)
	}
	return e
}

func (e *crossEntropy) ignores(label int) bool { return slices.Contains(e.spec.Ignored, label) }

func (e *crossEntropy) weight(class int) float32 {
	if e.spec.Weights == nil {
		return 1
	}
	return e.spec.Weights[class]
}

func (e *crossEntropy) Forward(y *autograd.Output) {
	n := e.inputs[0].Dim(0)
	e.x, e.probs, e.losses = e.inputs[0].Data(), y.Keep(n*e.c), y.Scratch(n)
	if e.targets != nil {
		e.t = e.targets.Data()
	}
	parallel.Each(n, 0, e, (*crossEntropy).measure)
	y.Data()[0] = simd.Sum(e.losses) / e.total
}

// measure computes the loss of an example.
func (e *crossEntropy) measure(i int, _ []float32) {
	row := e.x[i*e.c : (i+1)*e.c]
	largest, logSum := simd.SoftmaxRow(e.probs[i*e.c:(i+1)*e.c], row)
	loss := func(class int) float32 { return logSum - (row[class] - largest) }
	smooth := 1 - e.spec.Smoothing
	e.losses[i] = 0
	switch {
	case e.targets != nil:
		sum := 0.0
		for j, t := range e.t[i*e.c : (i+1)*e.c] {
			if t != 0 { // the loss of a class may be infinite
				sum += float64(e.weight(j) * smooth * t * loss(j))
			}
		}
		e.losses[i] = float32(sum)
	case e.ignores(e.labels[i]):
		return
	default:
		e.losses[i] = e.weight(e.labels[i]) * smooth * loss(e.labels[i])
	}
	if e.spec.Smoothing == 0 {
		return
	}
	sum := 0.0
	for j := range row {
		sum += float64(e.weight(j)) * float64(loss(j))
	}
	e.losses[i] += e.uniform * float32(sum)
}

func (e *crossEntropy) Backward(g *autograd.Grad) {
	e.dx, e.scale = g.New(0).Data(), g.Dy().Item()/e.total
	if e.targets != nil {
		e.t = e.targets.Data()
	}
	parallel.Each(e.inputs[0].Dim(0), 0, e, (*crossEntropy).differentiate)
}

// differentiate sets the gradient of an example: what the classes weigh together
// times the probabilities, less what each of them weighs.
func (e *crossEntropy) differentiate(i int, _ []float32) {
	dx, probs := e.dx[i*e.c:(i+1)*e.c], e.probs[i*e.c:(i+1)*e.c]
	smooth := 1 - e.spec.Smoothing
	if e.targets == nil {
		label := e.labels[i]
		if e.ignores(label) {
			simd.Scale(dx, probs, 0*e.scale)
			return
		}
		own := e.weight(label) * smooth
		if e.spec.Weights == nil {
			simd.AddScalar(dx, probs, -e.uniform)
		} else {
			simd.Scale(dx, probs, own+e.spread)
			simd.Axpy(dx, -e.uniform, e.spec.Weights)
		}
		dx[label] -= own
		simd.Scale(dx, dx, e.scale)
		return
	}
	together := e.spread
	for j, t := range e.t[i*e.c : (i+1)*e.c] {
		together += e.weight(j) * smooth * t
	}
	for j, t := range e.t[i*e.c : (i+1)*e.c] {
		dx[j] = e.scale * (together*probs[j] - e.weight(j)*(float32(smooth*t)+e.uniform))
	}
}
