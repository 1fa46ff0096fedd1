// Code generated from the table of kernels in _asm. DO NOT EDIT.

//go:build !purego

package simd

import "autodropout/internal/race"

func add(dst, a, b []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		addNEON(dst, a, b)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, a, b = dst[whole:], a[whole:], b[whole:]
	}
	addGeneric(dst, a, b)
}

func sub(dst, a, b []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		subNEON(dst, a, b)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, a, b = dst[whole:], a[whole:], b[whole:]
	}
	subGeneric(dst, a, b)
}

func mul(dst, a, b []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		mulNEON(dst, a, b)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, a, b = dst[whole:], a[whole:], b[whole:]
	}
	mulGeneric(dst, a, b)
}

func mulAdd(dst, a, b []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		mulAddNEON(dst, a, b)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, a, b = dst[whole:], a[whole:], b[whole:]
	}
	mulAddGeneric(dst, a, b)
}

func maximum(dst, a, b []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		maximumNEON(dst, a, b)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, a, b = dst[whole:], a[whole:], b[whole:]
	}
	maximumGeneric(dst, a, b)
}

func minimum(dst, a, b []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		minimumNEON(dst, a, b)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, a, b = dst[whole:], a[whole:], b[whole:]
	}
	minimumGeneric(dst, a, b)
}

func scale(dst, x []float32, c float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		scaleNEON(dst, x, c)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, x = dst[whole:], x[whole:]
	}
	scaleGeneric(dst, x, c)
}

func addScalar(dst, x []float32, c float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		addScalarNEON(dst, x, c)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, x = dst[whole:], x[whole:]
	}
	addScalarGeneric(dst, x, c)
}

func axpy(dst, x []float32, a float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		axpyNEON(dst, x, a)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, x = dst[whole:], x[whole:]
	}
	axpyGeneric(dst, x, a)
}

func lerp(dst, x []float32, t float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		lerpNEON(dst, x, t)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, x = dst[whole:], x[whole:]
	}
	lerpGeneric(dst, x, t)
}

func fill(dst []float32, c float32) {
	if useNEON {
		race.Write(dst)
		fillNEON(dst, c)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst = dst[whole:]
	}
	fillGeneric(dst, c)
}

func endRows(y []float32, ld int, scale, shift, residual []float32, activation, rows int) {
	endRowsGeneric(y, ld, scale, shift, residual, activation, rows)
}

func exp(dst, x []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		expNEON(dst, x, &expConstants)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, x = dst[whole:], x[whole:]
	}
	expGeneric(dst, x)
}

func sigmoid(dst, x []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		sigmoidNEON(dst, x, &expConstants)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, x = dst[whole:], x[whole:]
	}
	sigmoidGeneric(dst, x)
}

func tanh(dst, x []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		tanhNEON(dst, x, &expConstants)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, x = dst[whole:], x[whole:]
	}
	tanhGeneric(dst, x)
}

func gelu(dst, x []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		geluNEON(dst, x, &expConstants)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, x = dst[whole:], x[whole:]
	}
	geluGeneric(dst, x)
}

func geluGrad(dx, dy, x []float32) {
	if useNEON {
		race.Write(dx)
		race.Read(dy)
		race.Read(x)
		geluGradNEON(dx, dy, x, &expConstants)
		whole := len(dx) &^ 3
		if whole == len(dx) {
			return
		}
		dx, dy, x = dx[whole:], dy[whole:], x[whole:]
	}
	geluGradGeneric(dx, dy, x)
}

func silu(dst, x []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		siluNEON(dst, x, &expConstants)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, x = dst[whole:], x[whole:]
	}
	siluGeneric(dst, x)
}

func siluGrad(dx, dy, x []float32) {
	if useNEON {
		race.Write(dx)
		race.Read(dy)
		race.Read(x)
		siluGradNEON(dx, dy, x, &expConstants)
		whole := len(dx) &^ 3
		if whole == len(dx) {
			return
		}
		dx, dy, x = dx[whole:], dy[whole:], x[whole:]
	}
	siluGradGeneric(dx, dy, x)
}

