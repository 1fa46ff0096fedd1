// Code generated from the table of kernels in _asm. DO NOT EDIT.

//go:build !purego

package simd

import "autodropout/internal/race"

func add(dst, a, b []float32) {
	if useAVX2 {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		addAVX2(dst, a, b)
		return
	}
	addGeneric(dst, a, b)
}

func sub(dst, a, b []float32) {
	if useAVX2 {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		subAVX2(dst, a, b)
		return
	}
	subGeneric(dst, a, b)
}

func mul(dst, a, b []float32) {
	if useAVX2 {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		mulAVX2(dst, a, b)
		return
	}
	mulGeneric(dst, a, b)
}

func mulAdd(dst, a, b []float32) {
	if useAVX2 {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		mulAddAVX2(dst, a, b)
		return
	}
	mulAddGeneric(dst, a, b)
}

func maximum(dst, a, b []float32) {
	if useAVX2 {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		maximumAVX2(dst, a, b)
		return
	}
	maximumGeneric(dst, a, b)
}

func minimum(dst, a, b []float32) {
	if useAVX2 {
		race.Write(dst)
		race.Read(a)
		race.Read(b)
		minimumAVX2(dst, a, b)
		return
	}
	minimumGeneric(dst, a, b)
}

func scale(dst, x []float32, c float32) {
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		scaleAVX2(dst, x, c)
		return
	}
	scaleGeneric(dst, x, c)
}

func addScalar(dst, x []float32, c float32) {
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		addScalarAVX2(dst, x, c)
		return
	}
	addScalarGeneric(dst, x, c)
}

func axpy(dst, x []float32, a float32) {
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		axpyAVX2(dst, x, a)
		return
	}
	axpyGeneric(dst, x, a)
}

func lerp(dst, x []float32, t float32) {
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		lerpAVX2(dst, x, t)
		return
	}
	lerpGeneric(dst, x, t)
}

func fill(dst []float32, c float32) {
	if useAVX2 {
		race.Write(dst)
		fillAVX2(dst, c)
		return
	}
	fillGeneric(dst, c)
}

func endRows(y []float32, ld int, scale, shift, residual []float32, activation, rows int) {
	if useAVX512 {
		endRowsAVX512(y, ld, scale, shift, residual, activation, rows)
		return
	}
	if useAVX2 {
		endRowsAVX2(y, ld, scale, shift, residual, activation, rows)
		return
	}
	endRowsGeneric(y, ld, scale, shift, residual, activation, rows)
}

func exp(dst, x []float32) {
	if useAVX512 {
		race.Write(dst)
		race.Read(x)
		expAVX512(dst, x)
		return
	}
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		expAVX2(dst, x)
		return
	}
	expGeneric(dst, x)
}

func sigmoid(dst, x []float32) {
	if useAVX512 {
		race.Write(dst)
		race.Read(x)
		sigmoidAVX512(dst, x)
		return
	}
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		sigmoidAVX2(dst, x)
		return
	}
	sigmoidGeneric(dst, x)
}

func tanh(dst, x []float32) {
	if useAVX512 {
		race.Write(dst)
		race.Read(x)
		tanhAVX512(dst, x)
		return
	}
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		tanhAVX2(dst, x)
		return
	}
	tanhGeneric(dst, x)
}

func gelu(dst, x []float32) {
	if useAVX512 {
		race.Write(dst)
		race.Read(x)
		geluAVX512(dst, x)
		return
	}
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		geluAVX2(dst, x)
		return
	}
	geluGeneric(dst, x)
}

func geluGrad(dx, dy, x []float32) {
	if useAVX512 {
		race.Write(dx)
		race.Read(dy)
		race.Read(x)
		geluGradAVX512(dx, dy, x)
		return
	}
	if useAVX2 {
		race.Write(dx)
		race.Read(dy)
		race.Read(x)
		geluGradAVX2(dx, dy, x)
		return
	}
	geluGradGeneric(dx, dy, x)
}

