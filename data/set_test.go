package data

import (
	"bytes"
	"math"
	"slices"
	"testing"
)

// tinySet returns n images of 4x4 pixels in three classes; image i has value i
// everywhere, so that images can be recognised.
func tinySet(n int) *Set {
	s := &Set{Name: "tiny", Height: 4, Width: 4, Classes: []string{"a", "b", "c"}}
	for i := range n {
		s.Images = append(s.Images, bytes.Repeat([]uint8{uint8(i)}, 4*4*Channels)...)
		s.Labels = append(s.Labels, uint8(i%3))
	}
	s.setMoments()
	return s
}

// members returns which image of a tinySet each image of s is.
func members(s Source) []int {
	var ids []int
	for i := range s.Len() {
		m, _ := s.Load(i)
		ids = append(ids, int(m.Pix[0]))
	}
	return ids
}

func TestTakeIsBalancedAndDisjoint(t *testing.T) {
	s := tinySet(90)
	taken, rest, err := Take(s, 1, 4)
	if err != nil {
		t.Fatal(err)
	}
	if taken.Len() != 12 || rest.Len() != 78 {
		t.Fatalf("taken %d, rest %d; want 12 and 78", taken.Len(), rest.Len())
	}
	for class, n := range counts(taken) {
		if n != 4 {
			t.Errorf("class %d was taken %d times, want 4", class, n)
		}
	}
	all := append(members(taken), members(rest)...)
	slices.Sort(all)
	for i, id := range all {
		if id != i {
			t.Fatalf("image %d is missing or doubled", i)
		}
	}
	if !slices.IsSorted(members(taken)) || !slices.IsSorted(members(rest)) {
		t.Error("the parts are not in the order of the set")
	}
	for i, id := range members(taken) {
		if taken.Label(i) != id%3 {
			t.Errorf("image %d has label %d", id, taken.Label(i))
		}
	}
	if taken.Header().Mean != s.Mean || rest.Header().Std != s.Std {
		t.Error("a part is normalised differently from the whole")
	}
}

func TestTakeDependsOnTheSeedOnly(t *testing.T) {
	s := tinySet(90)
	a, _, _ := Take(s, 1, 4)
	b, _, _ := Take(s, 1, 4)
	c, _, _ := Take(s, 2, 4)
	if !slices.Equal(members(a), members(b)) {
		t.Error("the same seed takes different images")
	}
	if slices.Equal(members(a), members(c)) {
		t.Error("different seeds take the same images")
	}
}

func TestTakeRefusesTooMany(t *testing.T) {
	s := tinySet(8) // class c has two images
	if _, _, err := Take(s, 1, 3); err == nil || err.Error() != `data: cannot take 3 images per class of tiny: class "c" has only 2` {
		t.Errorf("got %v", err)
	}
	if _, _, err := Take(s, 1, 0); err == nil {
		t.Error("taking none is accepted")
	}
}

// Sizes of presets are at most: whatever the data, a part is found.
func TestAtMost(t *testing.T) {
	s := tinySet(91) // a has 31 images, the others 30
	for _, c := range []struct {
		size     int
		fraction float64
		want     []int
	}{
		{12, 1, []int{4, 4, 4}}, {14, 1, []int{4, 4, 4}}, {92, 1, []int{30, 30, 30}}, {93, 1, []int{31, 30, 30}},
		{1000, 1, []int{31, 30, 30}}, {1000, 0.5, []int{15, 15, 15}}, {90, 0.5, []int{30, 15, 15}}, {75, 0.5, []int{25, 25, 25}},
	} {
		taken, rest, err := AtMost(s, 1, c.size, c.fraction)
		if err != nil {
			t.Fatal(err)
		}
		if got := counts(taken); !slices.Equal(got, c.want) || taken.Len()+rest.Len() != 91 {
			t.Errorf("of at most %d images and %v of a class, %v are taken and %d left, want %v", c.size, c.fraction, got, rest.Len(), c.want)
		}
	}
	same, _, err := Take(s, 1, 4)
	if err != nil {
		t.Fatal(err)
	}
	if taken, _, _ := AtMost(s, 1, 13, 1); !slices.Equal(members(taken), members(same)) {
		t.Error("Take and AtMost pick different images")
	}
	if _, _, err := AtMost(s, 1, 2, 1); err == nil {
		t.Error("two images of three classes are taken")
	}
}

func TestHoldOut(t *testing.T) {
	train, valid, err := HoldOut(tinySet(90), 3, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 81 || valid.Len() != 9 {
		t.Fatalf("train %d, valid %d; want 81 and 9", train.Len(), valid.Len())
	}
	for class, n := range counts(valid) {
		if n != 3 {
			t.Errorf("class %d was held out %d times, want 3", class, n)
		}
	}
	for _, fraction := range []float64{0, 1, -1, 0.001, math.NaN()} {
		if _, _, err := HoldOut(tinySet(90), 3, fraction); err == nil {
			t.Errorf("a fraction of %v is accepted", fraction)
		}
	}
}

func counts(s Source) []int {
	n := make([]int, len(s.Header().Classes))
	for i := range s.Len() {
		n[s.Label(i)]++
	}
	return n
}

func TestMoments(t *testing.T) {
	s := &Set{Images: []uint8{0, 10, 7, 255, 30, 7}}
	s.setMoments()
	want := [Channels][2]float64{{0.5, 0.5}, {20. / 255, 10. / 255}, {7. / 255, 1}}
	for c, w := range want {
		if math.Abs(float64(s.Mean[c])-w[0]) > 1e-6 || math.Abs(float64(s.Std[c])-w[1]) > 1e-6 {
			t.Errorf("channel %d: mean %v, std %v; want %v", c, s.Mean[c], s.Std[c], w)
		}
	}
}