func relu(dst, x []float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		reluNEON(dst, x)
		whole := len(dst) &^ 3
		if whole == len(dst) {
			return
		}
		dst, x = dst[whole:], x[whole:]
	}
	reluGeneric(dst, x)
}

func reluBits(dst, x []float32, bits []uint32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		race.Write(bits)
		reluBitsNEON(dst, x, bits)
		whole := len(dst) &^ 31
		if whole == len(dst) {
			return
		}
		dst, x, bits = dst[whole:], x[whole:], bits[whole/32:]
	}
	reluBitsGeneric(dst, x, bits)
}

func maskScale(dst, x []float32, bits []uint32, c float32) {
	if useNEON {
		race.Write(dst)
		race.Read(x)
		race.Read(bits)
		maskScaleNEON(dst, x, bits, c)
		whole := len(dst) &^ 31
		if whole == len(dst) {
			return
		}
		dst, x, bits = dst[whole:], x[whole:], bits[whole/32:]
	}
	maskScaleGeneric(dst, x, bits, c)
}

func sgd(w, g []float32, lr, wd float32) {
	if useNEON {
		race.Write(w)
		race.Read(g)
		sgdNEON(w, g, lr, wd)
		whole := len(w) &^ 3
		if whole == len(w) {
			return
		}
		w, g = w[whole:], g[whole:]
	}
	sgdGeneric(w, g, lr, wd)
}

func sgdMomentum(w, g, m []float32, lr, momentum, wd float32) {
	if useNEON {
		race.Write(w)
		race.Read(g)
		race.Write(m)
		sgdMomentumNEON(w, g, m, lr, momentum, wd)
		whole := len(w) &^ 3
		if whole == len(w) {
			return
		}
		w, g, m = w[whole:], g[whole:], m[whole:]
	}
	sgdMomentumGeneric(w, g, m, lr, momentum, wd)
}

func sgdNesterov(w, g, m []float32, lr, momentum, wd float32) {
	if useNEON {
		race.Write(w)
		race.Read(g)
		race.Write(m)
		sgdNesterovNEON(w, g, m, lr, momentum, wd)
		whole := len(w) &^ 3
		if whole == len(w) {
			return
		}
		w, g, m = w[whole:], g[whole:], m[whole:]
	}
	sgdNesterovGeneric(w, g, m, lr, momentum, wd)
}

func adam(w, g, m, v []float32, k *adamFactors) {
	if useNEON {
		race.Write(w)
		race.Read(g)
		race.Write(m)
		race.Write(v)
		adamNEON(w, g, m, v, k)
		whole := len(w) &^ 3
		if whole == len(w) {
			return
		}
		w, g, m, v = w[whole:], g[whole:], m[whole:], v[whole:]
	}
	adamGeneric(w, g, m, v, k)
}

func rmsProp(w, g, v, m []float32, k *rmsPropFactors) {
	if useNEON {
		race.Write(w)
		race.Read(g)
		race.Write(v)
		race.Write(m)
		rmsPropNEON(w, g, v, m, k)
		whole := len(w) &^ 3
		if whole == len(w) {
			return
		}
		w, g, v, m = w[whole:], g[whole:], v[whole:], m[whole:]
	}
	rmsPropGeneric(w, g, v, m, k)
}

func maxFrom(best []float32, from []uint32, x []float32, place uint32) {
	if useNEON {
		race.Write(best)
		race.Write(from)
		race.Read(x)
		maxFromNEON(best, from, x, place)
		whole := len(best) &^ 3
		if whole == len(best) {
			return
		}
		best, from, x = best[whole:], from[whole:], x[whole:]
	}
	maxFromGeneric(best, from, x, place)
}

func maxSquares(dst []float32, from []byte, step int, x []float32, row, n, count int) {
	maxSquaresGeneric(dst, from, step, x, row, n, count)
}

func spreadSquares(dst []float32, row int, x []float32, from []byte, step, n, count int) {
	spreadSquaresGeneric(dst, row, x, from, step, n, count)
}

