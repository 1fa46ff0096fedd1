//go:build !purego

package simd

import "github.com/klauspost/cpuid/v2"

// useAVX2 and useAVX512 tell a kernel which assembly it may run. Where
// useAVX512 is set, useAVX2 is too, so that a kernel without an AVX-512 version
// falls through to its AVX2 one.
var useAVX2, useAVX512 bool

// supportedTiers lists what processor and operating system offer, in ascending
// order. cpuid reports the vector features only if the operating system saves
// their registers.
func supportedTiers() []Tier {
	tiers := []Tier{Generic}
	if !cpuid.CPU.Supports(cpuid.AVX, cpuid.AVX2, cpuid.FMA3) {
		return tiers
	}
	tiers = append(tiers, AVX2)
	if !cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512DQ, cpuid.AVX512BW, cpuid.AVX512VL) {
		return tiers
	}
	return append(tiers, AVX512)
}

func setTier(t Tier) {
	active = t
	useAVX2 = t == AVX2 || t == AVX512
	useAVX512 = t == AVX512
}
