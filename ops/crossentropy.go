package ops

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/simd"
)

// CrossEntropy returns the mean over the examples of the cross-entropy between
// softmax(logits) and the labels, a scalar. logits is (N, C) and labels holds N
// classes. The target of an example is 1-smoothing for its label plus
// smoothing/C for every class (Szegedy et al. 2016).
func CrossEntropy(logits *autograd.Tensor, labels []int, smoothing float32) *autograd.Tensor {
	checkIDs("ops.CrossEntropy", logits, labels)
	n, c := len(labels), logits.Dim(1)
	uniform := smoothing / float32(c)
	var probs []float32
	return autograd.Do(autograd.Op{
		Name:   "ops.CrossEntropy",
		Inputs: []*autograd.Tensor{logits},
		Forward: func(y *autograd.Tensor) {
			x := logits.Data()
			probs = y.Keep(n * c)
			losses := y.Scratch(n)
			eachRow(n*c, c, func(i, lo, hi int) {
				row := x[lo:hi]
				logSum := simd.SoftmaxRow(probs[lo:hi], row)
				losses[i] = (1 - smoothing) * (logSum - row[labels[i]])
				if smoothing != 0 {
					// sum_j (logSum - x_j), without cancellation for large logits
					losses[i] -= uniform * sumShifted(row, logSum)
				}
			})
			y.Data()[0] = simd.Sum(losses) / float32(n)
		},
		Backward: func(g *autograd.Grad) {
			dx := g.New(0).Data()
			scale := g.Dy().Item() / float32(n)
			eachRow(n*c, c, func(i, lo, hi int) {
				simd.AddScalar(dx[lo:hi], probs[lo:hi], -uniform)
				dx[lo+labels[i]] -= 1 - smoothing
				simd.Scale(dx[lo:hi], dx[lo:hi], scale)
			})
		},
	})
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
		Forward: func(y *autograd.Tensor) {
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

// checkIDs panics unless x is (N, C) and ids holds N values in [0, C).
func checkIDs(op string, x *autograd.Tensor, ids []int) {
	if x.Rank() != 2 || x.Dim(0) != len(ids) {
		panic(autograd.NewShapeError(op, fmt.Sprintf("(N, C) with one id for each row; there are %d ids", len(ids)), x))
	}
	checkRange(op, x, ids, x.Dim(1))
}

// checkRange panics unless every id is in [0, n).
func checkRange(op string, x *autograd.Tensor, ids []int, n int) {
	for i, id := range ids {
		if id < 0 || id >= n {
			panic(autograd.NewShapeError(op, fmt.Sprintf("ids in [0, %d); id %d is %d", n, i, id), x))
		}
	}
}
