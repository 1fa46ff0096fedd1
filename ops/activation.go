package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// ReLU returns max(x, 0). For the gradient it keeps one bit an element.
func ReLU(x *autograd.Tensor) *autograd.Tensor {
	positive := &masking{factor: 1}
	return autograd.Do(autograd.Op{
		Name:   "ops.ReLU",
		Inputs: []*autograd.Tensor{x},
		Shape:  x.Shape(),
		Forward: func(y *autograd.Output) {
			dst, src := y.Data(), x.Data()
			if !x.NeedsGrad() {
				parallel.Range(len(dst), grain, func(lo, hi int) { simd.ReLU(dst[lo:hi], src[lo:hi]) })
				return
			}
			bits := y.KeepBits(len(dst))
			positive.bits = bits
			parallel.Range(len(dst), grain, func(lo, hi int) { simd.ReLUBits(dst[lo:hi], src[lo:hi], bits[lo/32:]) })
		},
		Backward: func(g *autograd.Grad) { positive.run(g.New(0).Data(), g.Dy().Data()) },
	})
}

// Sigmoid returns 1/(1+exp(-x)).
func Sigmoid(x *autograd.Tensor) *autograd.Tensor {
	return unary("ops.Sigmoid", x, nil, true, simd.Sigmoid, func(dx, dy, y []float32) {
		for i, v := range y {
			dx[i] = dy[i] * v * (1 - v)
		}
	})
}

// Tanh returns the hyperbolic tangent of x.
func Tanh(x *autograd.Tensor) *autograd.Tensor {
	return unary("ops.Tanh", x, nil, true, simd.Tanh, func(dx, dy, y []float32) {
		for i, v := range y {
			dx[i] = dy[i] * (1 - float32(v*v))
		}
	})
}

// GELU returns x*Phi(x), where Phi is the distribution function of the standard
// normal distribution: the exact form of Hendrycks and Gimpel (2016).
func GELU(x *autograd.Tensor) *autograd.Tensor {
	return unary("ops.GELU", x, nil, false, simd.GELU, simd.GELUGrad)
}

// SiLU returns x/(1+exp(-x)), also called Swish (Ramachandran et al. 2017).
func SiLU(x *autograd.Tensor) *autograd.Tensor {
	return unary("ops.SiLU", x, nil, false, simd.SiLU, simd.SiLUGrad)
}