func silu(dst, x []float32) {
	if useAVX512 {
		race.Write(dst)
		race.Read(x)
		siluAVX512(dst, x)
		return
	}
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		siluAVX2(dst, x)
		return
	}
	siluGeneric(dst, x)
}

func siluGrad(dx, dy, x []float32) {
	if useAVX512 {
		race.Write(dx)
		race.Read(dy)
		race.Read(x)
		siluGradAVX512(dx, dy, x)
		return
	}
	if useAVX2 {
		race.Write(dx)
		race.Read(dy)
		race.Read(x)
		siluGradAVX2(dx, dy, x)
		return
	}
	siluGradGeneric(dx, dy, x)
}

func relu(dst, x []float32) {
	if useAVX512 {
		race.Write(dst)
		race.Read(x)
		reluAVX512(dst, x)
		return
	}
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		reluAVX2(dst, x)
		return
	}
	reluGeneric(dst, x)
}

func reluBits(dst, x []float32, bits []uint32) {
	if useAVX512 {
		race.Write(dst)
		race.Read(x)
		race.Write(bits)
		reluBitsAVX512(dst, x, bits)
		return
	}
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		race.Write(bits)
		reluBitsAVX2(dst, x, bits)
		return
	}
	reluBitsGeneric(dst, x, bits)
}

func maskScale(dst, x []float32, bits []uint32, c float32) {
	if useAVX512 {
		race.Write(dst)
		race.Read(x)
		race.Read(bits)
		maskScaleAVX512(dst, x, bits, c)
		return
	}
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		race.Read(bits)
		maskScaleAVX2(dst, x, bits, c)
		return
	}
	maskScaleGeneric(dst, x, bits, c)
}

func sgd(w, g []float32, lr, wd float32) {
	if useAVX2 {
		race.Write(w)
		race.Read(g)
		sgdAVX2(w, g, lr, wd)
		return
	}
	sgdGeneric(w, g, lr, wd)
}

func sgdMomentum(w, g, m []float32, lr, momentum, wd float32) {
	if useAVX2 {
		race.Write(w)
		race.Read(g)
		race.Write(m)
		sgdMomentumAVX2(w, g, m, lr, momentum, wd)
		return
	}
	sgdMomentumGeneric(w, g, m, lr, momentum, wd)
}

func sgdNesterov(w, g, m []float32, lr, momentum, wd float32) {
	if useAVX2 {
		race.Write(w)
		race.Read(g)
		race.Write(m)
		sgdNesterovAVX2(w, g, m, lr, momentum, wd)
		return
	}
	sgdNesterovGeneric(w, g, m, lr, momentum, wd)
}

func adam(w, g, m, v []float32, k *adamFactors) {
	if useAVX2 {
		race.Write(w)
		race.Read(g)
		race.Write(m)
		race.Write(v)
		adamAVX2(w, g, m, v, k)
		return
	}
	adamGeneric(w, g, m, v, k)
}

func rmsProp(w, g, v, m []float32, k *rmsPropFactors) {
	if useAVX2 {
		race.Write(w)
		race.Read(g)
		race.Write(v)
		race.Write(m)
		rmsPropAVX2(w, g, v, m, k)
		return
	}
	rmsPropGeneric(w, g, v, m, k)
}

func maxFrom(best []float32, from []uint32, x []float32, place uint32) {
	if useAVX2 {
		race.Write(best)
		race.Write(from)
		race.Read(x)
		maxFromAVX2(best, from, x, place)
		return
	}
	maxFromGeneric(best, from, x, place)
}

func maxSquares(dst []float32, from []byte, step int, x []float32, row, n, count int) {
	if useAVX512 && n%16 == 0 {
		maxSquaresAVX512(dst, from, step, x, row, n, count)
		return
	}
	if useAVX2 && n%8 == 0 {
		maxSquaresAVX2(dst, from, step, x, row, n, count)
		return
	}
	maxSquaresGeneric(dst, from, step, x, row, n, count)
}

func spreadSquares(dst []float32, row int, x []float32, from []byte, step, n, count int) {
	if useAVX512 && n%16 == 0 {
		spreadSquaresAVX512(dst, row, x, from, step, n, count)
		return
	}
	if useAVX2 && n%8 == 0 {
		spreadSquaresAVX2(dst, row, x, from, step, n, count)
		return
	}
	spreadSquaresGeneric(dst, row, x, from, step, n, count)
}

