package dropout

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestTimes: patterns of all spaces drop factor times as much, as far as their fields
// allow; what is dropped where, and how, stays. They can be saved.
func TestTimes(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	sites := testSites(2, 2, 2)
	wide, err := WideSpace(sites)
	wide = must(t, wide, err)
	near, all := 0, 0
	for _, space := range []Space{ConvSpace([]int{2, 2, 2}), wide} {
		for range 20 {
			p := decode(t, space, space.Draw(nil, rng))
			if once := p.Times(1); !reflect.DeepEqual(once, p) {
				t.Fatalf("%v times 1 is %v", p, once)
			}
			for _, factor := range []float64{0, 0.25, 0.5, 0.75, 1.25, 2} {
				got := p.Times(factor).(*ConvPattern)
				if err := got.check(); err != nil {
					t.Fatalf("%v times %g: %v", p, factor, err)
				}
				for s, stage := range p.Stages {
					for i, b := range stage {
						side := 32 >> s
						is, was := got.Stages[s][i].Share(side, side), b.Share(side, side)
						switch {
						case factor == 0 && is != 0, factor < 1 && is > was+1e-12, factor > 1 && is < was-1e-12:
							t.Errorf("%v, which drops %.4f, times %g drops %.4f", b, was, factor, is)
						case b.Scatter > 0 && b.Schedule == Constant && got.Stages[s][i].Scatter < 0.9:
							all++
							if math.Abs(is-factor*was) < 0.15*factor*was+0.01 { // blocks overlap
								near++
							}
						}
						b.Stride, b.Scatter, b.Size = got.Stages[s][i].Stride, got.Stages[s][i].Scatter, got.Stages[s][i].Size
						if b != got.Stages[s][i] {
							t.Errorf("times %g another field changed: %v", factor, got.Stages[s][i])
						}
					}
				}
			}
		}
	}
	if all < 20 || near < all*9/10 {
		t.Errorf("of %d scattered patterns %d drop as much as they should", all, near)
	}
	// On maps of 32 cells: 1/4 covers 4 of 16, and with gaps of 20 cells 8²/28² is nearest to an eighth.
	grid := BlockPattern{Size: 0.25, Stride: 0.25, Repeat: 8}
	if got := grid.times(0.5, 32); got.Stride != 15./32 {
		t.Errorf("a grid that drops %.4f drops %.4f times a half: %v", grid.Share(32, 32), got.Share(32, 32), got)
	}
}

// TestTimesSequence: the probabilities of all places grow alike, to what a pattern may have.
func TestTimesSequence(t *testing.T) {
	p := &SequencePattern{Outside: true, Origin: Origin{Note: "found"}}
	for i := range p.Places {
		p.Places[i] = TokenPattern{Size: 4, Stride: i, Drop: 0.1 * float64(i)}
	}
	for factor, want := range map[float64][]float64{
		0:   {0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		0.5: {0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45},
		2:   {0, 0.2, 0.4, 0.6, 0.8, 0.95, 0.95, 0.95, 0.95, 0.95},
	} {
		got := p.Times(factor).(*SequencePattern)
		var drops []float64
		for i, b := range got.Places {
			drops = append(drops, math.Round(1e9*b.Drop)/1e9)
			b.Drop = p.Places[i].Drop
			if b != p.Places[i] {
				t.Errorf("times %g another field of place %d changed: %v", factor, i, b)
			}
		}
		if !slices.Equal(drops, want) || got.check() != nil || !got.Outside {
			t.Errorf("times %g: %v, want %v", factor, drops, want)
		}
		if p.Places[9].Drop != 0.9 || !strings.HasPrefix(got.Origin.Note, "found; it drops ") {
			t.Errorf("the pattern itself has changed: %v; the note is %q", p, got.Origin.Note)
		}
	}
	if note := (&SequencePattern{}).Times(0.5).(*SequencePattern).Origin.Note; note != "it drops 0.5 times as much" {
		t.Errorf("the note is %q", note)
	}
}
