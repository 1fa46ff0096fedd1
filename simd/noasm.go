//go:build purego || !(amd64 || arm64)

package simd

func supportedTiers() []Tier { return []Tier{Generic} }

func setTier(t Tier) { active = t }

func gemmSizes() blocking { return gemmGeneric }

// fetch may ask for lines to be brought into the second-level cache. Go cannot.
func fetch(x []float32, step, lines, rows int) {}
