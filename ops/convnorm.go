package ops

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"autodropout/autograd"
	"autodropout/simd"
)

// Activation is the last step of a fused operation.
type Activation int

const (
	NoActivation Activation = iota
	WithReLU
	WithSiLU
	WithGELU
)

// smooth reports whether the gradient of the activation needs what it was applied to.
func (a Activation) smooth() bool { return a == WithSiLU || a == WithGELU }

// apply applies a smooth activation.
func (a Activation) apply(y []float32) {
	if a == WithSiLU {
		simd.SiLU(y, y)
	} else {
		simd.GELU(y, y)
	}
}

// differentiate sets g, which has what a smooth activation was applied to, to the gradient
// of that.
func (a Activation) differentiate(g, dy []float32) {
	if a == WithSiLU {
		simd.SiLUGrad(g, dy, g)
	} else {
		simd.GELUGrad(g, dy, g)
	}
}

// ConvEnd is what follows the normalisation in [ConvBatchNorm]. The zero value is nothing.
type ConvEnd struct {
	Residual   *autograd.Tensor // added first, of the output's shape; nil: none
	Activation Activation
}

// ConvBatchNorm returns the convolution of x with w, see [Conv2D], batch-normalised, see
// [BatchNorm], plus the residual, activated. For prediction, with running statistics and
// without gradients, the rest is computed in the cache right after the convolution, which
// saves memory and time. Otherwise the operations run one by one. The bits are the same.
func ConvBatchNorm(x, w, gamma, beta *autograd.Tensor, running BatchNormStats, conv ConvSpec, spec BatchNormSpec, end ConvEnd) *autograd.Tensor {
	const name = "ops.ConvBatchNorm"
	needs := x.NeedsGrad() || w.NeedsGrad() || gamma.NeedsGrad() || beta.NeedsGrad() || end.Residual != nil && end.Residual.NeedsGrad()
	if spec.Train || needs {
		return convBatchNormSteps(Conv2D(x, w, conv), gamma, beta, running, spec, end)
	}
	s := newConv(name, x, w, conv)
	n := &normalised{conv: s, gamma: gamma, beta: beta, ConvBatchNormArgs: ConvBatchNormArgs{BatchNormArgs{running, spec}, conv, end}, shape: [...]int{s.n, s.oh, s.ow, s.oc}}
	n.inputs = append(n.few[:0], x, w, gamma, beta)
	if gamma.Rank() != 1 || beta.Rank() != 1 || gamma.Dim(0) != s.oc || beta.Dim(0) != s.oc || len(running.Mean) != s.oc || len(running.Var) != s.oc {
		panic(autograd.NewShapeError(name, "gamma (Cout), beta (Cout) and running statistics of Cout channels", x, w, gamma, beta))
	}
	if r := end.Residual; r != nil {
		if !slices.Equal(r.Shape(), n.shape[:]) {
			panic(autograd.NewShapeError(name, "a residual of the output's shape", x, w, r))
		}
		n.inputs = append(n.inputs, r)
	}
	return autograd.Do(autograd.Op{Name: name, Inputs: n.inputs, Spec: &n.ConvBatchNormArgs, Shape: n.shape[:], Passes: n})
}

// convBatchNormSteps is what follows a convolution, as operations that have gradients.
func convBatchNormSteps(x, gamma, beta *autograd.Tensor, running BatchNormStats, spec BatchNormSpec, end ConvEnd) *autograd.Tensor {
	switch {
	case end.Activation == WithReLU && end.Residual != nil:
		return BatchNormAddReLU(x, gamma, beta, end.Residual, running, spec)
	case end.Activation == WithReLU:
		return BatchNormReLU(x, gamma, beta, running, spec, nil)
	case end.Activation == WithSiLU && end.Residual == nil:
		return BatchNormSiLU(x, gamma, beta, running, spec, nil)
	case end.Activation == WithGELU && end.Residual == nil:
		return BatchNormGELU(x, gamma, beta, running, spec, nil)
	}
	y := BatchNorm(x, gamma, beta, running, spec)
	if end.Residual != nil {
		sameShape("ops.ConvBatchNorm", y, end.Residual)
		y = Add(y, end.Residual)
	}
	switch end.Activation {
	case WithSiLU:
		y = SiLU(y)
	case WithGELU:
		y = GELU(y)
	}
	return y
}

