package ops_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"autodropout/ops"
	"autodropout/simd"
)

// What the tests of properties try. A long run is, for example,
//
//	go test ./ops -run Properties -timeout 1h -geometries 100000 -cases 20000
var (
	geometries = flag.Int("geometries", 300, "random geometries of convolutions to try")
	seedFlag   = flag.Uint64("seed", 1, "first seed of random cases")
)

// TestPropertiesOnLowerTiers runs the tests of properties in other processes, on
// the instructions that this processor has besides those in use here.
func TestPropertiesOnLowerTiers(t *testing.T) {
	if os.Getenv("AUTODROPOUT_SIMD") != "" {
		t.Skip("AUTODROPOUT_SIMD asks for one set of instructions")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for tier := simd.Generic; tier < simd.Active(); tier++ {
		args := []string{"-test.run=^TestProperties$", "-test.v", "-test.timeout=0"}
		flag.Visit(func(f *flag.Flag) {
			if f.Name == "geometries" || f.Name == "seed" {
				args = append(args, fmt.Sprintf("-%s=%s", f.Name, f.Value))
			}
		})
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "AUTODROPOUT_SIMD="+tier.String())
		out, err := cmd.CombinedOutput()
		switch {
		case bytes.Contains(out, []byte("is not available on this machine")):
			continue
		case err != nil || !bytes.Contains(out, []byte("on "+tier.String())):
			t.Errorf("on %s: %v\n%s", tier, err, out)
		default:
			t.Logf("%s", out)
		}
	}
}

// TestProperties compares random cases of operations with sums in float64.
func TestProperties(t *testing.T) {
	t.Run("Conv2D", testGeometries)
}

// testGeometries tries random convolutions, by both routes where there are two.
func testGeometries(t *testing.T) {
	routes := map[string]int{}
	for i := range *geometries {
		seed := *seedFlag + uint64(i)
		x, w, spec := randomGeometry(rand.New(rand.NewPCG(seed, 1)))
		e := newConvExample(seed, x, w, spec)
		ways := []string{"direct"}
		if w[0] == 3 && w[1] == 3 && spec.Stride == 1 && spec.Dilation == 1 && spec.Groups == 1 {
			ways = append(ways, "winograd")
		}
		for _, route := range ways {
			routes[route]++
			t.Run("", func(t *testing.T) {
				ops.ForceConvRoute(t, route)
				y, dx, dw := e.run()
				for j, got := range [][]float32{y, dx, dw} {
					if mean, largest := relativeErrors(got, [][]float64{e.y, e.dx, e.dw}[j]); !(mean <= 3e-6 && largest <= 1e-4) {
						t.Errorf("seed %d, x %v, kernels %v, %+v, %s: errors of %s are %.2g in the mean, %.2g at most",
							seed, x, w, spec, route, []string{"y", "dx", "dw"}[j], mean, largest)
					}
				}
			})
		}
	}
	t.Logf("%d geometries from seed %d on %s: %v", *geometries, *seedFlag, simd.Active(), routes)
}

// randomGeometry returns the shapes of a convolution whose definition is quickly
// computed: most of them small, with every combination of what a ConvSpec has.
func randomGeometry(rng *rand.Rand) (x, w [4]int, spec ops.ConvSpec) {
	for {
		products := 1 << 19
		if rng.IntN(16) == 0 {
			products <<= 4
		}
		extent := []int{3, 9, 17, 40}[rng.IntN(4)]
		most := []int{4, 20, 80, 200}[rng.IntN(4)] // channels of a group
		groups := []int{1, 1, 1, 2, 3, 4, 8, 1 + rng.IntN(64)}[rng.IntN(8)]
		ins, outs := 1+rng.IntN(most), 1+rng.IntN(most)
		if groups > 8 && rng.IntN(2) == 0 {
			ins, outs = 1, 1 // depthwise
		}
		kh := []int{1, 2, 3, 3, 3, 4, 5, 7}[rng.IntN(8)]
		kw := kh
		if rng.IntN(4) == 0 {
			kw = 1 + rng.IntN(5)
		}
		spec = ops.ConvSpec{
			Stride: []int{1, 1, 1, 2, 2, 3, 4}[rng.IntN(7)], Pad: rng.IntN(5),
			Dilation: []int{1, 1, 1, 2, 3}[rng.IntN(5)], Groups: groups,
		}
		if rng.IntN(5) == 0 { // what Winograd's algorithm computes
			spec = ops.ConvSpec{Stride: 1, Pad: spec.Pad, Dilation: 1, Groups: 1}
			groups, kh, kw = 1, 3, 3
		}
		x = [4]int{1 + rng.IntN(4), 1 + rng.IntN(extent), 1 + rng.IntN(extent), ins * groups}
		w = [4]int{kh, kw, ins, outs * groups}
		down, across := x[1]+2*spec.Pad-spec.Dilation*(kh-1), x[2]+2*spec.Pad-spec.Dilation*(kw-1)
		if down < 1 || across < 1 {
			continue
		}
		pixels := x[0] * ((down-1)/spec.Stride + 1) * ((across-1)/spec.Stride + 1)
		if pixels*kh*kw*ins*outs*groups <= products {
			return x, w, spec
		}
	}
}
