// Code generated from the table of kernels in _asm. DO NOT EDIT.

//go:build purego || !(amd64 || arm64)

package simd

func add(dst, a, b []float32) {
	addGeneric(dst, a, b)
}

func sub(dst, a, b []float32) {
	subGeneric(dst, a, b)
}

func mul(dst, a, b []float32) {
	mulGeneric(dst, a, b)
}

func mulAdd(dst, a, b []float32) {
	mulAddGeneric(dst, a, b)
}

func maximum(dst, a, b []float32) {
	maximumGeneric(dst, a, b)
}

func minimum(dst, a, b []float32) {
	minimumGeneric(dst, a, b)
}

func scale(dst, x []float32, c float32) {
	scaleGeneric(dst, x, c)
}

func addScalar(dst, x []float32, c float32) {
	addScalarGeneric(dst, x, c)
}

func axpy(dst, x []float32, a float32) {
	axpyGeneric(dst, x, a)
}

func lerp(dst, x []float32, t float32) {
	lerpGeneric(dst, x, t)
}

func fill(dst []float32, c float32) {
	fillGeneric(dst, c)
}

func endRows(y []float32, ld int, scale, shift, residual []float32, activation, rows int) {
	endRowsGeneric(y, ld, scale, shift, residual, activation, rows)
}

func exp(dst, x []float32) {
	expGeneric(dst, x)
}

func sigmoid(dst, x []float32) {
	sigmoidGeneric(dst, x)
}

func tanh(dst, x []float32) {
	tanhGeneric(dst, x)
}

func gelu(dst, x []float32) {
	geluGeneric(dst, x)
}

func geluGrad(dx, dy, x []float32) {
	geluGradGeneric(dx, dy, x)
}

func silu(dst, x []float32) {
	siluGeneric(dst, x)
}

func siluGrad(dx, dy, x []float32) {
	siluGradGeneric(dx, dy, x)
}

func gemmTiles(tiles, rows, cols, k int, alpha float32, a *panels, b []float32, bRow int, beta float32, c []float32, ldc int) {
	gemmTilesGeneric(tiles, rows, cols, k, alpha, a, b, bRow, beta, c, ldc)
}

func gemmCopyRows(dst []float32, dstRow int, src []float32, srcRow, rows, n int) {
	gemmCopyRowsGeneric(dst, dstRow, src, srcRow, rows, n)
}

func gemmTranspose8(dst []float32, dstRow int, src []float32, srcRow, n int) {
	gemmTranspose8Generic(dst, dstRow, src, srcRow, n)
}

func fmaLoop(iterations int) (flops int) {
	return fmaLoopGeneric(iterations)
}

func relu(dst, x []float32) {
	reluGeneric(dst, x)
}

func reluBits(dst, x []float32, bits []uint32) {
	reluBitsGeneric(dst, x, bits)
}

func maskScale(dst, x []float32, bits []uint32, c float32) {
	maskScaleGeneric(dst, x, bits, c)
}

func sgd(w, g []float32, lr, wd float32) {
	sgdGeneric(w, g, lr, wd)
}

func sgdMomentum(w, g, m []float32, lr, momentum, wd float32) {
	sgdMomentumGeneric(w, g, m, lr, momentum, wd)
}

func sgdNesterov(w, g, m []float32, lr, momentum, wd float32) {
	sgdNesterovGeneric(w, g, m, lr, momentum, wd)
}

func adam(w, g, m, v []float32, k *adamFactors) {
	adamGeneric(w, g, m, v, k)
}

func rmsProp(w, g, v, m []float32, k *rmsPropFactors) {
	rmsPropGeneric(w, g, v, m, k)
}

func philoxFill(dst []uint32, ctr *[4]uint32, key *[2]uint32) {
	philoxFillGeneric(dst, ctr, key)
}

func bernoulli(bits []uint32, threshold uint16, key *[2]uint32, ctr *[4]uint32) {
	bernoulliGeneric(bits, threshold, key, ctr)
}

func maxFrom(best []float32, from []uint32, x []float32, place uint32) {
	maxFromGeneric(best, from, x, place)
}

func maxSquares(dst []float32, from []byte, step int, x []float32, row, n, count int) {
	maxSquaresGeneric(dst, from, step, x, row, n, count)
}

func spreadSquares(dst []float32, row int, x []float32, from []byte, step, n, count int) {
	spreadSquaresGeneric(dst, row, x, from, step, n, count)
}

func sum(p *partials, x []float32) {
	sumGeneric(p, x)
}

func dot(p *partials, a, b []float32) {
	dotGeneric(p, a, b)
}

func addRow(dst, x, v []float32, rows int) {
	addRowGeneric(dst, x, v, rows)
}

func scaleShiftRows(dst, x, scale, shift []float32, rows int) {
	scaleShiftRowsGeneric(dst, x, scale, shift, rows)
}

func scaleShiftSiLURows(dst, x, scale, shift []float32, rows int) {
	scaleShiftSiLURowsGeneric(dst, x, scale, shift, rows)
}

func siluGradRows(dz, dy, x, scale, shift []float32, rows int) {
	siluGradRowsGeneric(dz, dy, x, scale, shift, rows)
}

func scaleShiftReLURows(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int) {
	scaleShiftReLURowsGeneric(dst, x, scale, shift, bits, factor, rows)
}

func bnBackwardRows(dx, dy, x, a, b, c []float32, rows int) {
	bnBackwardRowsGeneric(dx, dy, x, a, b, c, rows)
}

func bnReLUBackwardRows(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int) {
	bnReLUBackwardRowsGeneric(dx, dy, x, a, b, c, bits, factor, rows)
}

func sumBlock(sum, x []float32, stride, rows int) {
	sumBlockGeneric(sum, x, stride, rows)
}

func momentsBlock(sum, sumsq, x, shift []float32, stride, rows int) {
	momentsBlockGeneric(sum, sumsq, x, shift, stride, rows)
}

func sumDotBlock(sum, dot, dy, x, shift []float32, stride, rows int) {
	sumDotBlockGeneric(sum, dot, dy, x, shift, stride, rows)
}

func maskSumDotBlock(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int) {
	maskSumDotBlockGeneric(sum, dot, dy, x, shift, bits, factor, stride, rows)
}

func largest(x []float32) float32 {
	return largestGeneric(x)
}

func expSum(dst, x []float32, shift float32) float32 {
	return expSumGeneric(dst, x, shift)
}

func expSumMask(dst, x []float32, bits []uint32, shift float32) float32 {
	return expSumMaskGeneric(dst, x, bits, shift)
}

func softmaxBackward(x, dp []float32, largest, inverseSum, dot float32) {
	softmaxBackwardGeneric(x, dp, largest, inverseSum, dot)
}

func softmaxBackwardMask(x, dp []float32, bits []uint32, largest, inverseSum, dot float32) {
	softmaxBackwardMaskGeneric(x, dp, bits, largest, inverseSum, dot)
}

func gemmTaps(count, m, n int, a *Taps, aNext int, b []float32, ldb int, c []float32, ldc, cNext int, accumulate bool) {
	gemmTapsGeneric(count, m, n, a, aNext, b, ldb, c, ldc, cNext, accumulate)
}

func depthwiseTaps(m, n int, a *Taps, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	depthwiseTapsGeneric(m, n, a, b, ldb, c, ldc, accumulate)
}

func winograd(t WinogradTransform, dst, src Strided, n, count, rows int) {
	winogradGeneric(t, dst, src, n, count, rows)
}
