package dropout

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// moments are sums of a statistic of single examples and of its squares.
type moments struct{ n, sum, square float64 }

func (m *moments) add(v float64) { m.n, m.sum, m.square = m.n+1, m.sum+v, m.square+v*v }

func (m *moments) mean() float64 { return m.sum / m.n }

// error returns the variance of the mean.
func (m *moments) variance() float64 {
	return max(0, m.square/m.n-m.mean()*m.mean()) / (m.n - 1)
}

// together returns, for the share dropped and for each offset between two elements, one
// number for each axis, how often both are dropped; an offset of nil is the same element
// in the next step.
func together(p Policy, site string, shape []int, offsets [][]int, steps int, seed uint64, progress float64) map[string]*moments {
	size := 1
	for _, n := range shape[1:] {
		size *= n
	}
	stats := map[string]*moments{"share": {}}
	for _, o := range offsets {
		stats[fmt.Sprint(o)] = &moments{}
	}
	draw := func(step int) []bool {
		return kept(p, site, Stream{Seed: seed, Step: uint64(step), Progress: progress}, shape...)
	}
	next := draw(0)
	for step := range steps {
		now := next
		next = draw(step + 1)
		for e := range shape[0] {
			share := 0.0
			for i := range size {
				share += indicator(!now[e*size+i])
			}
			stats["share"].add(share / float64(size))
			for _, o := range offsets {
				other, ok := now, true
				if o == nil {
					other = next
				}
				both, pairs := 0.0, 0.0
				at := make([]int, len(shape))
				at[0] = e
				for i := range size {
					rest := i
					for axis := len(shape) - 1; axis > 0; axis-- {
						at[axis], rest = rest%shape[axis], rest/shape[axis]
					}
					j := 0
					for axis, n := range shape {
						to := at[axis]
						if o != nil {
							to += o[axis]
						}
						if ok = to < n; !ok {
							break
						}
						j = j*n + to
					}
					if ok {
						pairs++
						both += indicator(!now[e*size+i] && !other[j])
					}
				}
				if pairs > 0 {
					stats[fmt.Sprint(o)].add(both / pairs)
				}
			}
		}
	}
	return stats
}

// samePoint demands that hand-made dropout is a point of the wide space of its sites,
// and that the point's masks have the same distribution at every site.
func samePoint(t *testing.T, made HandMade, sites []Site, shapeOf func(Site) []int) {
	t.Helper()
	pattern, err := made.Pattern()
	if err != nil {
		t.Fatal(err)
	}
	wide, err := WideSpace(sites)
	space, err2 := must(t, wide, err).Including(pattern)
	space = must(t, space, err2)
	point, err := Encode(space, pattern)
	point = must(t, point, err)
	decoded, err := Decode(space, point)
	if decoded = must(t, decoded, err); !reflect.DeepEqual(decoded, pattern) {
		t.Fatalf("the point stands for\n%v\nwant\n%v", decoded, pattern)
	}
	policy, err := decoded.Policy(sites)
	policy = must(t, policy, err)
	acting := 0
	for _, site := range sites {
		shape := shapeOf(site)
		axes := len(shape)
		var offsets [][]int
		for axis := range axes {
			o := make([]int, axes)
			o[axis] = 1
			offsets = append(offsets, o)
		}
		if axes == 4 {
			offsets = append(offsets, []int{0, 2, 2, 0}, []int{0, 2, 2, 1})
		}
		offsets = append(offsets, nil)
		for _, progress := range []float64{0, 0.5, 1} {
			s := Stream{Progress: progress}
			if a, b := acts(made, site.Name, s, shape...), acts(policy, site.Name, s, shape...); a != b {
				t.Errorf("%s at progress %g: made by hand it acts: %v, the point: %v", site.Name, progress, a, b)
			} else if !a {
				continue
			}
			acting++
			const steps = 2
			want := together(made, site.Name, shape, offsets, steps, 1, progress)
			got := together(policy, site.Name, shape, offsets, steps, 2, progress)
			for what, w := range want {
				g := got[what]
				rounding := 0.01*w.mean() + 1e-5 // probabilities are multiples of 1/65536
				if diff := math.Abs(g.mean() - w.mean()); diff > 5*math.Sqrt(g.variance()+w.variance())+rounding {
					t.Errorf("%s at progress %g, %s: %.5f dropped by the point, %.5f made by hand, deviation %.5f", site.Name, progress, what, g.mean(), w.mean(), math.Sqrt(g.variance()+w.variance()))
				}
			}
		}
	}
	if acting == 0 {
		t.Error("it acts nowhere")
	}
}

