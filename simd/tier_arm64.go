//go:build !purego

package simd

// useNEON tells a kernel whether it may run its assembly.
var useNEON bool

// supportedTiers lists what the processor offers: NEON is part of the
// architecture.
func supportedTiers() []Tier { return []Tier{Generic, NEON} }

func setTier(t Tier) {
	active = t
	useNEON = t == NEON
}