func sum(p *partials, x []float32) {
	if useAVX2 {
		race.Read(x)
		sumAVX2(p, x)
		whole := len(x) &^ 15
		if whole == len(x) {
			return
		}
		x = x[whole:]
	}
	sumGeneric(p, x)
}

func dot(p *partials, a, b []float32) {
	if useAVX2 {
		race.Read(a)
		race.Read(b)
		dotAVX2(p, a, b)
		whole := len(a) &^ 15
		if whole == len(a) {
			return
		}
		a, b = a[whole:], b[whole:]
	}
	dotGeneric(p, a, b)
}

func addRow(dst, x, v []float32, rows int) {
	if useAVX2 {
		addRowAVX2(dst, x, v, rows)
		return
	}
	addRowGeneric(dst, x, v, rows)
}

func scaleShiftRows(dst, x, scale, shift []float32, rows int) {
	if useAVX512 {
		scaleShiftRowsAVX512(dst, x, scale, shift, rows)
		return
	}
	if useAVX2 {
		scaleShiftRowsAVX2(dst, x, scale, shift, rows)
		return
	}
	scaleShiftRowsGeneric(dst, x, scale, shift, rows)
}

func scaleShiftSiLURows(dst, x, scale, shift []float32, rows int) {
	if useAVX512 {
		scaleShiftSiLURowsAVX512(dst, x, scale, shift, rows)
		return
	}
	if useAVX2 {
		scaleShiftSiLURowsAVX2(dst, x, scale, shift, rows)
		return
	}
	scaleShiftSiLURowsGeneric(dst, x, scale, shift, rows)
}

func siluGradRows(dz, dy, x, scale, shift []float32, rows int) {
	if useAVX512 {
		siluGradRowsAVX512(dz, dy, x, scale, shift, rows)
		return
	}
	if useAVX2 {
		siluGradRowsAVX2(dz, dy, x, scale, shift, rows)
		return
	}
	siluGradRowsGeneric(dz, dy, x, scale, shift, rows)
}

func scaleShiftReLURows(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int) {
	if useAVX512 && len(scale)%16 == 0 {
		scaleShiftReLURowsAVX512(dst, x, scale, shift, bits, factor, rows)
		return
	}
	if useAVX2 && len(scale)%8 == 0 {
		scaleShiftReLURowsAVX2(dst, x, scale, shift, bits, factor, rows)
		return
	}
	scaleShiftReLURowsGeneric(dst, x, scale, shift, bits, factor, rows)
}

func bnBackwardRows(dx, dy, x, a, b, c []float32, rows int) {
	if useAVX512 {
		bnBackwardRowsAVX512(dx, dy, x, a, b, c, rows)
		return
	}
	if useAVX2 {
		bnBackwardRowsAVX2(dx, dy, x, a, b, c, rows)
		return
	}
	bnBackwardRowsGeneric(dx, dy, x, a, b, c, rows)
}

func bnReLUBackwardRows(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int) {
	if useAVX512 && len(a)%16 == 0 {
		bnReLUBackwardRowsAVX512(dx, dy, x, a, b, c, bits, factor, rows)
		return
	}
	if useAVX2 && len(a)%8 == 0 {
		bnReLUBackwardRowsAVX2(dx, dy, x, a, b, c, bits, factor, rows)
		return
	}
	bnReLUBackwardRowsGeneric(dx, dy, x, a, b, c, bits, factor, rows)
}

func sumBlock(sum, x []float32, stride, rows int) {
	if useAVX512 {
		sumBlockAVX512(sum, x, stride, rows)
		return
	}
	if useAVX2 {
		sumBlockAVX2(sum, x, stride, rows)
		return
	}
	sumBlockGeneric(sum, x, stride, rows)
}

