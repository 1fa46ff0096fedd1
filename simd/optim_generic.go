package simd

import "math"

// negligible is the magnitude below which a running average becomes 0. Left to
// decay, the averages of weights without a gradient would end as subnormal
// numbers, whose arithmetic takes a hundred times as long.
const negligible = 0x1p-100

func flushed(x float32) float32 {
	// One comparison of bits, because a branch on the sign is anyone's guess.
	if math.Float32bits(x)&(1<<31-1) < math.Float32bits(negligible) {
		return 0
	}
	return x
}

func sgdGeneric(w, g []float32, lr, wd float32) {
	for i, x := range w {
		w[i] = x - float32(lr*(g[i]+float32(wd*x)))
	}
}

func sgdMomentumGeneric(w, g, m []float32, lr, momentum, wd float32) {
	for i, x := range w {
		d := g[i] + float32(wd*x)
		m[i] = flushed(float32(momentum*m[i]) + d)
		w[i] = x - float32(lr*m[i])
	}
}

func sgdNesterovGeneric(w, g, m []float32, lr, momentum, wd float32) {
	for i, x := range w {
		d := g[i] + float32(wd*x)
		m[i] = flushed(float32(momentum*m[i]) + d)
		w[i] = x - float32(lr*(d+float32(momentum*m[i])))
	}
}

// adamFactors are the constants of a step as its inner loop uses them. The
// assembly knows the order of the fields.
type adamFactors struct {
	wd        float32
	oneBeta1  float32 // 1-beta1
	beta2     float32
	oneBeta2  float32 // 1-beta2
	correctV  float32 // 1/sqrt(c2)
	eps       float32
	stepWidth float32 // lr/c1
}

func newAdamFactors(lr, beta1, beta2, eps, wd, c1, c2 float32) adamFactors {
	return adamFactors{
		wd:        wd,
		oneBeta1:  1 - beta1,
		beta2:     beta2,
		oneBeta2:  1 - beta2,
		correctV:  float32(1 / math.Sqrt(float64(c2))),
		eps:       eps,
		stepWidth: float32(float64(lr) / float64(c1)),
	}
}

func adamGeneric(w, g, m, v []float32, k *adamFactors) {
	for i, x := range w {
		d := g[i] + float32(k.wd*x)
		m[i] = flushed(m[i] + float32(k.oneBeta1*(d-m[i])))
		v[i] = flushed(float32(k.beta2*v[i]) + float32(float32(k.oneBeta2*d)*d))
		root := float32(math.Sqrt(float64(v[i])))
		w[i] = x - float32(k.stepWidth*m[i])/(float32(root*k.correctV)+k.eps)
	}
}

// rmsPropFactors are the constants of a step. The assembly knows the order of
// the fields.
type rmsPropFactors struct {
	wd       float32
	rho      float32
	oneRho   float32 // 1-rho
	momentum float32
	eps      float32
	lr       float32
}

func rmsPropGeneric(w, g, v, m []float32, k *rmsPropFactors) {
	for i, x := range w {
		d := g[i] + float32(k.wd*x)
		v[i] = flushed(float32(k.rho*v[i]) + float32(float32(k.oneRho*d)*d))
		root := float32(math.Sqrt(float64(v[i] + k.eps)))
		m[i] = flushed(float32(k.momentum*m[i]) + float32(k.lr*d)/root)
		w[i] = x - m[i]
	}
}
