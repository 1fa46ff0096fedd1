package simd

// Exp sets dst[i] = e**x[i]. The error is below 2 units in the last place
// (1 where the result is subnormal); overflow gives +Inf, underflow 0, and NaN
// stays NaN.
func Exp(dst, x []float32) {
	x = x[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		exp(dst[:n], x[:n])
		dst, x = dst[n:], x[n:]
	}
}

// Sigmoid sets dst[i] = 1/(1+e**-x[i]). The error is below 3 units in the last
// place; results under 2**-128.5 become 0.
func Sigmoid(dst, x []float32) {
	x = x[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		sigmoid(dst[:n], x[:n])
		dst, x = dst[n:], x[n:]
	}
}

// Tanh sets dst[i] to the hyperbolic tangent of x[i]. The error is below 2
// units in the last place.
func Tanh(dst, x []float32) {
	x = x[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		tanh(dst[:n], x[:n])
		dst, x = dst[n:], x[n:]
	}
}

// GELU sets dst[i] = x[i]*Phi(x[i]), where Phi is the distribution function of
// the standard normal distribution. The error is below 8 units in the last place
// where x > -1, and below x*x/2 + 8 units further down.
func GELU(dst, x []float32) {
	x = x[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		gelu(dst[:n], x[:n])
		dst, x = dst[n:], x[n:]
	}
}

// GELUGrad sets dx[i] to dy[i] times the derivative of GELU at x[i].
func GELUGrad(dx, dy, x []float32) {
	dy, x = dy[:len(dx)], x[:len(dx)]
	for len(dx) > 0 {
		n := min(len(dx), maxCall)
		geluGrad(dx[:n], dy[:n], x[:n])
		dx, dy, x = dx[n:], dy[n:], x[n:]
	}
}

// SiLU sets dst[i] = x[i]/(1+e**-x[i]). The error is below 4 units in the last
// place where x > -88.
func SiLU(dst, x []float32) {
	x = x[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		silu(dst[:n], x[:n])
		dst, x = dst[n:], x[n:]
	}
}

// SiLUGrad sets dx[i] to dy[i] times the derivative of SiLU at x[i].
func SiLUGrad(dx, dy, x []float32) {
	dy, x = dy[:len(dx)], x[:len(dx)]
	for len(dx) > 0 {
		n := min(len(dx), maxCall)
		siluGrad(dx[:n], dy[:n], x[:n])
		dx, dy, x = dx[n:], dy[n:], x[n:]
	}
}
