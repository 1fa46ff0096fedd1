package kernels

var (
	all = &Version{}

	groups4 = &Version{Group: 4}
	bits32  = &Version{Group: 32}
	exps4   = &Version{Group: 4, Constants: "&expConstants", ConstantsType: "[36]float32"}
)

// multiple is of assembly that runs if length is a multiple of n.
func multiple(n int, length string) *Version { return &Version{Multiple: n, Length: length} }

// called is of assembly with parameters of its own.
func called(params string) *Version { return &Version{Params: params} }

const (
	copyParams      = "(dst *float32, dstRow int, src *float32, srcRow int, rows, n int)"
	depthwiseNEON   = "(count, cols, taps, run int, a *float32, offsets *int, row, col int, b *float32, ldb int, c *float32, ldc int, accumulate bool)"
	tapsParams      = "(rows, count, cols, taps, run int, a *float32, offsets *int, row, col int, b *float32, ldb int, c *float32, ldc int, accumulate bool)"
	tilesNEON       = "(tiles, rows, cols, taps, run int, a *float32, offsets *int, aTile, aRow, aCol int, b *float32, bRow int, c *float32, ldc int, alpha, beta float32)"
	tilesParams     = "(tiles, rows, cols, k int, a *float32, aTile, aRow, aCol int, b *float32, bRow int, c *float32, ldc int, ahead *float32, lines int, alpha, beta float32) (left int)"
	transposeParams = "(dst *float32, dstRow int, src *float32, srcRow int, quads int)"
	winogradNEON    = "(transform int, dst *float32, dstStep, dstNext, dstRow int, src *float32, srcStep, srcNext, srcRow int, n, count, rows int, constants *[16]float32)"
	winogradParams  = "(transform int, dst *float32, dstStep, dstNext, dstRow int, src *float32, srcStep, srcNext, srcRow int, n, count, rows int)"
)