func sum(p *partials, x []float32) {
	if useNEON {
		race.Read(x)
		sumNEON(p, x)
		whole := len(x) &^ 15
		if whole == len(x) {
			return
		}
		x = x[whole:]
	}
	sumGeneric(p, x)
}

func dot(p *partials, a, b []float32) {
	if useNEON {
		race.Read(a)
		race.Read(b)
		dotNEON(p, a, b)
		whole := len(a) &^ 15
		if whole == len(a) {
			return
		}
		a, b = a[whole:], b[whole:]
	}
	dotGeneric(p, a, b)
}

func addRow(dst, x, v []float32, rows int) {
	if useNEON && len(v)%4 == 0 {
		addRowNEON(dst, x, v, rows)
		return
	}
	addRowGeneric(dst, x, v, rows)
}

func scaleShiftRows(dst, x, scale, shift []float32, rows int) {
	if useNEON && len(scale)%4 == 0 {
		scaleShiftRowsNEON(dst, x, scale, shift, rows)
		return
	}
	scaleShiftRowsGeneric(dst, x, scale, shift, rows)
}

func scaleShiftSiLURows(dst, x, scale, shift []float32, rows int) {
	scaleShiftSiLURowsGeneric(dst, x, scale, shift, rows)
}

func siluGradRows(dz, dy, x, scale, shift []float32, rows int) {
	siluGradRowsGeneric(dz, dy, x, scale, shift, rows)
}

func scaleShiftReLURows(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int) {
	if useNEON && len(scale)%16 == 0 {
		scaleShiftReLURowsNEON(dst, x, scale, shift, bits, factor, rows)
		return
	}
	scaleShiftReLURowsGeneric(dst, x, scale, shift, bits, factor, rows)
}

func bnBackwardRows(dx, dy, x, a, b, c []float32, rows int) {
	if useNEON && len(a)%4 == 0 {
		bnBackwardRowsNEON(dx, dy, x, a, b, c, rows)
		return
	}
	bnBackwardRowsGeneric(dx, dy, x, a, b, c, rows)
}

func bnReLUBackwardRows(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int) {
	if useNEON && len(a)%16 == 0 {
		bnReLUBackwardRowsNEON(dx, dy, x, a, b, c, bits, factor, rows)
		return
	}
	bnReLUBackwardRowsGeneric(dx, dy, x, a, b, c, bits, factor, rows)
}

func sumBlock(sum, x []float32, stride, rows int) {
	if useNEON {
		sumBlockNEON(sum, x, stride, rows)
		whole := len(sum) &^ 3
		if whole == len(sum) {
			return
		}
		sum, x = sum[whole:], x[whole:]
	}
	sumBlockGeneric(sum, x, stride, rows)
}

func momentsBlock(sum, sumsq, x, shift []float32, stride, rows int) {
	if useNEON {
		momentsBlockNEON(sum, sumsq, x, shift, stride, rows)
		whole := len(sum) &^ 3
		if whole == len(sum) {
			return
		}
		sum, sumsq, x, shift = sum[whole:], sumsq[whole:], x[whole:], shift[whole:]
	}
	momentsBlockGeneric(sum, sumsq, x, shift, stride, rows)
}

func sumDotBlock(sum, dot, dy, x, shift []float32, stride, rows int) {
	if useNEON {
		sumDotBlockNEON(sum, dot, dy, x, shift, stride, rows)
		whole := len(sum) &^ 3
		if whole == len(sum) {
			return
		}
		sum, dot, dy, x, shift = sum[whole:], dot[whole:], dy[whole:], x[whole:], shift[whole:]
	}
	sumDotBlockGeneric(sum, dot, dy, x, shift, stride, rows)
}

func maskSumDotBlock(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int) {
	if useNEON && stride%16 == 0 {
		maskSumDotBlockNEON(sum, dot, dy, x, shift, bits, factor, stride, rows)
		return
	}
	maskSumDotBlockGeneric(sum, dot, dy, x, shift, bits, factor, stride, rows)
}

//go:noescape
func addNEON(dst, a, b []float32)

//go:noescape
func subNEON(dst, a, b []float32)

