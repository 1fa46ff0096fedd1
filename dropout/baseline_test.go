package dropout

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"autodropout/simd"
)

func TestDropoutFrequency(t *testing.T) {
	for _, p := range []float64{0.1, 0.3, 0.5, 0.999} {
		d, err := NewDropout(p, testSites(1))
		d = must(t, d, err)
		y := apply(d, "0.0.hidden", Stream{Step: 4}, 32, 16, 16, 32)
		actual := math.Round(p*65536) / 65536
		scale := float32(1 / (1 - actual))
		zeros := 0
		for _, v := range y {
			switch v {
			case 0:
				zeros++
			case scale:
			default:
				t.Fatalf("p %g: a one became %g, want 0 or %g", p, v, scale)
			}
		}
		near(t, fmt.Sprintf("dropped share at p %g", p), float64(zeros)/float64(len(y)), actual, len(y))
	}
}

// The mask of an example is its own random stream, also where examples do not
// fill whole words.
func TestDropoutOfOddSize(t *testing.T) {
	const n, size = 3, 5001
	d, err := NewDropout(0.5, testSites(1))
	s := Stream{Seed: 1, Example: 7}
	got := kept(must(t, d, err), "0.0.hidden", s, n, size)
	for i := range n {
		want := make([]uint32, (size+31)/32)
		simd.BernoulliBits(want, size, 1<<15, streamKey("0.0.hidden", s), counter(s.Example+uint64(i)))
		for j := range size {
			if got[i*size+j] != (want[j/32]>>(j%32)&1 == 1) {
				t.Fatalf("element %d of example %d is kept: %v", j, i, got[i*size+j])
			}
		}
	}
}

func TestZeroProbabilityIsIdentity(t *testing.T) {
	sites := testSites(1)
	dropout, err1 := NewDropout(0, sites)
	spatial, err2 := NewSpatialDropout(0, sites)
	block, err3 := NewDropBlock(3, 1, sites)
	depth, err4 := NewStochasticDepth(1, sites)
	for _, site := range sites {
		for _, p := range []Policy{must(t, dropout, err1), must(t, spatial, err2), must(t, block, err3), must(t, depth, err4)} {
			if acts(p, site.Name, Stream{Progress: 1}, 2, 4, 4, 4) {
				t.Errorf("%T acts at %s", p, site.Name)
			}
		}
	}
}

func TestSpatialDropoutDropsChannels(t *testing.T) {
	const p, n, h, w, c = 0.3, 128, 3, 5, 45
	d, err := NewSpatialDropout(p, testSites(1))
	y := apply(must(t, d, err), "0.0.norm", Stream{}, n, h, w, c)
	zeros, differ := 0, 0
	for i, v := range y {
		if i%c+32 < c && v != y[i+32] {
			differ++
		}
		first := y[i/(h*w*c)*(h*w*c)+i%c]
		if v != first || v != 0 && v != float32(1/(1-p)) {
			t.Fatalf("element %d is %g, and its channel begins with %g", i, v, first)
		}
		if v == 0 {
			zeros++
		}
	}
	near(t, "share of channels dropped", float64(zeros)/float64(len(y)), p, n*c)
	near(t, "share of channels unlike the 32nd after them", float64(differ)/(n*h*w*(c-32)), 2*p*(1-p), n*(c-32))
}

// expectedKeep is what DropBlock keeps on average when a block begins at every
// place where it fits with probability gamma.
func expectedKeep(side, size int, drop float64) float64 {
	size = min(size, side)
	places := side - size + 1
	gamma := drop * float64(side*side) / float64(size*size) / float64(places*places)
	cover := func(x int) int { return min(x, places-1) - max(0, x-size+1) + 1 }
	sum := 0.0
	for y := range side {
		for x := range side {
			sum += math.Pow(1-gamma, float64(cover(y)*cover(x)))
		}
	}
	return sum / float64(side*side)
}

func TestDropBlockKeeps(t *testing.T) {
	for _, c := range []struct{ side, size int }{{16, 7}, {16, 1}, {8, 5}, {7, 7}, {4, 7}} {
		const keep, n, channels = 0.9, 64, 64
		d, err := NewDropBlock(c.size, keep, testSites(1))
		d = must(t, d, err)
		apply(d, "0.0.norm", Stream{Progress: 1}, n, c.side, c.side, channels)
		stats := d.Stats()
		got, want := float64(stats.Kept)/float64(stats.Elements), expectedKeep(c.side, c.size, 1-keep)
		// Neighbouring cells fall together: count maps, not cells.
		if math.Abs(got-want) > 5*math.Sqrt(want*(1-want)/(n*channels)) {
			t.Errorf("block %d on %d cells keeps %g, want %g", c.size, c.side, got, want)
		}
		if math.Abs(want-keep) > 0.02 {
			t.Errorf("block %d on %d cells: gamma gives %g, far from %g", c.size, c.side, want, keep)
		}
		if c.size >= c.side && math.Abs(want-keep) > 1e-9 {
			t.Errorf("a block of the whole map keeps %g, want %g", want, keep)
		}
	}
}

