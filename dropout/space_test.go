package dropout

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestConvSpaceSize(t *testing.T) {
	space := ConvSpace([]int{4, 4, 4}) // WRN-28
	group := big.NewInt(9 * 8 * 8 * 6 * 7 * 7 * 2 * 2)
	if want := new(big.Int).Exp(group, big.NewInt(12), nil); space.Size().Cmp(want) != 0 {
		t.Errorf("size is %v, want %v", space.Size(), want)
	}
	if space.Decisions() != 96 {
		t.Errorf("%d decisions, want 96", space.Decisions())
	}
	order := []string{"size", "stride", "repeat", "rotate", "shear_x", "shear_y", "share_c", "residual"}
	for i := range space.Decisions() {
		if got := space.Choice(i).Name; got != order[i%8] {
			t.Errorf("decision %d is %s, want %s", i, got, order[i%8])
		}
	}
	if s := space.String(); !strings.Contains(s, "12 groups of 8 choices") || !strings.Contains(s, "9.33e+69") {
		t.Errorf("String is %q", s)
	}
}

func TestSpaceCheck(t *testing.T) {
	space := ConvSpace([]int{1, 1})
	good := make([]int, 16)
	if err := space.Check(good); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		point []int
		want  string
	}{
		{good[:15], "takes 16 choices (2 groups of 8), not 15"},
		{append(slices.Clone(good[:8]), 9, 0, 0, 0, 0, 0, 0, 0), "choice 8 (size of group 1) is 9; it must be from 0 to 8"},
		{append(slices.Clone(good[:15]), -1), "choice 15 (residual of group 1) is -1"},
	} {
		if err := space.Check(c.point); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Check(%v) = %v, want %q", c.point, err, c.want)
		}
	}
}

func TestSpaceWith(t *testing.T) {
	space := ConvSpace([]int{1, 1})
	upright := space.With("rotate", 0)
	point := make([]int, upright.Decisions())
	pattern, err := DecodeConv(upright, point)
	if err != nil || pattern.Stages[1][0].Rotate != 0 {
		t.Errorf("the pattern is %+v, error %v", pattern, err)
	}
	point[3] = 1 // rotate of the first block
	if _, err := DecodeConv(space, point); err != nil {
		t.Errorf("the whole space has changed: %v", err)
	}
	if _, err := DecodeConv(upright, point); err == nil {
		t.Error("a space without rotation has one")
	}
	defer func() {
		if recover() == nil {
			t.Error("a choice that is not in the space does not panic")
		}
	}()
	space.With("colour", 0)
}

func TestDecodeEncode(t *testing.T) {
	space := ConvSpace([]int{1, 2})
	point := []int{
		0, 0, 0, 0, 0, 0, 0, 0,
		2, 3, 7, 2, 1, 4, 1, 0,
		8, 7, 1, 5, 6, 3, 0, 1,
	}
	p := decode(t, space, point)
	want := [][]BlockPattern{
		{{Size: 0, Stride: 0.125, Repeat: 1, ShearX: -0.3, ShearY: -0.3}},
		{
			{Size: 0.25, Stride: 0.5, Repeat: 8, Rotate: 30, ShearX: -0.2, ShearY: 0.1, ShareC: true},
			{Size: 1, Stride: 1, Repeat: 2, Rotate: 75, ShearX: 0.3, ShearY: 0, Residual: true},
		},
	}
	for s := range want {
		if !slices.Equal(p.Stages[s], want[s]) {
			t.Errorf("stage %d is %v, want %v", s, p.Stages[s], want[s])
		}
	}
	back, err := EncodeConv(space, p)
	if err != nil || !slices.Equal(back, point) {
		t.Errorf("EncodeConv = %v, %v, want %v", back, err, point)
	}
	p.Stages[1][0].Size = 0.3
	if _, err := EncodeConv(space, p); err == nil || !strings.Contains(err.Error(), "stages[1][0].size is 0.3, which is not on the grid") {
		t.Errorf("EncodeConv of a value off the grid: %v", err)
	}
	if _, err := EncodeConv(ConvSpace([]int{2, 1}), p); err == nil {
		t.Error("EncodeConv took a pattern for other blocks")
	}
}

func TestDecodeConvRefuses(t *testing.T) {
	if _, err := DecodeConv(ConvSpace([]int{1}), []int{1}); err == nil {
		t.Error("DecodeConv took too few point")
	}
	if _, err := DecodeConv(Space{Name: "other"}, nil); err == nil {
		t.Error("DecodeConv took another space")
	}
}

// TestShuffle: every group moves, everywhere it can, and nothing else changes.
func TestShuffle(t *testing.T) {
	space := ConvSpace([]int{1, 3})
	rng := rand.New(rand.NewPCG(1, 2))
	point := space.Draw(nil, rng)
	whole := slices.Clone(point)
	groups := slices.Collect(slices.Chunk(whole, 8))
	seen := map[[2]int]int{}
	for range 300 {
		for to, group := range slices.Collect(slices.Chunk(space.Shuffle(point, rng), 8)) {
			from := slices.IndexFunc(groups, func(g []int) bool { return slices.Equal(g, group) })
			seen[[2]int{from, to}]++
		}
	}
	if !slices.Equal(point, whole) {
		t.Error("the point itself has changed")
	}
	for from := range 4 {
		for to := range 4 {
			if n := seen[[2]int{from, to}]; (n > 60) == (from == to) {
				t.Errorf("group %d comes to place %d %d times of 300", from, to, n)
			}
		}
	}
	if single := ConvSpace([]int{1}); !slices.Equal(single.Shuffle(point[:8], rng), point[:8]) {
		t.Error("a single group is not the same afterwards")
	}
}
