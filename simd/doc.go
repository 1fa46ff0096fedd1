// Package simd holds the float32 kernels the framework spends its time in:
// matrix multiplication, and loops over vectors and rows.
//
// Every function works on slices, runs on the calling goroutine and allocates
// nothing; splitting work over cores is the caller's business. Each kernel has
// a portable Go version, which is the reference for its meaning, and assembly
// for the instruction sets that pay. Which of them runs is decided once, when
// the program starts, and [Active] tells:
//
//	generic  portable Go, on every machine
//	neon     arm64
//	avx2     amd64 with AVX2 and FMA3
//	avx512   amd64 with AVX-512 F, DQ, BW and VL as well
//
// The environment variable AUTODROPOUT_SIMD set to one of these names lowers
// the tier. A name that is unknown, or a tier this machine or build does not
// have, is reported on standard error in one sentence and otherwise ignored,
// as the Go runtime does with GODEBUG. The build tag purego leaves the assembly
// out.
//
// # What is public
//
// Public, for operations of one's own, are the kernels over vectors and over rows,
// reductions, exponentials, [SoftmaxRow], masks, random bits, the optimizers'
// steps, [Transpose], [Gemm] with [GemmWork], [Active] with [Tier], and [FMALoop].
//
// The others are pieces from which package ops builds its convolutions, attention and
// products on several cores. They change with it: [Product], [PackB], [EndRows],
// [GemmTile], [GemmPanel], [GemmDepth], [Planes], [Panels], [MultiplyPlanes], [Strided],
// [Winograd] with its transforms, [Fetch], [Taps], [GemmTaps], [GemmTapsRows], [DepthwiseTaps],
// [SoftmaxWeights] and [SoftmaxWeightsBackward].
//
// # Vectors and rows
//
// The length of the first slice is the length of an operation; the others must
// be at least as long, and a shorter one panics. In the row kernels the first of
// the vectors with one element a column gives the number of columns. A
// destination may be the very slice of an input, but must not overlap one in any
// other way.
//
// # Rounding
//
// On one tier, results are bit-identical from run to run and machine to machine. Between
// tiers those of [Gemm] differ by rounding. All other kernels round every operation by
// itself, never fusing a multiplication with an addition, and sum in an order that depends
// on nothing but the sizes, so that every tier gives the same bits; only the bits of a NaN
// may differ.
//
// The amd64 assembly is written by the generators in _asm, a module of its own,
// and so are the functions that choose between versions, from a table of all
// kernels: go generate ./simd runs them. Assembly for arm64 is written by hand.
package simd
