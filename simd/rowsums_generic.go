package simd

// The block kernels sum at most sumCols columns, len(sum), of a matrix whose
// rows start stride elements apart.

func sumBlockGeneric(sum, x []float32, stride, rows int) {
	var acc [sumCols]float32
	s := acc[:len(sum)]
	for r := range rows {
		x := x[r*stride:][:len(s)]
		for j := range s {
			s[j] += x[j]
		}
	}
	addGeneric(sum, sum, s)
}

func momentsBlockGeneric(sum, sumsq, x, shift []float32, stride, rows int) {
	var acc [2][sumCols]float32
	s, q := acc[0][:len(sum)], acc[1][:len(sum)]
	for r := range rows {
		x := x[r*stride:][:len(s)]
		for j := range s {
			d := x[j] - shift[j]
			s[j] += d
			q[j] += float32(d * d)
		}
	}
	addGeneric(sum, sum, s)
	addGeneric(sumsq, sumsq, q)
}

func sumDotBlockGeneric(sum, dot, dy, x, shift []float32, stride, rows int) {
	var acc [2][sumCols]float32
	s, p := acc[0][:len(sum)], acc[1][:len(sum)]
	for r := range rows {
		dy, x := dy[r*stride:][:len(s)], x[r*stride:][:len(s)]
		for j := range s {
			s[j] += dy[j]
			p[j] += float32(dy[j] * (x[j] - shift[j]))
		}
	}
	addGeneric(sum, sum, s)
	addGeneric(dot, dot, p)
}

// maskSumDotBlockGeneric finds the bit of element (r, j) at r*stride+j.
func maskSumDotBlockGeneric(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int) {
	var acc [2][sumCols]float32
	s, p := acc[0][:len(sum)], acc[1][:len(sum)]
	for r := range rows {
		for j := range s {
			i := r*stride + j
			g := masked(factor*dy[i], bits, i)
			s[j] += g
			p[j] += float32(g * (x[i] - shift[j]))
		}
	}
	addGeneric(sum, sum, s)
	addGeneric(dot, dot, p)
}
