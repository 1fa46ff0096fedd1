package dropout

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// masksOf returns what the masks of a point keep at all sites of a network, at two
// moments of a training.
func masksOf(t *testing.T, space Space, point []int, sites []Site) string {
	t.Helper()
	pattern, err := Decode(space, point)
	pattern = must(t, pattern, err)
	policy, err := pattern.Policy(sites)
	policy = must(t, policy, err)
	var all []byte
	for _, site := range sites {
		shape := []int{2, 8, 8, 12}
		switch site.Kind {
		case Features:
			shape = []int{2, 40}
		case Words:
			shape = []int{20, 3}
		case Probability:
			shape = []int{2, 2, 5, 40}
		case Query, Key, Value, Projection, Inner, Output, Input, Final:
			shape = []int{2, 40, 5}
		}
		for step, progress := range []float64{0.4, 0.9} {
			for _, keep := range kept(policy, site.Name, Stream{Seed: 3, Step: uint64(step), Progress: progress}, shape...) {
				all = append(all, byte(indicator(keep)))
			}
		}
	}
	return string(all)
}

// TestCanonical: what does not count changes no mask, and what counts nearly always does.
func TestCanonical(t *testing.T) {
	conv := append(testSites(1, 2), Site{Name: "features", Kind: Features})
	for name, sites := range map[string][]Site{"conv": conv, "sequence": sequenceSites(1)} {
		wide, err := WideSpace(sites)
		wide = must(t, wide, err)
		paper, err := PaperSpace(sites)
		paper = must(t, paper, err)
		spaces := []Space{wide, paper, wide.With(wide.Choices[0].Name, wide.Choices[0].Values[1:]...)}
		if name == "conv" {
			spaces = append(spaces, wide.Tie())
		}
		for _, space := range spaces {
			rng := rand.New(rand.NewPCG(5, 6))
			idle, counting, changed := 0, 0, 0
			for range 60 {
				point := space.Draw(nil, rng)
				canonical := space.Canonical(point)
				if err := space.Check(canonical); err != nil {
					t.Fatal(err)
				}
				masks := masksOf(t, space, point, sites)
				if got := masksOf(t, space, canonical, sites); got != masks {
					t.Errorf("%s: the masks of %v are not those of %v", space.Name, canonical, point)
				}
				if again := space.Canonical(canonical); !slices.Equal(again, canonical) {
					t.Errorf("%s: %v becomes %v, and that %v", space.Name, point, canonical, again)
				}
				other := slices.Clone(point)
				i := rng.IntN(len(point))
				other[i] = (other[i] + 1) % len(space.Choice(i).Values)
				if slices.Equal(space.Canonical(other), canonical) {
					idle++
				} else if counting++; masksOf(t, space, other, sites) != masks {
					changed++
				}
			}
			t.Logf("%s: of 60 changes %d do not count, of the others %d of %d change a mask", space.Name, idle, changed, counting)
			if 4*changed < 3*counting || idle < 3 {
				t.Errorf("%s: %d changes count, and %d change a mask; %d do not count", space.Name, counting, changed, idle)
			}
		}
	}
	rates := Space{Name: "rates", Groups: 1, Choices: []Choice{{Name: "rate", Values: []float64{0, 1}}}}
	if got := rates.Canonical([]int{1}); !slices.Equal(got, []int{1}) {
		t.Errorf("in a space of rates the point becomes %v", got)
	}
}

// TestTie: blocks of a stage have one pattern, whose point has one group a stage.
func TestTie(t *testing.T) {
	space := ConvSpace([]int{1, 3}).Tie()
	point := []int{2, 3, 7, 2, 1, 4, 1, 0, 8, 7, 1, 5, 6, 3, 0, 1}
	if space.Decisions() != len(point) {
		t.Fatalf("two tied stages take %d choices", space.Decisions())
	}
	p := decode(t, space, point)
	if blocks := p.Blocks(); !slices.Equal(blocks, []int{1, 3}) {
		t.Fatalf("the pattern has the blocks %v", blocks)
	}
	for _, b := range p.Stages[1] {
		if want := (BlockPattern{Size: 1, Stride: 1, Repeat: 2, Rotate: 75, ShearX: 0.3, Residual: true}); b != want {
			t.Errorf("a block of the second stage is %v, want %v", b, want)
		}
	}
	if back, err := EncodeConv(space, p); err != nil || !slices.Equal(back, point) {
		t.Errorf("encoded it is %v, error %v", back, err)
	}
	p.Stages[1][1].Rotate = 0
	if _, err := EncodeConv(space, p); err == nil {
		t.Error("blocks of a tied stage that differ are encoded")
	}
	defer func() {
		if recover() == nil {
			t.Error("a space without blocks is tied")
		}
	}()
	SequenceSpace().Tie()
}
