//go:build !purego

package simd

// expConstants are the constants of expOf, tanhOf, normalOf and sigmoidOf. The assembly
// knows their order.
var expConstants = [...]float32{
	expMin, expMax, log2E, rounder, ln2Hi, ln2Lo, expC2, expC3, expC4, expC5, expC6, 1,
	2, tanhSmall, tanhC0, tanhC1, tanhC2, tanhC3, tanhC4,
	normalC1, normalC2, normalC3, normalC4, normalC5, normalC6, normalC7, normalC8, normalC0,
	normalC9, 0.25, -0.5, normalDensity,
	sigmoidMin, sigmoidMax, halfRounder, 0.5,
}