// normalised is a convolution and what follows it, without a gradient.
type normalised struct {
	conv
	gamma, beta *autograd.Tensor
	ConvBatchNormArgs
	inputs []*autograd.Tensor
	few    [5]*autograd.Tensor
	shape  [4]int
	rowEnd
}

// Backward implements [autograd.Passes]; it is never called, since no input needs a gradient.
func (n *normalised) Backward(*autograd.Grad) { panic("ops.ConvBatchNorm: no gradient was recorded") }

// Forward implements [autograd.Passes].
func (n *normalised) Forward(y *autograd.Output) {
	affine := n.affine(y)
	n.scale, n.shift = affine[:n.oc], affine[n.oc:]
	n.y, n.width, n.activation = y.Data(), n.oc, n.End.Activation
	if n.End.Residual != nil {
		n.residual = n.End.Residual.Data()
	}
	n.forward(y, n.y, n.inputs[0].Data(), n.inputs[1].Data(), &n.rowEnd)
}

// affine returns what the normalisation multiplies by, and behind it what it adds. Several
// normalisations may have one gamma: the form names all that it is made of.
func (n *normalised) affine(y *autograd.Output) []float32 {
	gamma, beta := n.gamma.Data(), n.beta.Data()
	fill := func(affine []float32) {
		batchNormAffine(affine[:n.oc], affine[n.oc:], gamma, beta, n.Running, n.Spec)
	}
	if !y.Keeps(beta) {
		affine := y.Scratch(2 * n.oc)
		fill(affine)
		return affine
	}
	kind := autograd.Form{
		Name: "affine", Sizes: [8]int{int(math.Float32bits(n.Spec.Eps))},
		With: [3]*float32{&beta[0], &n.Running.Mean[0], &n.Running.Var[0]},
	}
	return y.Form(gamma, kind, 2*n.oc, fill)
}

// batchNormAffine sets scale and shift to what a normalisation with running statistics multiplies by
// and adds.
func batchNormAffine(scale, shift, gamma, beta []float32, running BatchNormStats, spec BatchNormSpec) {
	eps := cmp.Or(spec.Eps, 1e-5)
	for j := range scale {
		scale[j] = gamma[j] * float32(1/math.Sqrt(float64(running.Var[j])+float64(eps)))
		shift[j] = beta[j] - float32(running.Mean[j]*scale[j])
	}
}

// rowEnd is what is done to the rows of a matrix of results, in place, while they are in the cache: a bias,
// or, with a scale, a normalisation and what follows it.
type rowEnd struct {
	y            []float32
	width        int       // from one row to the next
	scale, shift []float32 // without a scale there is neither a residual nor an activation
	residual     []float32 // nil: none
	activation   Activation
}

// apply does it to a block whose first element is in row i and column j. Without an e it does nothing.
func (e *rowEnd) apply(i, j, rows, cols int) {
	if e == nil {
		return
	}
	lo := i*e.width + j
	y := e.y[lo:]
	switch {
	case e.scale != nil:
		var residual []float32
		if e.residual != nil {
			residual = e.residual[lo:]
		}
		simd.EndRows(y, e.width, e.scale[j:j+cols], e.shift[j:j+cols], residual, e.activation.rowEnd(), rows)
		if e.activation == WithGELU {
			for r := range rows {
				simd.GELU(y[r*e.width:][:cols], y[r*e.width:][:cols])
			}
		}
	case cols == e.width: // the block is one piece
		simd.AddRow(y, y, e.shift, rows)
	default:
		for r := range rows {
			row := y[r*e.width:][:cols]
			simd.AddRow(row, row, e.shift[j:j+cols], 1)
		}
	}
}

// rows is apply for whole rows, as a task.
func (e *rowEnd) rows(lo, hi int, _ []float32) { e.apply(lo, 0, hi-lo, e.width) }

// below returns the end of the rows from row i on.
func (e *rowEnd) below(i int) *rowEnd {
	if e == nil || i == 0 {
		return e
	}
	rest := *e
	rest.y = e.y[i*e.width:]
	if e.residual != nil {
		rest.residual = e.residual[i*e.width:]
	}
	return &rest
}

// rowEnd returns the activation as simd knows it; the GELU follows by itself.
func (a Activation) rowEnd() simd.RowEnd {
	switch a {
	case NoActivation, WithGELU:
		return simd.EndPlain
	case WithReLU:
		return simd.EndReLU
	case WithSiLU:
		return simd.EndSiLU
	}
	panic(fmt.Sprintf("ops: there is no activation %d", a))
}
