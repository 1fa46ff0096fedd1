package ops

import (
	"fmt"
	"math"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// CTCSpec is how [CTC] reads its inputs. The zero value has blank 0, and all steps
// count.
type CTCSpec struct {
	Blank int // the class that stands for no label

	// Lengths has the number of steps of each example that are not padding, 0 to T.
	// nil means all T.
	Lengths []int

	// ZeroInfinite makes the loss of an example whose labels do not fit into its
	// steps 0, and its gradient too; otherwise they are infinite and NaN.
	ZeroInfinite bool
}

// CTC returns the connectionist temporal classification loss of logits (N, T, C)
// for a sequence of labels for each example: minus the logarithm of the
// probability of all ways to read the labels from the steps, divided by the number
// of labels, at least 1, in the mean over the examples (Graves et al. 2006).
//
// The labels may be empty and hold no blank. The softmax over the classes is part
// of the operation.
func CTC(logits *autograd.Tensor, labels [][]int, spec CTCSpec) *autograd.Tensor {
	const name = "ops.CTC"
	if logits.Rank() != 3 || logits.Dim(0) != len(labels) || spec.Lengths != nil && len(spec.Lengths) != len(labels) || spec.Blank < 0 || spec.Blank >= logits.Dim(2) {
		panic(autograd.NewShapeError(name, fmt.Sprintf("logits (N, T, C) with N sequences of labels, not %d, no lengths or N, and a blank below C", len(labels)), logits))
	}
	n, t, c := logits.Dim(0), logits.Dim(1), logits.Dim(2)
	steps := func(i int) int {
		if spec.Lengths == nil {
			return t
		}
		return spec.Lengths[i]
	}
	for i, sequence := range labels {
		checkRange(name, logits, sequence, c)
		for _, label := range sequence {
			if label == spec.Blank {
				panic(autograd.NewShapeError(name, fmt.Sprintf("labels without the blank, %d, which example %d has", spec.Blank, i), logits))
			}
		}
		if steps(i) < 0 || steps(i) > t {
			panic(autograd.NewShapeError(name, fmt.Sprintf("lengths from 0 to T, not %d", steps(i)), logits))
		}
	}
	var grads []float32 // of the sum of the losses
	return autograd.Do(autograd.Op{
		Name: name, Inputs: []*autograd.Tensor{logits},
		Forward: func(y *autograd.Output) {
			losses, x := y.Scratch(n), logits.Data()
			grads = y.Keep(len(x))
			parallel.For(n, func(i int) {
				grad := grads[i*t*c : (i+1)*t*c]
				clear(grad[steps(i)*c:])
				a := alignment{labels: labels[i], blank: spec.Blank, steps: steps(i), c: c}
				loss := a.run(grad[:steps(i)*c], x[i*t*c:])
				if math.IsInf(loss, 1) && spec.ZeroInfinite {
					loss = 0
					clear(grad)
				}
				each := 1 / float64(max(1, len(labels[i])))
				losses[i] = float32(loss * each)
				simd.Scale(grad, grad, float32(each))
			})
			y.Data()[0] = simd.Sum(losses) / float32(n)
		},
		Backward: func(g *autograd.Grad) {
			dx, scale := g.New(0).Data(), g.Dy().Item()/float32(n)
			parallel.Range(len(dx), grain, func(lo, hi int) { simd.Scale(dx[lo:hi], grads[lo:hi], scale) })
		},
	})
}

// An alignment is all ways to read labels from steps: through states that are a
// blank, the first label, a blank, the second one, and so on to a last blank. A
// step stays, goes on by one state, or by two where that leaves out a blank between
// different labels.
type alignment struct {
	labels          []int
	blank, steps, c int
	logs            []float64 // log-probabilities, (steps, c)
}

func (a *alignment) states() int { return 2*len(a.labels) + 1 }

// class returns what state s reads.
func (a *alignment) class(s int) int {
	if s%2 == 0 {
		return a.blank
	}
	return a.labels[s/2]
}

// skips reports whether state s may follow state s-2.
func (a *alignment) skips(s int) bool {
	return s >= 2 && a.class(s) != a.blank && a.class(s) != a.class(s-2)
}

// run returns the loss, and sets grad to its gradient with respect to the logits
// x: the probabilities less those of the classes given the labels (equation 16).
func (a *alignment) run(grad, x []float32) (loss float64) {
	a.logs = make([]float64, a.steps*a.c)
	for t := range a.steps {
		row, probs := x[t*a.c:][:a.c], grad[t*a.c:][:a.c]
		largest, logSum := simd.SoftmaxRow(probs, row)
		for k, v := range row {
			a.logs[t*a.c+k] = float64(v-largest) - float64(logSum)
		}
	}
	if a.steps == 0 {
		if len(a.labels) > 0 {
			return math.Inf(1)
		}
		return 0
	}
	states := a.states()
	alpha, beta := a.forward(), a.backward()
	last := alpha[(a.steps-1)*states:]
	total := last[states-1]
	if states > 1 {
		total = logAdd(total, last[states-2])
	}
	for t := range a.steps {
		for s := range states {
			k := t*a.c + a.class(s)
			grad[k] -= float32(math.Exp(alpha[t*states+s] + beta[t*states+s] - total))
		}
	}
	return -total
}

// forward returns, for every step and state, the logarithm of the probability of
// what is read up to there.
func (a *alignment) forward() []float64 {
	states := a.states()
	alpha := make([]float64, a.steps*states)
	for t := range a.steps {
		for s := range states {
			sum := math.Inf(-1)
			switch {
			case t == 0 && s < 2:
				sum = 0
			case t > 0:
				before := alpha[(t-1)*states:]
				sum = before[s]
				if s > 0 {
					sum = logAdd(sum, before[s-1])
				}
				if a.skips(s) {
					sum = logAdd(sum, before[s-2])
				}
			}
			alpha[t*states+s] = sum + a.logs[t*a.c+a.class(s)]
		}
	}
	return alpha
}

// backward returns, for every step and state, the logarithm of the probability of
// what is read behind it.
func (a *alignment) backward() []float64 {
	states := a.states()
	beta := make([]float64, a.steps*states)
	for t := a.steps - 1; t >= 0; t-- {
		for s := range states {
			sum := math.Inf(-1)
			switch {
			case t == a.steps-1 && s >= states-2:
				sum = 0
			case t < a.steps-1:
				behind := func(s int) float64 { return beta[(t+1)*states+s] + a.logs[(t+1)*a.c+a.class(s)] }
				sum = behind(s)
				if s+1 < states {
					sum = logAdd(sum, behind(s+1))
				}
				if s+2 < states && a.skips(s+2) {
					sum = logAdd(sum, behind(s+2))
				}
			}
			beta[t*states+s] = sum
		}
	}
	return beta
}

// logAdd returns log(e**a + e**b).
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}
