package dropout

import (
	"fmt"
	"math"
	"testing"

	"autodropout/autograd"
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

func ones(shape ...int) *autograd.Tensor {
	x := autograd.New(shape...)
	for i := range x.Data() {
		x.Data()[i] = 1
	}
	return x
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
