package flops

import (
	"math"
	"testing"

	"autodropout/models"
)

func TestConv(t *testing.T) {
	if got, want := Conv(4, 3, 5, 7), 2.0*16*9*5*7; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The 3x3 and 1x1 convolutions of WRN-10-1, which has a block in each stage and a
// shortcut of its own in two, by hand.
func TestWRN(t *testing.T) {
	stem := 1024 * 27 * 16
	first := 2 * 1024 * 9 * 16 * 16
	second := 256 * (9*16*32 + 9*32*32 + 16*32)
	third := 64 * (9*32*64 + 9*64*64 + 32*64)
	want := 3 * 2 * float64(stem+first+second+third+64*10)
	if got := WRN(10, 1, 32, 10); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Words that are read again pass through the layers and are not predicted.
func TestTransformerXL(t *testing.T) {
	c := models.TransformerXLConfig{Vocab: 100, Layers: 2, Width: 8, Heads: 2, HeadWidth: 4, Inner: 16}
	l := models.Lengths{Target: 3, Memory: 4, Extended: 2}
	word := 4*2*8*8 + 2*2*8*16 + 3*2*7*8
	text := 2*(3*5*word+2*4*2*2*8*8) + 3*3*2*8*100
	want := float64(6*text + 2*2*9*2*8*8)
	if got := TransformerXL(c, l, 6); math.Abs(got-want) > 1e-9*want {
		t.Errorf("got %v, want %v", got, want)
	}
	c.Cutoffs = []int{20, 50}
	if got, want := TransformerXL(c, l, 6), want-6*3*3*2*8*78; math.Abs(got-want) > 1e-9*want {
		t.Errorf("with a head of 22: got %v, want %v", got, want)
	}
}

// Of networks that a task names; the first is TestWRN's.
func TestTraining(t *testing.T) {
	word := 4*2*8*8 + 2*2*8*16 + 3*2*10.5*8
	layers := 2*(3*10*word+2*5*2*2*8*8) + 2*15*2*8*8
	head := 2. * 3 * 10 * 2 * 8
	small := Settings{Heads: 4, Bptt: 10, Memory: 5, Batch: 2, SearchInner: 16}
	clusters := small
	clusters.Cutoffs = []int{100, 20_000}
	for _, c := range []struct {
		network, data string
		settings      Settings
		units, epochs int
		want          float64
	}{
		{"WRN-10-1", "CIFAR-10", Settings{}, 10, 3, 30 * 75009792},
		{"WRN-10-1", "CIFAR-100", Settings{}, 1, 1, 75009792 + 3*2*64*90},
		{"WRN-10-1", "synthetic", Settings{Pixels: 8}, 1, 1, WRN(10, 1, 8, 10)},
		{"Transformer-XL-1-8", "Penn Treebank", small, 100, 2, 10 * (layers + head*10_000)},
		{"Transformer-XL-1-8", "Penn Treebank", clusters, 20, 1, layers + head*(100+1)},
		{"Transformer-XL-1-8", "another text", small, 100, 2, math.NaN()},
		{"Transformer-XL-1-8", "Penn Treebank", Settings{}, 100, 2, math.NaN()},
		{"Transformer-3-128", "Multi30k", small, 100, 2, math.NaN()},
	} {
		got := c.settings.Training(c.network, c.data, c.units, c.epochs)
		if math.IsNaN(got) != math.IsNaN(c.want) || math.Abs(got-c.want) > 1e-9*c.want {
			t.Errorf("%s on %s: got %v, want %v", c.network, c.data, got, c.want)
		}
	}
}
