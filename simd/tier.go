package simd

import (
	"fmt"
	"io"
	"os"
	"slices"
)

// Tier is a set of vector instructions the kernels are written for.
type Tier int

// The tiers. Those of one architecture are in ascending order.
const (
	Generic Tier = iota // portable Go
	NEON                // arm64
	AVX2                // amd64: AVX2 and FMA3
	AVX512              // amd64: AVX-512 F, DQ, BW and VL, besides AVX2 and FMA3
)

var tierNames = [...]string{Generic: "generic", NEON: "neon", AVX2: "avx2", AVX512: "avx512"}

// String returns the name that AUTODROPOUT_SIMD knows the tier by.
func (t Tier) String() string { return tierNames[t] }

// active is set by setTier only, together with the bools that kernels ask.
var active Tier

// Active returns the tier the kernels of this process run on.
func Active() Tier { return active }

func init() {
	setTier(chooseTier(os.Getenv("AUTODROPOUT_SIMD"), supportedTiers(), os.Stderr))
}

// chooseTier returns the tier called name if it is among the supported ones,
// which are in ascending order, and otherwise the highest of them. If name is
// neither empty nor supported it says so on w.
func chooseTier(name string, supported []Tier, w io.Writer) Tier {
	best := supported[len(supported)-1]
	if name == "" {
		return best
	}
	t := Tier(slices.Index(tierNames[:], name))
	switch {
	case t < 0:
		fmt.Fprintf(w, "simd: AUTODROPOUT_SIMD=%q is none of generic, neon, avx2 and avx512; running on %s\n", name, best)
		return best
	case !slices.Contains(supported, t):
		fmt.Fprintf(w, "simd: AUTODROPOUT_SIMD=%s is not available on this machine or in this build; running on %s\n", name, best)
		return best
	}
	return t
}
