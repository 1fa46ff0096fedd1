package simd

func addRowGeneric(dst, x, v []float32, rows int) {
	c := len(v)
	for r := range rows {
		addGeneric(dst[r*c:][:c], x[r*c:], v)
	}
}

func scaleShiftRowsGeneric(dst, x, scale, shift []float32, rows int) {
	c := len(scale)
	for r := range rows {
		d, x := dst[r*c:][:c], x[r*c:][:c]
		for j := range d {
			d[j] = float32(x[j]*scale[j]) + shift[j]
		}
	}
}

// scaleShiftSiLURowsGeneric has the kernels of its parts do the work.
func scaleShiftSiLURowsGeneric(dst, x, scale, shift []float32, rows int) {
	scaleShiftRows(dst, x, scale, shift, rows)
	silu(dst, dst)
}

// siluGradRowsGeneric has the kernels of its parts do the work. What lies between
// has memory of its own, since dz may be dy.
func siluGradRowsGeneric(dz, dy, x, scale, shift []float32, rows int) {
	var between [256]float32
	c := len(scale)
	for r := range rows {
		for j := 0; j < c; j += len(between) {
			k := min(j+len(between), c)
			lo, hi, z := r*c+j, r*c+k, between[:k-j]
			scaleShiftRows(z, x[lo:hi], scale[j:k], shift[j:k], 1)
			siluGrad(dz[lo:hi], dy[lo:hi], z)
		}
	}
}

func scaleShiftReLURowsGeneric(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int) {
	c := len(scale)
	for r := range rows {
		for j := range c {
			i := r*c + j
			v := float32(x[i]*scale[j]) + shift[j]
			var passes uint32
			if !(v <= 0) {
				passes = 1
			}
			bits[i/32] &^= (1 - passes) << (i % 32)
			dst[i] = masked(factor*v, bits, i)
		}
	}
}

func bnBackwardRowsGeneric(dx, dy, x, a, b, c []float32, rows int) {
	n := len(a)
	for r := range rows {
		d, g, x := dx[r*n:][:n], dy[r*n:][:n], x[r*n:][:n]
		for j := range d {
			d[j] = float32(a[j]*g[j]) + float32(b[j]*x[j]) + c[j]
		}
	}
}

func bnReLUBackwardRowsGeneric(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int) {
	n := len(a)
	for r := range rows {
		for j := range n {
			i := r*n + j
			g := masked(factor*dy[i], bits, i)
			dx[i] = float32(a[j]*g) + float32(b[j]*x[i]) + c[j]
		}
	}
}