// Every dropped cell belongs to a whole dropped block inside the map.
func TestDropBlockDropsWholeBlocks(t *testing.T) {
	const n, h, w, c, size = 8, 9, 12, 5, 3
	d, err := NewDropBlock(size, 0.9, testSites(1))
	y := apply(must(t, d, err), "0.0.norm", Stream{Progress: 1}, n, h, w, c)
	dropped := func(i, r, q, ch int) bool { return y[((i*h+r)*w+q)*c+ch] == 0 }
	whole := func(i, r, q, ch int) bool {
		for dr := range size {
			for dq := range size {
				if !dropped(i, r+dr, q+dq, ch) {
					return false
				}
			}
		}
		return true
	}
	alone := map[bool]int{}
	for j := range n * h * w * c {
		i, r, q, ch := j/(h*w*c), j/(w*c)%h, j/c%w, j%c
		if !dropped(i, r, q, ch) {
			continue
		}
		inBlock := false
		for top := max(0, r-size+1); top <= min(r, h-size); top++ {
			for left := max(0, q-size+1); left <= min(q, w-size); left++ {
				inBlock = inBlock || whole(i, top, left, ch)
			}
		}
		if !inBlock {
			t.Fatalf("cell (%d, %d) of channel %d is dropped alone", r, q, ch)
		}
		alone[dropped(i, r, q, (ch+1)%c)]++
	}
	if alone[false] < alone[true] {
		t.Errorf("channels are not independent: %v", alone)
	}
}

// A block that is not smaller than the map drops the whole map.
func TestDropBlockOfWholeMap(t *testing.T) {
	const n, side, c = 64, 4, 33
	d, err := NewDropBlock(7, 0.7, testSites(1))
	got := kept(must(t, d, err), "0.0.norm", Stream{Progress: 1}, n, side, side, c)
	for i, k := range got {
		if k != got[i/(side*side*c)*(side*side*c)+i%c] {
			t.Fatalf("element %d is kept: %v, unlike the first of its map", i, k)
		}
	}
}

func TestDropBlockGroupsAndSchedule(t *testing.T) {
	const keep = 0.8
	d, err := NewDropBlock(4, keep, testSites(1, 1, 1))
	d = must(t, d, err)
	for stage, share := range []float64{1. / 16, 1. / 4, 1} {
		for _, progress := range []float64{0.5, 1, 3} {
			before := d.Stats()
			apply(d, fmt.Sprintf("%d.0.norm", stage), Stream{Progress: progress}, 64, 16, 16, 64)
			after := d.Stats()
			got := float64(after.Kept-before.Kept) / float64(after.Elements-before.Elements)
			want := expectedKeep(16, 4, (1-keep)*share*min(progress, 1))
			if math.Abs(got-want) > 0.15*(1-want) {
				t.Errorf("group %d of 3 at progress %g keeps %g, want %g", stage+1, progress, got, want)
			}
		}
	}
	if acts(d, "2.0.norm", Stream{Progress: 0}, 1, 8, 8, 4) {
		t.Error("DropBlock acts at the very beginning")
	}
}

func TestStochasticDepth(t *testing.T) {
	const keep, n = 0.4, 4000
	sites := testSites(2, 1, 1)
	slices.Reverse(sites) // their order does not matter
	d, err := NewStochasticDepth(keep, sites)
	d = must(t, d, err)
	for i, site := range []string{"0.0.branch", "0.1.branch", "1.0.branch", "2.0.branch"} {
		k := 1 - (1-keep)*float64(i+1)/4
		y := apply(d, site, Stream{}, n, 2, 1, 1)
		on := 0
		for j := 0; j < len(y); j += 2 {
			if y[j] != y[j+1] || y[j] != 0 && y[j] != float32(1/k) {
				t.Fatalf("%s: example %d is %v, want 0 or %g", site, j/2, y[j:j+2], 1/k)
			}
			if y[j] != 0 {
				on++
			}
		}
		near(t, "share kept at "+site, float64(on)/n, k, n)
		if got := mean(y); math.Abs(got-1) > 0.15 {
			t.Errorf("%s: the mean of the scales is %g, want about 1", site, got)
		}
	}
}

func TestBaselinesRefuse(t *testing.T) {
	sites := testSites(1)
	for _, v := range []float64{-0.1, 1.5, math.NaN()} {
		if _, err := NewDropout(v, sites); err == nil {
			t.Errorf("Dropout took %g", v)
		}
		if _, err := NewSpatialDropout(v, sites); err == nil {
			t.Errorf("SpatialDropout took %g", v)
		}
		if _, err := NewDropBlock(7, v, sites); err == nil {
			t.Errorf("DropBlock took %g", v)
		}
		if _, err := NewStochasticDepth(v, sites); err == nil {
			t.Errorf("StochasticDepth took %g", v)
		}
	}
	if _, err := NewDropout(1, sites); err == nil {
		t.Error("Dropout took 1")
	}
	if _, err := NewStochasticDepth(0, sites); err == nil {
		t.Error("StochasticDepth took 0")
	}
	if _, err := NewDropBlock(0, 0.9, sites); err == nil {
		t.Error("DropBlock took size 0")
	}
	if _, err := NewDropout(0.5, sites[:1]); err == nil {
		t.Error("Dropout took a model without hidden sites")
	}
}
