package ops

import (
	"autodropout/autograd"
	"autodropout/simd"
)

// Softmax returns exp(x)/sum(exp(x)) over the last axis.
func Softmax(x *autograd.Tensor) *autograd.Tensor {
	needRows("ops.Softmax", x)
	c := x.Dim(-1)
	var y []float32
	return autograd.Do(autograd.Op{
		Name:        "ops.Softmax",
		Inputs:      []*autograd.Tensor{x},
		Shape:       x.Shape(),
		SavesOutput: true,
		Forward: func(out *autograd.Output) {
			y = out.Data()
			src := x.Data()
			eachRow(len(y), c, func(_, lo, hi int) { simd.SoftmaxRow(y[lo:hi], src[lo:hi]) })
		},
		Backward: func(g *autograd.Grad) {
			dx, dy := g.New(0).Data(), g.Dy().Data()
			eachRow(len(y), c, func(_, lo, hi int) { softmaxGrad(dx[lo:hi], dy[lo:hi], y[lo:hi]) })
		},
	})
}

// softmaxGrad sets dx[i] = y[i]*(dy[i] - sum_j dy[j]*y[j]), the gradient of the
// softmax y of one row. dx may be dy.
func softmaxGrad(dx, dy, y []float32) {
	simd.AddScalar(dx, dy, -simd.Dot(dy, y))
	simd.Mul(dx, dx, y)
}

// LogSoftmax returns x - log(sum(exp(x))) over the last axis.
func LogSoftmax(x *autograd.Tensor) *autograd.Tensor {
	needRows("ops.LogSoftmax", x)
	c := x.Dim(-1)
	var y []float32
	return autograd.Do(autograd.Op{
		Name:        "ops.LogSoftmax",
		Inputs:      []*autograd.Tensor{x},
		Shape:       x.Shape(),
		SavesOutput: true,
		Forward: func(out *autograd.Output) {
			y = out.Data()
			src := x.Data()
			eachRow(len(y), c, func(_, lo, hi int) {
				largest, logSum := simd.SoftmaxRow(y[lo:hi], src[lo:hi])
				simd.AddScalar(y[lo:hi], src[lo:hi], -largest)
				simd.AddScalar(y[lo:hi], y[lo:hi], -logSum)
			})
		},
		Backward: func(g *autograd.Grad) {
			dx, dy := g.New(0).Data(), g.Dy().Data()
			eachRow(len(y), c, func(_, lo, hi int) {
				simd.Exp(dx[lo:hi], y[lo:hi])
				simd.Scale(dx[lo:hi], dx[lo:hi], -simd.Sum(dy[lo:hi]))
				simd.Add(dx[lo:hi], dx[lo:hi], dy[lo:hi])
			})
		},
	})
}
