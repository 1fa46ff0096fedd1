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
// place; results under 2**-128 become 0.
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
