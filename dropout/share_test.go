package dropout

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestShareIsThatOfTheMasks compares computed shares with those of many masks, of
// patterns all over the spaces.
func TestShareIsThatOfTheMasks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	conv, sequence := ConvSpace([]int{1}), SequenceSpace()
	wide, err := WideSpace(testSites(1))
	wide = must(t, wide, err)
	dropped := func(rows [][]bool) (n float64) {
		for _, row := range rows {
			for _, kept := range row {
				if !kept {
					n++
				}
			}
		}
		return n / float64(len(rows)*len(rows[0]))
	}
	for i := range 60 {
		block := decode(t, conv, conv.Draw(nil, rng)).Stages[0][0]
		if i%2 == 1 {
			block = decode(t, wide, wide.Draw(nil, rng)).Stages[0][0]
			block.Schedule = Constant // samples are the strongest
		}
		h, w := 5+rng.IntN(12), 5+rng.IntN(12)
		const masks = 1500
		var sum, square float64
		for n := range uint64(masks) {
			d := dropped(block.Sample(h, w, 0, Stream{Seed: uint64(i), Example: n}))
			sum, square = sum+d, square+d*d
		}
		mean := sum / masks
		deviation := math.Sqrt(max(0, square/masks-mean*mean) / masks)
		if want := block.Share(h, w); math.Abs(mean-want) > 4.5*deviation+1e-9 {
			t.Errorf("%v on %dx%d: %d masks drop %.4f ± %.4f, want %.4f", block, h, w, masks, mean, deviation, want)
		}
	}
	for i := range 30 {
		p, err := DecodeSequence(sequence, sequence.Draw(nil, rng))
		if err != nil {
			t.Fatal(err)
		}
		b := p.Places[0]
		const masks = 1500
		var sum, square float64
		for n := range uint64(masks) {
			d := dropped(b.Sample(20, 3, Stream{Seed: uint64(i), Example: n}))
			sum, square = sum+d, square+d*d
		}
		mean := sum / masks
		deviation := math.Sqrt(max(0, square/masks-mean*mean) / masks)
		if want := b.Share(); math.Abs(mean-want) > 4.5*deviation+1e-4 { // probabilities are multiples of 1/65536
			t.Errorf("%v: %d masks drop %.4f ± %.4f, want %.4f", b, masks, mean, deviation, want)
		}
	}
}

