package ops

import (
	"fmt"
	"io"
	"os"

	"autodropout/simd"
)

// A convRoute is a way to compute convolutions.
type convRoute int

const (
	measuredRoute convRoute = iota // the faster one
	directRoute                    // matrix products of gathered inputs
	winogradRoute                  // where it is possible
)

// forcedRoute is what the environment asks for.
var forcedRoute = chooseRoute(os.Getenv("AUTODROPOUT_CONV"), os.Stderr)

// chooseRoute returns the route called name. If there is none it says so on w.
func chooseRoute(name string, w io.Writer) convRoute {
	switch name {
	case "":
		return measuredRoute
	case "direct":
		return directRoute
	case "winograd":
		return winogradRoute
	}
	fmt.Fprintf(w, "ops: AUTODROPOUT_CONV=%q is neither direct nor winograd; every convolution takes the route that was measured to be faster\n", name)
	return measuredRoute
}

// winogradPays has, for every tier, least sizes for which Winograd's algorithm was
// measured to be faster: channels of inputs and of outputs, and pixels of an output
// image. With more channels smaller maps do, though tiles reach beyond them. The number
// of images does not count: an example's result must not depend on its company. On NEON,
// instructions were counted.
var winogradPays = [...][]struct{ channels, pixels int }{
	simd.Generic: {{32, 16}},
	simd.NEON:    {{8, 16}},
	simd.AVX2:    {{8, 16}, {32, 4}},
	simd.AVX512:  {{8, 16}, {32, 4}},
}

// winograd returns the convolution in tiles, and nil if it should be computed
// directly.
func (s *conv) winograd() *winograd {
	if forcedRoute == directRoute || s.kh != 3 || s.kw != 3 || s.strides() || max(s.vert.Dilation, s.horiz.Dilation) > 1 || s.groups != 1 || s.pixels() == 0 {
		return nil
	}
	if forcedRoute == winogradRoute {
		return newWinograd(*s)
	}
	for _, least := range winogradPays[simd.Active()] {
		if min(s.c, s.oc) >= least.channels && s.oh*s.ow >= least.pixels {
			return newWinograd(*s)
		}
	}
	return nil
}

// Arithmetic names everything that decides how operations round: the instruction set, and
// the algorithm that the environment forces upon convolutions. If it differs, the same
// training gives other bits.
func Arithmetic() string {
	switch forcedRoute {
	case directRoute:
		return simd.Active().String() + ", direct convolutions"
	case winogradRoute:
		return simd.Active().String() + ", Winograd's convolutions"
	}
	return simd.Active().String()
}