func momentsBlock(sum, sumsq, x, shift []float32, stride, rows int) {
	if useAVX512 {
		momentsBlockAVX512(sum, sumsq, x, shift, stride, rows)
		return
	}
	if useAVX2 {
		momentsBlockAVX2(sum, sumsq, x, shift, stride, rows)
		return
	}
	momentsBlockGeneric(sum, sumsq, x, shift, stride, rows)
}

func sumDotBlock(sum, dot, dy, x, shift []float32, stride, rows int) {
	if useAVX512 {
		sumDotBlockAVX512(sum, dot, dy, x, shift, stride, rows)
		return
	}
	if useAVX2 {
		sumDotBlockAVX2(sum, dot, dy, x, shift, stride, rows)
		return
	}
	sumDotBlockGeneric(sum, dot, dy, x, shift, stride, rows)
}

func maskSumDotBlock(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int) {
	if useAVX512 && stride%16 == 0 {
		maskSumDotBlockAVX512(sum, dot, dy, x, shift, bits, factor, stride, rows)
		return
	}
	if useAVX2 && stride%8 == 0 {
		maskSumDotBlockAVX2(sum, dot, dy, x, shift, bits, factor, stride, rows)
		return
	}
	maskSumDotBlockGeneric(sum, dot, dy, x, shift, bits, factor, stride, rows)
}

func largest(x []float32) float32 {
	if useAVX2 {
		race.Read(x)
		return largestAVX2(x)
	}
	return largestGeneric(x)
}

func expSum(dst, x []float32, shift float32) float32 {
	if useAVX512 {
		race.Write(dst)
		race.Read(x)
		return expSumAVX512(dst, x, shift)
	}
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		return expSumAVX2(dst, x, shift)
	}
	return expSumGeneric(dst, x, shift)
}

func expSumMask(dst, x []float32, bits []uint32, shift float32) float32 {
	if useAVX512 {
		race.Write(dst)
		race.Read(x)
		return expSumMaskAVX512(dst, x, bits, shift)
	}
	if useAVX2 {
		race.Write(dst)
		race.Read(x)
		return expSumMaskAVX2(dst, x, bits, shift)
	}
	return expSumMaskGeneric(dst, x, bits, shift)
}

func softmaxBackward(x, dp []float32, largest, inverseSum, dot float32) {
	if useAVX512 {
		race.Write(x)
		race.Write(dp)
		softmaxBackwardAVX512(x, dp, largest, inverseSum, dot)
		return
	}
	if useAVX2 {
		race.Write(x)
		race.Write(dp)
		softmaxBackwardAVX2(x, dp, largest, inverseSum, dot)
		return
	}
	softmaxBackwardGeneric(x, dp, largest, inverseSum, dot)
}

func softmaxBackwardMask(x, dp []float32, bits []uint32, largest, inverseSum, dot float32) {
	if useAVX512 {
		race.Write(x)
		race.Write(dp)
		softmaxBackwardMaskAVX512(x, dp, bits, largest, inverseSum, dot)
		return
	}
	if useAVX2 {
		race.Write(x)
		race.Write(dp)
		softmaxBackwardMaskAVX2(x, dp, bits, largest, inverseSum, dot)
		return
	}
	softmaxBackwardMaskGeneric(x, dp, bits, largest, inverseSum, dot)
}

//go:noescape
func addAVX2(dst, a, b []float32)

//go:noescape
func subAVX2(dst, a, b []float32)

//go:noescape
func mulAVX2(dst, a, b []float32)

//go:noescape
func mulAddAVX2(dst, a, b []float32)

//go:noescape
func maximumAVX2(dst, a, b []float32)

//go:noescape
func minimumAVX2(dst, a, b []float32)

//go:noescape
func scaleAVX2(dst, x []float32, c float32)

//go:noescape
func addScalarAVX2(dst, x []float32, c float32)

//go:noescape
func axpyAVX2(dst, x []float32, a float32)

//go:noescape
func lerpAVX2(dst, x []float32, t float32)

//go:noescape
func fillAVX2(dst []float32, c float32)

//go:noescape
func endRowsAVX512(y []float32, ld int, scale, shift, residual []float32, activation, rows int)

