package dropout

import (
	"slices"
	"strings"
	"testing"
)

// numbered returns a pattern whose blocks can be told apart by Repeat.
func numbered(blocks ...int) *ConvPattern {
	p := uniformPattern(BlockPattern{Size: 0.5, Stride: 0.5}, blocks...)
	n := 0
	for _, stage := range p.Stages {
		for i := range stage {
			n++
			stage[i].Repeat = n
		}
	}
	return p
}

func TestResize(t *testing.T) {
	for _, c := range []struct {
		from, to int
		want     []int // which block, from 1
	}{
		{4, 4, []int{1, 2, 3, 4}},
		{4, 1, []int{1}},
		{1, 3, []int{1, 1, 1}},
		{4, 2, []int{1, 4}},
		{2, 4, []int{1, 1, 2, 2}},
		{4, 3, []int{1, 2, 4}}, // halfway between 2 and 3: the earlier one
		{2, 3, []int{1, 1, 2}},
		{4, 6, []int{1, 2, 2, 3, 3, 4}},
		{6, 4, []int{1, 3, 4, 6}},
	} {
		p, err := numbered(c.from, 1).Resize([]int{c.to, 1})
		p = must(t, p, err)
		var got []int
		for _, b := range p.Stages[0] {
			got = append(got, b.Repeat)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d blocks on %d: %v, want %v", c.from, c.to, got, c.want)
		}
		if p.Stages[1][0].Repeat != c.from+1 {
			t.Errorf("%d blocks on %d: the next stage has block %d", c.from, c.to, p.Stages[1][0].Repeat)
		}
	}
}

func TestResizeKeepsOrigin(t *testing.T) {
	p := numbered(2)
	p.Origin.Task = "cifar10"
	q, err := p.Resize([]int{3})
	if must(t, q, err).Origin != p.Origin {
		t.Error("Resize lost the origin")
	}
}

func TestResizeRefuses(t *testing.T) {
	if _, err := numbered(2, 2, 2).Resize([]int{2, 2}); err == nil || !strings.Contains(err.Error(), "3 stages and the network 2") {
		t.Errorf("other number of stages: %v", err)
	}
	if _, err := numbered(2).Resize([]int{0}); err == nil {
		t.Error("Resize took a stage without blocks")
	}
}
