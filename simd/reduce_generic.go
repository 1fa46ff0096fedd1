package simd

func sumGeneric(p *partials, x []float32) {
	for len(x) >= len(p) {
		for i := range p {
			p[i] += float64(x[i])
		}
		x = x[len(p):]
	}
	for i, v := range x {
		p[i] += float64(v)
	}
}

func dotGeneric(p *partials, a, b []float32) {
	for len(a) >= len(p) {
		for i := range p {
			p[i] += float64(a[i]) * float64(b[i])
		}
		a, b = a[len(p):], b[len(p):]
	}
	for i, v := range a {
		p[i] += float64(v) * float64(b[i])
	}
}