//go:noescape
func endRowsAVX2(y []float32, ld int, scale, shift, residual []float32, activation, rows int)

//go:noescape
func expAVX512(dst, x []float32)

//go:noescape
func expAVX2(dst, x []float32)

//go:noescape
func sigmoidAVX512(dst, x []float32)

//go:noescape
func sigmoidAVX2(dst, x []float32)

//go:noescape
func tanhAVX512(dst, x []float32)

//go:noescape
func tanhAVX2(dst, x []float32)

//go:noescape
func geluAVX512(dst, x []float32)

//go:noescape
func geluAVX2(dst, x []float32)

//go:noescape
func geluGradAVX512(dx, dy, x []float32)

//go:noescape
func geluGradAVX2(dx, dy, x []float32)

//go:noescape
func siluAVX512(dst, x []float32)

//go:noescape
func siluAVX2(dst, x []float32)

//go:noescape
func siluGradAVX512(dx, dy, x []float32)

//go:noescape
func siluGradAVX2(dx, dy, x []float32)

//go:noescape
func gemmTilesAVX512(tiles, rows, cols, k int, a *float32, aTile, aRow, aCol int, b *float32, bRow int, c *float32, ldc int, ahead *float32, lines int, alpha, beta float32) (left int)

//go:noescape
func gemmTilesAVX2(tiles, rows, cols, k int, a *float32, aTile, aRow, aCol int, b *float32, bRow int, c *float32, ldc int, ahead *float32, lines int, alpha, beta float32) (left int)

//go:noescape
func gemmCopyRowsAVX2(dst *float32, dstRow int, src *float32, srcRow int, rows, n int)

//go:noescape
func gemmTranspose8AVX2(dst *float32, dstRow int, src *float32, srcRow int, quads int)

//go:noescape
func fmaLoopAVX512(iterations int)

//go:noescape
func fmaLoopAVX2(iterations int)

//go:noescape
func reluAVX512(dst, x []float32)

//go:noescape
func reluAVX2(dst, x []float32)

//go:noescape
func reluBitsAVX512(dst, x []float32, bits []uint32)

//go:noescape
func reluBitsAVX2(dst, x []float32, bits []uint32)

//go:noescape
func maskScaleAVX512(dst, x []float32, bits []uint32, c float32)

//go:noescape
func maskScaleAVX2(dst, x []float32, bits []uint32, c float32)

//go:noescape
func sgdAVX2(w, g []float32, lr, wd float32)

//go:noescape
func sgdMomentumAVX2(w, g, m []float32, lr, momentum, wd float32)

//go:noescape
func sgdNesterovAVX2(w, g, m []float32, lr, momentum, wd float32)

//go:noescape
func adamAVX2(w, g, m, v []float32, k *adamFactors)

//go:noescape
func rmsPropAVX2(w, g, v, m []float32, k *rmsPropFactors)

//go:noescape
func philoxFillAVX2(dst []uint32, ctr *[4]uint32, key *[2]uint32)

//go:noescape
func bernoulliAVX2(bits []uint32, threshold uint16, key *[2]uint32, ctr *[4]uint32)

//go:noescape
func maxFromAVX2(best []float32, from []uint32, x []float32, place uint32)

//go:noescape
func maxSquaresAVX512(dst []float32, from []byte, step int, x []float32, row, n, count int)

//go:noescape
func maxSquaresAVX2(dst []float32, from []byte, step int, x []float32, row, n, count int)

//go:noescape
func spreadSquaresAVX512(dst []float32, row int, x []float32, from []byte, step, n, count int)

//go:noescape
func spreadSquaresAVX2(dst []float32, row int, x []float32, from []byte, step, n, count int)

//go:noescape
func sumAVX2(p *partials, x []float32)

//go:noescape
func dotAVX2(p *partials, a, b []float32)

//go:noescape
func addRowAVX2(dst, x, v []float32, rows int)

//go:noescape
func scaleShiftRowsAVX512(dst, x, scale, shift []float32, rows int)

//go:noescape
func scaleShiftRowsAVX2(dst, x, scale, shift []float32, rows int)