// Table has AVX-512 versions where wider vectors gain in cache: of kernels that
// compute much or work with bits. For the others memory is the limit.
var Table = []Kernel{
	// arith
	{Func: "add(dst, a, b []float32)", Writes: "dst", AVX2: all, NEON: groups4},
	{Func: "sub(dst, a, b []float32)", Writes: "dst", AVX2: all, NEON: groups4},
	{Func: "mul(dst, a, b []float32)", Writes: "dst", AVX2: all, NEON: groups4},
	{Func: "mulAdd(dst, a, b []float32)", Writes: "dst", AVX2: all, NEON: groups4},
	{Func: "maximum(dst, a, b []float32)", Writes: "dst", AVX2: all, NEON: groups4},
	{Func: "minimum(dst, a, b []float32)", Writes: "dst", AVX2: all, NEON: groups4},
	{Func: "scale(dst, x []float32, c float32)", Writes: "dst", AVX2: all, NEON: groups4},
	{Func: "addScalar(dst, x []float32, c float32)", Writes: "dst", AVX2: all, NEON: groups4},
	{Func: "axpy(dst, x []float32, a float32)", Writes: "dst", AVX2: all, NEON: groups4},
	{Func: "lerp(dst, x []float32, t float32)", Writes: "dst", AVX2: all, NEON: groups4},
	{Func: "fill(dst []float32, c float32)", Writes: "dst", AVX2: all, NEON: groups4},

	// ends
	{Func: "endRows(y []float32, ld int, scale, shift, residual []float32, activation, rows int)", Writes: "-", AVX2: all, AVX512: all},

	// exp
	{Func: "exp(dst, x []float32)", Writes: "dst", AVX2: all, AVX512: all, NEON: exps4},
	{Func: "sigmoid(dst, x []float32)", Writes: "dst", AVX2: all, AVX512: all, NEON: exps4},
	{Func: "tanh(dst, x []float32)", Writes: "dst", AVX2: all, AVX512: all, NEON: exps4},
	{Func: "gelu(dst, x []float32)", Writes: "dst", AVX2: all, AVX512: all, NEON: exps4},
	{Func: "geluGrad(dx, dy, x []float32)", Writes: "dx", AVX2: all, AVX512: all, NEON: exps4},
	{Func: "silu(dst, x []float32)", Writes: "dst", AVX2: all, AVX512: all, NEON: exps4},
	{Func: "siluGrad(dx, dy, x []float32)", Writes: "dx", AVX2: all, AVX512: all, NEON: exps4},

	// gemm
	{Func: "gemmTiles(tiles, rows, cols, k int, alpha float32, a *panels, b []float32, bRow int, beta float32, c []float32, ldc int)", ByHand: "amd64 arm64",
		AVX2: called(tilesParams), AVX512: called(tilesParams), NEON: called(tilesNEON)},
	{Func: "gemmCopyRows(dst []float32, dstRow int, src []float32, srcRow, rows, n int)", ByHand: "amd64 arm64", AVX2: called(copyParams), NEON: called(copyParams)},
	{Func: "gemmTranspose8(dst []float32, dstRow int, src []float32, srcRow, n int)", ByHand: "amd64 arm64", AVX2: called(transposeParams), NEON: called(transposeParams)},
	{Func: "fmaLoop(iterations int) (flops int)", ByHand: "amd64 arm64", AVX2: called("(iterations int)"), AVX512: called("(iterations int)"), NEON: called("(iterations int)")},

	// mask
	{Func: "relu(dst, x []float32)", Writes: "dst", AVX2: all, AVX512: all, NEON: groups4},
	{Func: "reluBits(dst, x []float32, bits []uint32)", Writes: "dst, bits", AVX2: all, AVX512: all, NEON: bits32},
	{Func: "maskScale(dst, x []float32, bits []uint32, c float32)", Writes: "dst", AVX2: all, AVX512: all, NEON: bits32},

	// optim
	{Func: "sgd(w, g []float32, lr, wd float32)", Writes: "w", AVX2: all, NEON: groups4},
	{Func: "sgdMomentum(w, g, m []float32, lr, momentum, wd float32)", Writes: "w, m", AVX2: all, NEON: groups4},
	{Func: "sgdNesterov(w, g, m []float32, lr, momentum, wd float32)", Writes: "w, m", AVX2: all, NEON: groups4},
	{Func: "adam(w, g, m, v []float32, k *adamFactors)", Writes: "w, m, v", AVX2: all, NEON: groups4},
	{Func: "rmsProp(w, g, v, m []float32, k *rmsPropFactors)", Writes: "w, v, m", AVX2: all, NEON: groups4},

	// philox
	{Func: "philoxFill(dst []uint32, ctr *[4]uint32, key *[2]uint32)", ByHand: "amd64 arm64", AVX2: all, NEON: all},
	{Func: "bernoulli(bits []uint32, threshold uint16, key *[2]uint32, ctr *[4]uint32)", ByHand: "amd64 arm64", AVX2: all, NEON: all},

	// pool
	{Func: "maxFrom(best []float32, from []uint32, x []float32, place uint32)", Writes: "best, from", AVX2: all, NEON: groups4},
	{Func: "maxSquares(dst []float32, from []byte, step int, x []float32, row, n, count int)", Writes: "-", AVX2: multiple(8, "n"), AVX512: multiple(16, "n")},
	{Func: "spreadSquares(dst []float32, row int, x []float32, from []byte, step, n, count int)", Writes: "-", AVX2: multiple(8, "n"), AVX512: multiple(16, "n")},

	// reduce
	{Func: "sum(p *partials, x []float32)", AVX2: &Version{Group: 16}, NEON: &Version{Group: 16}},
	{Func: "dot(p *partials, a, b []float32)", AVX2: &Version{Group: 16}, NEON: &Version{Group: 16}},

	// rows
	{Func: "addRow(dst, x, v []float32, rows int)", Writes: "-", AVX2: all, NEON: multiple(4, "len(v)")},
	{Func: "scaleShiftRows(dst, x, scale, shift []float32, rows int)", Writes: "-", AVX2: all, AVX512: all, NEON: multiple(4, "len(scale)")},
	{Func: "scaleShiftSiLURows(dst, x, scale, shift []float32, rows int)", Writes: "-", AVX2: all, AVX512: all},
	{Func: "siluGradRows(dz, dy, x, scale, shift []float32, rows int)", Writes: "-", AVX2: all, AVX512: all},
	{Func: "scaleShiftReLURows(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int)", Writes: "-",
		AVX2: multiple(8, "len(scale)"), AVX512: multiple(16, "len(scale)"), NEON: multiple(16, "len(scale)")},
	{Func: "bnBackwardRows(dx, dy, x, a, b, c []float32, rows int)", Writes: "-", AVX2: all, AVX512: all, NEON: multiple(4, "len(a)")},
	{Func: "bnReLUBackwardRows(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int)", Writes: "-",
		AVX2: multiple(8, "len(a)"), AVX512: multiple(16, "len(a)"), NEON: multiple(16, "len(a)")},

	// rowsums
	{Func: "sumBlock(sum, x []float32, stride, rows int)", Writes: "-", AVX2: all, AVX512: all, NEON: groups4},
	{Func: "momentsBlock(sum, sumsq, x, shift []float32, stride, rows int)", Writes: "-", AVX2: all, AVX512: all, NEON: groups4},
	{Func: "sumDotBlock(sum, dot, dy, x, shift []float32, stride, rows int)", Writes: "-", AVX2: all, AVX512: all, NEON: groups4},
	{Func: "maskSumDotBlock(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int)", Writes: "-",
		AVX2: multiple(8, "stride"), AVX512: multiple(16, "stride"), NEON: multiple(16, "stride")},

	// softmax
	{Func: "largest(x []float32) float32", ByHand: "arm64", AVX2: all},
	{Func: "expSum(dst, x []float32, shift float32) float32", Writes: "dst", ByHand: "arm64", AVX2: all, AVX512: all},
	{Func: "expSumMask(dst, x []float32, bits []uint32, shift float32) float32", Writes: "dst", Own: "bits", ByHand: "arm64", AVX2: all, AVX512: all},
	{Func: "softmaxBackward(x, dp []float32, largest, inverseSum, dot float32)", Writes: "x, dp", ByHand: "arm64", AVX2: all, AVX512: all},
	{Func: "softmaxBackwardMask(x, dp []float32, bits []uint32, largest, inverseSum, dot float32)", Writes: "x, dp", Own: "bits", ByHand: "arm64", AVX2: all, AVX512: all},

	// taps
	{Func: "gemmTaps(count, m, n int, a *Taps, aNext int, b []float32, ldb int, c []float32, ldc, cNext int, accumulate bool)", ByHand: "amd64 arm64",
		AVX2: called(tapsParams), AVX512: called(tapsParams)},
	{Func: "depthwiseTaps(m, n int, a *Taps, b []float32, ldb int, c []float32, ldc int, accumulate bool)", ByHand: "amd64 arm64",
		AVX2: called(tapsParams), AVX512: called(tapsParams), NEON: called(depthwiseNEON)},
	{Func: "depthwiseNine(rows, cols int, a *float32, offsets *int, row, col int, b *float32, ldb int, c *float32, ldc int)", ByHand: "amd64 arm64 noasm", // a part of depthwiseTaps
		AVX2: all, AVX512: all},

	// winograd
	{Func: "winograd(t WinogradTransform, dst, src Strided, n, count, rows int)", ByHand: "amd64 arm64",
		AVX2: called(winogradParams), AVX512: called(winogradParams),
		NEON: called(winogradNEON)},
}
