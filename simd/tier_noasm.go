//go:build purego || !(amd64 || arm64)

package simd

func supportedTiers() []Tier { return []Tier{Generic} }

func setTier(t Tier) { active = t }
