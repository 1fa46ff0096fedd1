package simd

// partials are the running sums of a reduction. Element i goes to partial i
// mod 16, so that the order of additions is the same for every vector width,
// and in float64: it holds a product of two float32 exactly.
type partials [16]float64

func (p *partials) total() float64 {
	for n := len(p) / 2; n > 0; n /= 2 {
		for i := range n {
			p[i] += p[i+n]
		}
	}
	return p[0]
}

// Sum returns the sum of x, accumulated in float64.
func Sum(x []float32) float32 {
	var p partials
	for len(x) > 0 {
		n := min(len(x), maxCall)
		sum(&p, x[:n])
		x = x[n:]
	}
	return float32(p.total())
}

// Dot returns the inner product of a and b, accumulated in float64.
func Dot(a, b []float32) float32 {
	b = b[:len(a)]
	var p partials
	for len(a) > 0 {
		n := min(len(a), maxCall)
		dot(&p, a[:n], b[:n])
		a, b = a[n:], b[n:]
	}
	return float32(p.total())
}

// SumSquares returns the sum of the squares of x, accumulated in float64.
func SumSquares(x []float32) float64 {
	var p partials
	for len(x) > 0 {
		n := min(len(x), maxCall)
		dot(&p, x[:n], x[:n])
		x = x[n:]
	}
	return p.total()
}
