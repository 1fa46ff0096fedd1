package simd

// maxCall is the number of elements one assembly call is given at most. It
// keeps a call, which the scheduler cannot interrupt, well under a millisecond,
// and it is a multiple of every block the reductions count in.
const maxCall = 1 << 16

// Add sets dst[i] = a[i] + b[i].
func Add(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		add(dst[:n], a[:n], b[:n])
		dst, a, b = dst[n:], a[n:], b[n:]
	}
}

// Sub sets dst[i] = a[i] - b[i].
func Sub(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		sub(dst[:n], a[:n], b[:n])
		dst, a, b = dst[n:], a[n:], b[n:]
	}
}

// Mul sets dst[i] = a[i] * b[i].
func Mul(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		mul(dst[:n], a[:n], b[:n])
		dst, a, b = dst[n:], a[n:], b[n:]
	}
}

// MulAdd sets dst[i] += a[i] * b[i].
func MulAdd(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		mulAdd(dst[:n], a[:n], b[:n])
		dst, a, b = dst[n:], a[n:], b[n:]
	}
}

// Max sets dst[i] to the larger of a[i] and b[i], to NaN if either is NaN, and
// to b[i] if they compare equal.
func Max(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		maximum(dst[:n], a[:n], b[:n])
		dst, a, b = dst[n:], a[n:], b[n:]
	}
}

// Min sets dst[i] to the smaller of a[i] and b[i], to NaN if either is NaN, and
// to b[i] if they compare equal.
func Min(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		minimum(dst[:n], a[:n], b[:n])
		dst, a, b = dst[n:], a[n:], b[n:]
	}
}

// Scale sets dst[i] = c * x[i].
func Scale(dst, x []float32, c float32) {
	x = x[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		scale(dst[:n], x[:n], c)
		dst, x = dst[n:], x[n:]
	}
}

// AddScalar sets dst[i] = x[i] + c.
func AddScalar(dst, x []float32, c float32) {
	x = x[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		addScalar(dst[:n], x[:n], c)
		dst, x = dst[n:], x[n:]
	}
}

// Axpy sets dst[i] += a * x[i].
func Axpy(dst []float32, a float32, x []float32) {
	x = x[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		axpy(dst[:n], x[:n], a)
		dst, x = dst[n:], x[n:]
	}
}

// Lerp moves dst towards x by the fraction t: dst[i] += t * (x[i] - dst[i]).
// It is one step of an exponential moving average with decay 1-t.
func Lerp(dst, x []float32, t float32) {
	x = x[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		lerp(dst[:n], x[:n], t)
		dst, x = dst[n:], x[n:]
	}
}

// Fill sets dst[i] = c.
func Fill(dst []float32, c float32) {
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		fill(dst[:n], c)
		dst = dst[n:]
	}
}
