package ops

import (
	"math"
	"slices"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// MSE returns the mean of the squares of x - target, tensors of the same shape.
func MSE(x, target *autograd.Tensor) *autograd.Tensor {
	return distance("ops.MSE", x, target, func(d float32) float32 { return d * d }, func(d float32) float32 { return 2 * d })
}

// L1 returns the mean of the absolute values of x - target, tensors of the same
// shape. Where they are equal the gradient is 0.
func L1(x, target *autograd.Tensor) *autograd.Tensor {
	return distance("ops.L1", x, target, func(d float32) float32 { return max(d, -d) }, sign)
}

// Huber returns the mean of Huber's loss of x - target, tensors of the same shape:
// half the square up to delta, and delta*(|x-target| - delta/2) beyond. It is
// delta times PyTorch's smooth L1.
func Huber(x, target *autograd.Tensor, delta float32) *autograd.Tensor {
	if !(delta > 0) {
		panic(autograd.NewShapeError("ops.Huber", "a delta above 0", x, target))
	}
	return distance("ops.Huber", x, target,
		func(d float32) float32 {
			if size := max(d, -d); size > delta {
				return delta * (size - delta/2)
			}
			return d * d / 2
		},
		func(d float32) float32 { return min(max(d, -delta), delta) })
}

// sign returns 1, -1 or 0, and NaN of NaN.
func sign(d float32) float32 {
	switch {
	case d > 0:
		return 1
	case d < 0:
		return -1
	}
	return d
}

// distance returns the mean of a function of the differences of two tensors, whose
// derivative is slope.
func distance(name string, x, target *autograd.Tensor, value, slope func(d float32) float32) *autograd.Tensor {
	sameShape(name, x, target)
	operands := []*autograd.Tensor{x, target}
	return autograd.Do(autograd.Op{
		Name: name, Inputs: operands, Saves: operands,
		Forward: func(y *autograd.Output) {
			a, b := x.Data(), target.Data()
			y.Data()[0] = meanOf(y, len(a), func(i int) float64 { return float64(value(a[i] - b[i])) })
		},
		Backward: func(g *autograd.Grad) {
			a, b, scale := x.Data(), target.Data(), g.Dy().Item()/float32(x.Len())
			for k, sign := range []float32{1, -1} {
				if !g.Needs(k) {
					continue
				}
				dx := g.New(k).Data()
				parallel.Range(len(dx), grain, func(lo, hi int) {
					for i := lo; i < hi; i++ {
						dx[i] = sign * scale * slope(a[i]-b[i])
					}
				})
			}
		},
	})
}

// meanOf returns the mean of n values.
func meanOf(memory scratcher, n int, value func(i int) float64) float32 {
	partial := memory.Scratch(ceilDiv(n, grain))
	parallel.Range(n, grain, func(lo, hi int) {
		sum := 0.0
		for i := lo; i < hi; i++ {
			sum += value(i)
		}
		partial[lo/grain] = float32(sum)
	})
	return simd.Sum(partial) / float32(n)
}

// BCEWithLogits returns the mean binary cross-entropy between sigmoid(logits) and targets
// of the same shape (..., C), which are probabilities and get no gradient. Unless positive
// (C) is nil, it holds a factor for each class, by which the term
// target*log(sigmoid(logit)) is multiplied, as PyTorch's pos_weight.
func BCEWithLogits(logits, targets *autograd.Tensor, positive []float32) *autograd.Tensor {
	const name = "ops.BCEWithLogits"
	sameShape(name, logits, targets)
	needConstant(name, targets)
	if positive != nil && (logits.Rank() < 1 || logits.Dim(-1) != len(positive)) {
		panic(autograd.NewShapeError(name, "logits (..., C) with C positive weights", logits))
	}
	weight := func(i int) float64 {
		if positive == nil {
			return 1
		}
		return float64(positive[i%len(positive)])
	}
	return autograd.Do(autograd.Op{
		Name: name, Inputs: []*autograd.Tensor{logits}, Saves: []*autograd.Tensor{logits, targets},
		Forward: func(y *autograd.Output) {
			x, t := logits.Data(), targets.Data()
			y.Data()[0] = meanOf(y, len(x), func(i int) float64 {
				x, t := float64(x[i]), float64(t[i])
				// log(1+exp(-x)), without an exponential that overflows
				soft := max(-x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
				return (1-t)*x + (1+(weight(i)-1)*t)*soft
			})
		},
		Backward: func(g *autograd.Grad) {
			x, t, dx, scale := logits.Data(), targets.Data(), g.New(0).Data(), float64(g.Dy().Item())/float64(logits.Len())
			parallel.Range(len(dx), grain, func(lo, hi int) {
				for i := lo; i < hi; i++ {
					t := float64(t[i])
					missing := 1 / (1 + math.Exp(float64(x[i]))) // 1 - sigmoid
					dx[i] = float32(scale * (1 - t - (1+(weight(i)-1)*t)*missing))
				}
			})
		},
	})
}

// KLDivergence returns the Kullback-Leibler divergence of distributions with the
// log-probabilities logs from the targets, of the same shape (N, ...): the sum of
// targets*(log(targets) - logs), divided by N. No gradient flows to the targets.
func KLDivergence(logs, targets *autograd.Tensor) *autograd.Tensor {
	const name = "ops.KLDivergence"
	sameShape(name, logs, targets)
	needConstant(name, targets)
	if logs.Rank() < 1 {
		panic(autograd.NewShapeError(name, "logs and targets (N, ...)", logs, targets))
	}
	each := float32(logs.Len()) / float32(logs.Dim(0)) // elements of an example
	return autograd.Do(autograd.Op{
		Name: name, Inputs: []*autograd.Tensor{logs}, Saves: []*autograd.Tensor{targets},
		Forward: func(y *autograd.Output) {
			q, p := logs.Data(), targets.Data()
			y.Data()[0] = each * meanOf(y, len(q), func(i int) float64 {
				if p[i] == 0 {
					return 0 * float64(q[i])
				}
				return float64(p[i]) * (math.Log(float64(p[i])) - float64(q[i]))
			})
		},
		Backward: func(g *autograd.Grad) {
			dx, p, scale := g.New(0).Data(), targets.Data(), -g.Dy().Item()/float32(logs.Dim(0))
			parallel.Range(len(dx), grain, func(lo, hi int) { simd.Scale(dx[lo:hi], p[lo:hi], scale) })
		},
	})
}

// CosineSimilarity returns a*b/(|a|*|b|) over the last axis of two tensors of the
// same shape (..., C), which is (...). A length below 1e-8 counts as that.
func CosineSimilarity(a, b *autograd.Tensor) *autograd.Tensor {
	const name, least = "ops.CosineSimilarity", 1e-8
	sameShape(name, a, b)
	needRows(name, a)
	c, operands := a.Dim(-1), []*autograd.Tensor{a, b}
	length := func(x []float32) float64 { return math.Sqrt(simd.SumSquares(x)) }
	return autograd.Do(autograd.Op{
		Name: name, Inputs: operands, Shape: slices.Clone(a.Shape()[:a.Rank()-1]), Saves: operands,
		Forward: func(y *autograd.Output) {
			dst, a, b := y.Data(), a.Data(), b.Data()
			if c == 0 { // there are no rows to go through
				clear(dst)
			}
			eachRow(len(a), c, func(row, lo, hi int) {
				dst[row] = float32(float64(simd.Dot(a[lo:hi], b[lo:hi])) / max(length(a[lo:hi]), least) / max(length(b[lo:hi]), least))
			})
		},
		Backward: func(g *autograd.Grad) {
			dy := g.Dy().Data()
			for k := range operands {
				if !g.Needs(k) {
					continue
				}
				dx, x, other := g.New(k).Data(), operands[k].Data(), operands[1-k].Data()
				eachRow(len(x), c, func(row, lo, hi int) {
					x, other := x[lo:hi], other[lo:hi]
					size, d := length(x), float64(dy[row])
					unit := d / max(size, least) / max(length(other), least)
					simd.Scale(dx[lo:hi], other, float32(unit))
					if size >= least { // d/dx of 1/|x|
						simd.Axpy(dx[lo:hi], float32(-unit*float64(simd.Dot(x, other))/size/size), x)
					}
				})
			}
		},
	})
}

// CosineLoss returns the mean loss of N pairs of vectors, the rows of a and b (N, C),
// a scalar. A pair whose label is 1 has the loss 1 - cosine, one whose label is -1 the
// loss max(0, cosine - margin).
func CosineLoss(a, b *autograd.Tensor, labels []int, margin float32) *autograd.Tensor {
	alike := autograd.New(len(labels))
	for i, label := range labels {
		if label != 1 && label != -1 || a.Rank() != 2 || a.Dim(0) != len(labels) {
			panic(autograd.NewShapeError("ops.CosineLoss", "a and b (N, C) with N labels of 1 or -1", a, b))
		}
		alike.Data()[i] = float32(max(label, 0))
	}
	if a.Rank() != 2 || !slices.Equal(a.Shape(), b.Shape()) {
		panic(autograd.NewShapeError("ops.CosineLoss", "a and b (N, C) with N labels of 1 or -1", a, b))
	}
	cosine := CosineSimilarity(a, b)
	return Mean(Where(alike, AddScalar(Neg(cosine), 1), ReLU(AddScalar(cosine, -margin))))
}
