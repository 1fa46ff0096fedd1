package dropout

import (
	"fmt"
	"math"
	"testing"
)

// testSites returns sites named like "1.0.norm", with stages and blocks from 0.
func testSites(blocks ...int) []Site {
	var sites []Site
	for s, n := range blocks {
		for b := range n {
			for _, kind := range []Kind{Norm, Hidden, Branch, Shortcut} {
				sites = append(sites, Site{Name: fmt.Sprintf("%d.%d.%v", s, b, kind), Kind: kind, Stage: s, Stages: len(blocks), Block: b, Blocks: n})
			}
		}
	}
	return append(sites, Site{Name: "last", Kind: Norm})
}

// uniformPattern returns a pattern whose blocks are all b.
func uniformPattern(b BlockPattern, blocks ...int) *ConvPattern {
	p := &ConvPattern{}
	for _, n := range blocks {
		var stage []BlockPattern
		for range n {
			stage = append(stage, b)
		}
		p.Stages = append(p.Stages, stage)
	}
	return p
}

func must[P any](t testing.TB, p P, err error) P {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// apply returns a batch of ones after dropout.
func apply(p Policy, site string, s Stream, shape ...int) []float32 {
	size := 1
	for _, extent := range shape {
		size *= extent
	}
	y := make([]float32, size)
	mask := p.Mask(site, shape, s)
	if mask == nil {
		for i := range y {
			y[i] = 1
		}
		return y
	}
	keep := make([]uint32, (size+31)/32)
	for i := range keep {
		keep[i] = 0x5a5a5a5a // memory that held something else
	}
	factor := mask(keep)
	for i := range y {
		if keep[i/32]>>(i%32)&1 == 1 {
			y[i] = factor
		}
	}
	return y
}

// acts reports whether the policy has a mask for a tensor at a site.
func acts(p Policy, site string, s Stream, shape ...int) bool {
	return p.Mask(site, shape, s) != nil
}

func mean(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v)
	}
	return sum / float64(len(x))
}

// near fails when a frequency of n draws is more than five standard deviations
// off what it should be.
func near(t *testing.T, what string, got, want float64, n int) {
	t.Helper()
	if limit := 5 * math.Sqrt(want*(1-want)/float64(n)); !(math.Abs(got-want) <= limit) {
		t.Errorf("%s is %g, want %g ± %g", what, got, want, limit)
	}
}

func decode(t testing.TB, space Space, tokens []int) *ConvPattern {
	t.Helper()
	p, err := DecodeConv(space, tokens)
	return must(t, p, err)
}