// TestMild: patterns that are drawn drop the share that was asked for, on average.
func TestMild(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	wide, err := WideSpace(testSites(1, 2))
	wide = must(t, wide, err)
	words, err := WideSpace(sequenceSites(1))
	words = must(t, words, err)
	for _, c := range []struct {
		space Space
		share float64
	}{
		{wide, MildConv},
		{wide.Tie(), 0.2},
		{words, MildSequence},
		{ConvSpace([]int{1, 1, 1}), MildConv},
		{ConvSpace([]int{2, 1, 3}), 0.15},
		{ConvSpace([]int{1, 1, 1}).With("rotate", 0).With("shear_x", 0), 0.1},
		{SequenceSpace(), MildSequence},
		{SequenceSpace(), 0.3},
	} {
		probs, err := Mild(c.space, c.share)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ExpectedShare(c.space, probs); err != nil || math.Abs(got-c.share) > 1e-9 {
			t.Errorf("%v: expected %g (%v), want %g", c.space, got, err, c.share)
		}
		const draws = 2000
		var sum, square float64
		for range draws {
			point, share := c.space.Draw(probs, rng), 0.0
			if c.space.isConv() {
				p := decode(t, c.space, point)
				for s, stage := range p.Stages {
					for _, b := range stage {
						share += b.Share(32>>s, 32>>s) * c.space.weight(len(stage)) / float64(len(stage))
					}
				}
			} else {
				p, err := DecodeSequence(c.space, point)
				if err != nil {
					t.Fatal(err)
				}
				for i := range p.places() {
					share += p.Places[i].Share() / float64(c.space.Groups)
				}
			}
			sum, square = sum+share, square+share*share
		}
		mean := sum / draws
		if deviation := math.Sqrt((square/draws - mean*mean) / draws); math.Abs(mean-c.share) > 4*deviation {
			t.Errorf("%v: %d patterns drop %.4f ± %.4f, want %g", c.space, draws, mean, deviation, c.share)
		}
		for i, p := range probs {
			if sum := 0.0; len(p) != len(c.space.Choices[i].Values) || slices.Min(p) <= 1e-6 {
				t.Errorf("%v: the probabilities of %s are %v (%g)", c.space, c.space.Choices[i].Name, p, sum)
			}
		}
	}
	uniform, err := ExpectedShare(ConvSpace([]int{1, 1, 1}), nil)
	if err != nil || uniform < 0.15 || uniform > 0.3 {
		t.Errorf("patterns that are all as likely drop %g (%v)", uniform, err)
	}
	t.Logf("all as likely: ConvNets %.4f", uniform)
	for name, c := range map[string]struct {
		space Space
		share float64
	}{"too much": {SequenceSpace(), 0.9}, "nothing": {ConvSpace([]int{1}), 0}, "no number": {ConvSpace([]int{1}), math.NaN()}, "another space": {Space{Name: "rates"}, 0.1}} {
		if _, err := Mild(c.space, c.share); err == nil || !strings.Contains(err.Error(), "space") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// TestFresh: every step has a pattern of its own, the same for all its examples and
// parts, and on average the share.
func TestFresh(t *testing.T) {
	for name, c := range map[string]struct {
		sites []Site
		site  string
	}{"images": {testSites(1, 1), "1.0.norm"}, "sequences": {sequenceSites(2), "1.key"}} {
		space, err := PaperSpace(c.sites)
		fresh, err2 := NewFresh(must(t, space, err), 0.1, c.sites)
		if err := err2; err != nil {
			t.Fatal(err)
		}
		mask := func(p Policy, step, example uint64) string {
			shape := []int{1, 8, 8, 4}
			if name == "sequences" {
				shape = []int{1, 64, 4}
			}
			m := p.Mask(c.site, shape, Stream{Seed: 5, Step: step, Example: example})
			if m == nil {
				return ""
			}
			keep := make([]uint32, 8)
			m(keep)
			var b strings.Builder
			for _, w := range keep {
				b.WriteString(string(rune('a'+w%26)) + string(rune('a'+w/26%26)))
			}
			return b.String()
		}
		again, err := NewFresh(space, 0.1, c.sites)
		if err != nil {
			t.Fatal(err)
		}
		seen, acting := map[string]bool{}, 0
		for step := range uint64(200) {
			m := mask(fresh, step, 3)
			if m != "" {
				acting++
				seen[m] = true
			}
			if other := mask(again, step, 3); other != m {
				t.Errorf("%s, step %d: another policy has another mask", name, step)
			}
		}
		// Some patterns drop nothing at a site.
		if acting < 100 || len(seen) < acting/2 {
			t.Errorf("%s: %d of 200 steps drop something, in %d ways", name, acting, len(seen))
		}
		patterns := map[string]bool{}
		for step := range uint64(20) {
			patterns[fresh.pattern(Stream{Seed: 5, Step: step}).Describe()] = true
		}
		if len(patterns) != 20 {
			t.Errorf("%s: 20 steps have %d patterns", name, len(patterns))
		}
		if mask(again, 7, 3) != mask(fresh, 7, 3) {
			t.Errorf("%s: a step is another when it comes again", name)
		}
	}
	if _, err := NewFresh(SequenceSpace(), 0.9, sequenceSites(1)); err == nil {
		t.Error("a share that no distribution has is accepted")
	}
	if _, err := NewFresh(SequenceSpace(), 0.1, nil); err == nil {
		t.Error("a network without sites is accepted")
	}
}
