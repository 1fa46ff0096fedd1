package models

import (
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/ops"
)

func fastNet(residual bool) func() (layers.Model, error) {
	return func() (layers.Model, error) {
		m, err := NewFastNet(FastNetConfig{Widths: [3]int{24, 32, 40}, Residual: residual, Classes: 10, Seed: 1})
		if err != nil {
			return nil, err
		}
		return m, m.Whiten(values(5, 20, 9, 9, 3))
	}
}

func TestFastNetSizes(t *testing.T) {
	for _, c := range []struct {
		config FastNetConfig
		want   int
	}{
		// 24 biases and 1,970,432 weights, of which the published 94 % network has as many.
		{FastNetConfig{}, 24 + 9*(24*64+64*64+64*256+3*256*256) + 2*(64+256+256) + 256*10},
		{FastNetConfig{Widths: [3]int{128, 384, 512}, Residual: true}, 24 + 9*(24*128+2*128*128+128*384+2*384*384+384*512+2*512*512) + 3*(128+384+512) + 512*10},
	} {
		c.config.Classes = 10
		m, err := NewFastNet(c.config)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Params().Len(); got != c.want {
			t.Errorf("%v has %d parameters, want %d", m, got, c.want)
		}
	}
}

func TestNewFastNetRefuses(t *testing.T) {
	for _, c := range []struct {
		config FastNetConfig
		want   string
	}{
		{FastNetConfig{}, "class"},
		{FastNetConfig{Classes: 10, Widths: [3]int{64, 0, 256}}, "channel"},
		{FastNetConfig{Classes: 10, Widths: [3]int{64, 1 << 30, 256}}, "parameters"},
	} {
		if _, err := NewFastNet(c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("NewFastNet(%+v): error %v, want one with %q", c.config, err, c.want)
		}
	}
}

// Every site is where its name says: a mask there acts, on a tensor of the block's channels.
func TestFastNetSites(t *testing.T) {
	for _, residual := range []bool{false, true} {
		m, err := fastNet(residual)()
		if err != nil {
			t.Fatal(err)
		}
		net := m.(*FastNet)
		var names []string
		for _, s := range net.Sites() {
			names = append(names, s.Name)
			if s.Stages != 3 || s.Blocks != 1 || s.Block != 0 || !strings.HasPrefix(s.Name, []string{"block1", "block2", "block3"}[s.Stage]) {
				t.Errorf("site %+v", s)
			}
		}
		want := []string{"block2.norm1", "block2.norm2", "block2.hidden"}
		if residual {
			want = []string{"block2.norm1", "block2.norm2", "block2.norm3", "block2.hidden", "block2.branch", "block2.shortcut"}
		}
		if got := names[len(want) : 2*len(want)]; !slices.Equal(got, want) {
			t.Errorf("sites %v, want %v", got, want)
		}
		seen := visits{}
		tape := autograd.NewTape(net.Params())
		net.Forward(&layers.Ctx{Tape: tape, Policy: seen}, values(1, 2, 20, 20, 3))
		if len(seen) != len(names) {
			t.Errorf("dropout was asked for at %d sites of %d", len(seen), len(names))
		}
		for _, name := range names {
			stage := int(name[5] - '1')
			if want := []int{2, []int{9, 4, 2}[stage], []int{9, 4, 2}[stage], []int{24, 32, 40}[stage]}; !slices.Equal(seen[name], want) {
				t.Errorf("%s has the shape %v, want %v", name, seen[name], want)
			}
		}
	}
}

// TestFastNetRecomputesOutputs wants the same gradients in less memory, though what is
// computed again takes what is computed again: a GELU that of the normalisation before it.
func TestFastNetRecomputesOutputs(t *testing.T) {
	m, err := fastNet(true)()
	if err != nil {
		t.Fatal(err)
	}
	x := values(1, 8, 20, 20, 3)
	step := func(recompute bool) ([]float32, int) {
		tape := autograd.NewTape(m.Params())
		tape.Recompute = recompute
		y := m.Forward(&layers.Ctx{Tape: tape}, tape.Input(x.Data(), x.Shape()...))
		grads := tape.Backward(ops.CrossEntropy(y, []int{0, 1, 2, 3, 4, 5, 6, 7}, ops.CrossEntropySpec{}))
		return slices.Clone(grads), tape.Stats().Peak
	}
	want, all := step(false)
	got, less := step(true)
	if !slices.Equal(got, want) {
		t.Error("computed again, outputs give other gradients")
	}
	if less >= all {
		t.Errorf("at most %d bytes are in use, and %d without", less, all)
	}
}