//go:noescape
func mulNEON(dst, a, b []float32)

//go:noescape
func mulAddNEON(dst, a, b []float32)

//go:noescape
func maximumNEON(dst, a, b []float32)

//go:noescape
func minimumNEON(dst, a, b []float32)

//go:noescape
func scaleNEON(dst, x []float32, c float32)

//go:noescape
func addScalarNEON(dst, x []float32, c float32)

//go:noescape
func axpyNEON(dst, x []float32, a float32)

//go:noescape
func lerpNEON(dst, x []float32, t float32)

//go:noescape
func fillNEON(dst []float32, c float32)

//go:noescape
func expNEON(dst, x []float32, constants *[36]float32)

//go:noescape
func sigmoidNEON(dst, x []float32, constants *[36]float32)

//go:noescape
func tanhNEON(dst, x []float32, constants *[36]float32)

//go:noescape
func geluNEON(dst, x []float32, constants *[36]float32)

//go:noescape
func geluGradNEON(dx, dy, x []float32, constants *[36]float32)

//go:noescape
func siluNEON(dst, x []float32, constants *[36]float32)

//go:noescape
func siluGradNEON(dx, dy, x []float32, constants *[36]float32)

//go:noescape
func gemmTilesNEON(tiles, rows, cols, taps, run int, a *float32, offsets *int, aTile, aRow, aCol int, b *float32, bRow int, c *float32, ldc int, alpha, beta float32)

//go:noescape
func gemmCopyRowsNEON(dst *float32, dstRow int, src *float32, srcRow int, rows, n int)

//go:noescape
func gemmTranspose8NEON(dst *float32, dstRow int, src *float32, srcRow int, quads int)

//go:noescape
func fmaLoopNEON(iterations int)

//go:noescape
func reluNEON(dst, x []float32)

//go:noescape
func reluBitsNEON(dst, x []float32, bits []uint32)

//go:noescape
func maskScaleNEON(dst, x []float32, bits []uint32, c float32)

//go:noescape
func sgdNEON(w, g []float32, lr, wd float32)

//go:noescape
func sgdMomentumNEON(w, g, m []float32, lr, momentum, wd float32)

//go:noescape
func sgdNesterovNEON(w, g, m []float32, lr, momentum, wd float32)

//go:noescape
func adamNEON(w, g, m, v []float32, k *adamFactors)

//go:noescape
func rmsPropNEON(w, g, v, m []float32, k *rmsPropFactors)

//go:noescape
func philoxFillNEON(dst []uint32, ctr *[4]uint32, key *[2]uint32)

//go:noescape
func bernoulliNEON(bits []uint32, threshold uint16, key *[2]uint32, ctr *[4]uint32)

//go:noescape
func maxFromNEON(best []float32, from []uint32, x []float32, place uint32)

//go:noescape
func sumNEON(p *partials, x []float32)

//go:noescape
func dotNEON(p *partials, a, b []float32)

//go:noescape
func addRowNEON(dst, x, v []float32, rows int)

//go:noescape
func scaleShiftRowsNEON(dst, x, scale, shift []float32, rows int)

//go:noescape
func scaleShiftReLURowsNEON(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int)

//go:noescape
func bnBackwardRowsNEON(dx, dy, x, a, b, c []float32, rows int)

//go:noescape
func bnReLUBackwardRowsNEON(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int)

//go:noescape
func sumBlockNEON(sum, x []float32, stride, rows int)

//go:noescape
func momentsBlockNEON(sum, sumsq, x, shift []float32, stride, rows int)

//go:noescape
func sumDotBlockNEON(sum, dot, dy, x, shift []float32, stride, rows int)

//go:noescape
func maskSumDotBlockNEON(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int)

//go:noescape
func depthwiseTapsNEON(count, cols, taps, run int, a *float32, offsets *int, row, col int, b *float32, ldb int, c *float32, ldc int, accumulate bool)

//go:noescape
func winogradNEON(transform int, dst *float32, dstStep, dstNext, dstRow int, src *float32, srcStep, srcNext, srcRow int, n, count, rows int, constants *[16]float32)