//go:noescape
func scaleShiftSiLURowsAVX512(dst, x, scale, shift []float32, rows int)

//go:noescape
func scaleShiftSiLURowsAVX2(dst, x, scale, shift []float32, rows int)

//go:noescape
func siluGradRowsAVX512(dz, dy, x, scale, shift []float32, rows int)

//go:noescape
func siluGradRowsAVX2(dz, dy, x, scale, shift []float32, rows int)

//go:noescape
func scaleShiftReLURowsAVX512(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int)

//go:noescape
func scaleShiftReLURowsAVX2(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int)

//go:noescape
func bnBackwardRowsAVX512(dx, dy, x, a, b, c []float32, rows int)

//go:noescape
func bnBackwardRowsAVX2(dx, dy, x, a, b, c []float32, rows int)

//go:noescape
func bnReLUBackwardRowsAVX512(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int)

//go:noescape
func bnReLUBackwardRowsAVX2(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int)

//go:noescape
func sumBlockAVX512(sum, x []float32, stride, rows int)

//go:noescape
func sumBlockAVX2(sum, x []float32, stride, rows int)

//go:noescape
func momentsBlockAVX512(sum, sumsq, x, shift []float32, stride, rows int)

//go:noescape
func momentsBlockAVX2(sum, sumsq, x, shift []float32, stride, rows int)

//go:noescape
func sumDotBlockAVX512(sum, dot, dy, x, shift []float32, stride, rows int)

//go:noescape
func sumDotBlockAVX2(sum, dot, dy, x, shift []float32, stride, rows int)

//go:noescape
func maskSumDotBlockAVX512(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int)

//go:noescape
func maskSumDotBlockAVX2(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int)

//go:noescape
func largestAVX2(x []float32) float32

//go:noescape
func expSumAVX512(dst, x []float32, shift float32) float32

//go:noescape
func expSumAVX2(dst, x []float32, shift float32) float32

//go:noescape
func expSumMaskAVX512(dst, x []float32, bits []uint32, shift float32) float32

//go:noescape
func expSumMaskAVX2(dst, x []float32, bits []uint32, shift float32) float32

//go:noescape
func softmaxBackwardAVX512(x, dp []float32, largest, inverseSum, dot float32)

//go:noescape
func softmaxBackwardAVX2(x, dp []float32, largest, inverseSum, dot float32)

//go:noescape
func softmaxBackwardMaskAVX512(x, dp []float32, bits []uint32, largest, inverseSum, dot float32)

//go:noescape
func softmaxBackwardMaskAVX2(x, dp []float32, bits []uint32, largest, inverseSum, dot float32)

//go:noescape
func gemmTapsAVX512(rows, count, cols, taps, run int, a *float32, offsets *int, row, col int, b *float32, ldb int, c *float32, ldc int, accumulate bool)

//go:noescape
func gemmTapsAVX2(rows, count, cols, taps, run int, a *float32, offsets *int, row, col int, b *float32, ldb int, c *float32, ldc int, accumulate bool)

//go:noescape
func depthwiseTapsAVX512(rows, count, cols, taps, run int, a *float32, offsets *int, row, col int, b *float32, ldb int, c *float32, ldc int, accumulate bool)

//go:noescape
func depthwiseTapsAVX2(rows, count, cols, taps, run int, a *float32, offsets *int, row, col int, b *float32, ldb int, c *float32, ldc int, accumulate bool)

//go:noescape
func depthwiseNineAVX512(rows, cols int, a *float32, offsets *int, row, col int, b *float32, ldb int, c *float32, ldc int)

//go:noescape
func depthwiseNineAVX2(rows, cols int, a *float32, offsets *int, row, col int, b *float32, ldb int, c *float32, ldc int)

//go:noescape
func winogradAVX512(transform int, dst *float32, dstStep, dstNext, dstRow int, src *float32, srcStep, srcNext, srcRow int, n, count, rows int)

//go:noescape
func winogradAVX2(transform int, dst *float32, dstStep, dstNext, dstRow int, src *float32, srcStep, srcNext, srcRow int, n, count, rows int)