// TestHandMadeImagesArePoints: one row each.
func TestHandMadeImagesArePoints(t *testing.T) {
	sites := testSites(1, 1, 1)
	unhidden := slices.DeleteFunc(testSites(1, 1), func(s Site) bool { return s.Kind == Hidden })
	unhidden = append(unhidden, Site{Name: "features", Kind: Features})
	maps := func(s Site) []int {
		if s.Kind == Features {
			return []int{400, 10}
		}
		return []int{120, 9 - s.Stage, 8 - s.Stage, 3}
	}
	for name, c := range map[string]struct {
		make  func(sites []Site) (HandMade, error)
		sites []Site
	}{
		"Dropout":                       {func(s []Site) (HandMade, error) { return NewDropout(0.15, s) }, sites},
		"Dropout before the classifier": {func(s []Site) (HandMade, error) { return NewDropout(0.3, s) }, unhidden},
		"SpatialDropout":                {func(s []Site) (HandMade, error) { return NewSpatialDropout(0.2, s) }, sites},
		"DropBlock":                     {func(s []Site) (HandMade, error) { return NewDropBlock(5, 0.7, s) }, sites},
		"DropBlock of an even side":     {func(s []Site) (HandMade, error) { return NewDropBlock(4, 0.85, s) }, sites},
		"DropBlock of whole maps":       {func(s []Site) (HandMade, error) { return NewDropBlock(9, 0.8, s) }, sites},
		"stochastic depth":              {func(s []Site) (HandMade, error) { return NewStochasticDepth(0.6, s) }, sites},
	} {
		t.Run(name, func(t *testing.T) {
			made, err := c.make(c.sites)
			if err != nil {
				t.Fatal(err)
			}
			samePoint(t, made, c.sites, maps)
		})
	}
}

// TestHandMadeSequencesArePoints: both rows, with other rates everywhere.
func TestHandMadeSequencesArePoints(t *testing.T) {
	sites := sequenceSites(1)
	rates := SequenceRates{Words: 0.1, Input: 0.2, Attention: 0.15, Projection: 0.3, Probability: 0.12, Inner: 0.25, Output: 0.35, Final: 0.45}
	plain := rates
	plain.Plain = true
	shapes := func(s Site) []int {
		switch s.Kind {
		case Words:
			return []int{700, 6}
		case Probability:
			return []int{120, 2, 3, 6}
		}
		return []int{120, 7, 6}
	}
	for name, r := range map[string]SequenceRates{"Dropout": plain, "variational dropout": rates, "half of it": rates.Times(0.5), "in the middle only": {Attention: 0.2}} {
		t.Run(name, func(t *testing.T) {
			made, err := NewSequenceDropout(r, sites)
			samePoint(t, must(t, made, err), sites, shapes)
		})
	}
}

// Most of the wide space is not what people made: every point is a pattern that can be
// applied, saved and read.
func TestWideSpaceIsWhole(t *testing.T) {
	for name, sites := range map[string][]Site{"images": testSites(2, 1), "sequences": sequenceSites(1)} {
		space, err := WideSpace(sites)
		space = must(t, space, err)
		paper, err := PaperSpace(sites)
		paper = must(t, paper, err)
		rng := rand.New(rand.NewPCG(7, 8))
		for range 200 {
			pattern, err := Decode(space, space.Draw(nil, rng))
			pattern = must(t, pattern, err)
			policy, err := pattern.Policy(sites)
			policy = must(t, policy, err)
			for _, site := range sites {
				shape := []int{3, 6, 5, 4}
				if site.Kind == Words {
					shape = []int{20, 4}
				} else if name == "sequences" && site.Kind != Probability {
					shape = []int{3, 6, 5}
				}
				for _, v := range apply(policy, site.Name, Stream{Progress: 0.6}, shape...) {
					if v != 0 && !(v >= 1) {
						t.Fatalf("%s: %v\nmakes %g of 1 at %s", name, pattern, v, site.Name)
					}
				}
			}
			data, err := pattern.(interface{ MarshalJSON() ([]byte, error) }).MarshalJSON()
			back, err2 := ParsePattern(must(t, data, err))
			if back = must(t, back, err2); !reflect.DeepEqual(back, pattern) {
				t.Fatalf("%s: %v\nwas read as\n%v", name, pattern, back)
			}
			// A point of the paper's space is one of the wide space's, of images.
			if small, err := Decode(paper, paper.Draw(nil, rng)); name == "images" {
				if _, err := Encode(space, must(t, small, err)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
