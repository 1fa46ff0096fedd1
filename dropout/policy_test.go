package dropout

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"autodropout/autograd"
)

// allPolicies returns one policy of each kind with a site where it acts.
func allPolicies(t testing.TB) map[string]struct {
	policy Policy
	site   string
} {
	sites := testSites(2, 2, 2)
	type entry = struct {
		policy Policy
		site   string
	}
	block := BlockPattern{Size: 0.25, Stride: 0.25, Repeat: 1, Rotate: 30, Residual: true}
	shared := BlockPattern{Size: 0.25, Stride: 0.25, Repeat: 8, ShareC: true}
	conv, err1 := uniformPattern(block, 2, 2, 2).Policy(sites)
	convShared, err2 := uniformPattern(shared, 2, 2, 2).Policy(sites)
	dropout, err3 := NewDropout(0.3, sites)
	spatial, err4 := NewSpatialDropout(0.3, sites)
	dropBlock, err5 := NewDropBlock(3, 0.7, sites)
	depth, err6 := NewStochasticDepth(0.5, sites)
	for _, err := range []error{err1, err2, err3, err4, err5, err6} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return map[string]entry{
		"pattern":          {conv, "2.1.norm"},
		"shortcut":         {conv, "2.1.shortcut"},
		"shared":           {convShared, "0.1.norm"},
		"dropout":          {dropout, "1.0.hidden"},
		"spatial dropout":  {spatial, "1.0.norm"},
		"drop block":       {dropBlock, "2.0.norm"},
		"stochastic depth": {depth, "2.1.branch"},
	}
}

// kept returns which elements of a batch of ones the policy keeps.
func kept(p Policy, site string, s Stream, shape ...int) []bool {
	y := apply(p, site, s, shape...)
	out := make([]bool, len(y))
	for i, v := range y {
		out[i] = v != 0
	}
	return out
}

func TestMaskDependsOnExampleOnly(t *testing.T) {
	for name, c := range allPolicies(t) {
		for _, shape := range [][3]int{{8, 8, 32}, {5, 7, 3}, {4, 4, 48}, {4, 5, 3}} {
			t.Run(fmt.Sprint(name, shape), func(t *testing.T) {
				h, w, ch := shape[0], shape[1], shape[2]
				s := Stream{Seed: 5, Step: 9, Example: 1000, Progress: 0.9}
				const n = 37
				want := kept(c.policy, c.site, s, n, h, w, ch)
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
				for _, procs := range []int{1, 2, 8} {
					runtime.GOMAXPROCS(procs)
					var parts []bool
					for _, size := range []int{1, 20, 0, 3, 13} {
						part := s
						part.Example += uint64(len(parts) / (h * w * ch))
						parts = append(parts, kept(c.policy, c.site, part, size, h, w, ch)...)
					}
					if !slices.Equal(parts, want) {
						t.Errorf("GOMAXPROCS %d: split batches give another mask than the whole one", procs)
					}
				}
			})
		}
	}
}

func TestMaskDependsOnStream(t *testing.T) {
	for name, c := range allPolicies(t) {
		base := Stream{Seed: 5, Step: 9, Progress: 0.9}
		want := kept(c.policy, c.site, base, 64, 8, 8, 4)
		for what, s := range map[string]Stream{
			"seed":    {Seed: 6, Step: 9, Progress: 0.9},
			"step":    {Seed: 5, Step: 10, Progress: 0.9},
			"example": {Seed: 5, Step: 9, Example: 64, Progress: 0.9},
			"far":     {Seed: 5, Step: 9, Example: 1 << 32, Progress: 0.9},
		} {
			if slices.Equal(kept(c.policy, c.site, s, 64, 8, 8, 4), want) {
				t.Errorf("%s: another %s gives the same mask", name, what)
			}
		}
		if !slices.Equal(kept(c.policy, c.site, base, 64, 8, 8, 4), want) {
			t.Errorf("%s: the same stream gives another mask", name)
		}
		other := strings.Replace(c.site, "1.", "0.", 1)
		if other != c.site && slices.Equal(kept(c.policy, other, base, 64, 8, 8, 4), want) {
			t.Errorf("%s: another site has the same mask", name)
		}
	}
}

// Several children may train with one policy at the same time.
func TestPoliciesAreConcurrent(t *testing.T) {
	for name, c := range allPolicies(t) {
		want := kept(c.policy, c.site, Stream{Progress: 1}, 16, 8, 8, 8)
		var group sync.WaitGroup
		for i := range 4 {
			group.Go(func() {
				side := 8 - i%2 // two map sizes compete for the cached tiling
				got := kept(c.policy, c.site, Stream{Progress: 1}, 16, side, side, 8)
				if side == 8 && !slices.Equal(got, want) {
					t.Errorf("%s: a concurrent call has another mask", name)
				}
			})
		}
		group.Wait()
	}
}

// A policy that has seen maps of one size draws the same masks for another as
// a policy that has not.
func TestMapSizeMayChange(t *testing.T) {
	pattern := uniformPattern(BlockPattern{Size: 0.5, Stride: 0.25, Repeat: 1}, 1)
	used, err := pattern.Policy(testSites(1))
	used = must(t, used, err)
	for _, side := range [][2]int{{8, 8}, {8, 12}, {6, 12}} {
		fresh, err := pattern.Policy(testSites(1))
		fresh = must(t, fresh, err)
		if !slices.Equal(kept(used, "0.0.norm", Stream{}, 4, side[0], side[1], 3), kept(fresh, "0.0.norm", Stream{}, 4, side[0], side[1], 3)) {
			t.Errorf("maps of %v: the mask depends on the maps before", side)
		}
	}
}

// The patterns' and DropBlock's masks have the mean 1 exactly, as they divide
// by the realised keep fraction of the batch.
func TestRescaledMaskHasMeanOne(t *testing.T) {
	for name, c := range allPolicies(t) {
		for step := range uint64(5) {
			y := apply(c.policy, c.site, Stream{Step: step, Progress: 1}, 9, 8, 8, 20)
			got := mean(y)
			switch name {
			case "pattern", "shortcut", "shared", "drop block":
				if math.Abs(got-1) > 1e-6 {
					t.Errorf("%s: the mean of the rescaled mask is %g, want 1", name, got)
				}
			}
		}
	}
}

func TestPolicyActsAtItsSites(t *testing.T) {
	for name, c := range allPolicies(t) {
		at := map[Kind]bool{}
		for _, site := range append(testSites(2, 2, 2), Site{Name: "unknown"}) {
			changed := acts(c.policy, site.Name, Stream{Progress: 1}, 4, 8, 8, 8)
			if site.Blocks == 0 && changed {
				t.Errorf("%s acts outside the blocks, at %s", name, site.Name)
			}
			if site.Blocks > 0 {
				at[site.Kind] = at[site.Kind] || changed
			}
		}
		want := map[string]map[Kind]bool{
			"pattern":          {Norm: true, Shortcut: true},
			"shortcut":         {Norm: true, Shortcut: true},
			"shared":           {Norm: true},
			"dropout":          {Hidden: true},
			"spatial dropout":  {Norm: true},
			"drop block":       {Norm: true},
			"stochastic depth": {Branch: true},
		}[name]
		for _, k := range []Kind{Norm, Hidden, Branch, Shortcut} {
			if at[k] != want[k] {
				t.Errorf("%s acts at %v sites: %v, want %v", name, k, at[k], want[k])
			}
		}
	}
}

func TestSizeZeroIsIdentity(t *testing.T) {
	p := uniformPattern(BlockPattern{Size: 0, Stride: 0.5, Repeat: 8, Residual: true}, 1, 1)
	p.Stages[1][0].Size = 0.5
	policy, err := p.Policy(testSites(1, 1))
	policy = must(t, policy, err)
	for _, site := range []string{"0.0.norm", "0.0.shortcut"} {
		if acts(policy, site, Stream{}, 2, 8, 8, 4) {
			t.Errorf("size 0 acts at %s", site)
		}
	}
	if !acts(policy, "1.0.norm", Stream{}, 2, 8, 8, 4) {
		t.Error("the other block does not act")
	}
}

// A mask that drops everything is not applied, and counted.
func TestEmptyMask(t *testing.T) {
	policy, err := uniformPattern(BlockPattern{Size: 1, Stride: 0.01, Repeat: 1}, 1).Policy(testSites(1))
	policy = must(t, policy, err)
	empty := 0
	for step := range uint64(40) {
		before := policy.(*ConvPolicy).Stats().Empty
		// Pitch 2: half of all masks drop the only element.
		if y := apply(policy, "0.0.norm", Stream{Step: step}, 1, 1, 1, 1); y[0] != 1 {
			t.Errorf("step %d: 1 became %g", step, y[0])
		}
		empty += int(policy.(*ConvPolicy).Stats().Empty - before)
	}
	stats := policy.(*ConvPolicy).Stats()
	if empty < 5 || empty > 35 || stats.Masks != 40 || stats.Elements != int64(40-empty) || stats.Kept != stats.Elements {
		t.Errorf("%d empty masks, %+v", empty, stats)
	}
}

func TestStatsCountKept(t *testing.T) {
	for name, c := range allPolicies(t) {
		counted, ok := c.policy.(interface{ Stats() Stats })
		if !ok {
			continue
		}
		before := counted.Stats().Kept
		n := 0
		for _, k := range kept(c.policy, c.site, Stream{Progress: 1}, 5, 7, 7, 3) {
			if k {
				n++
			}
		}
		if got := counted.Stats().Kept - before; got != int64(n) {
			t.Errorf("%s: counted %d kept, want %d", name, got, n)
		}
	}
}

func TestConvPatternTransfers(t *testing.T) {
	small := uniformPattern(BlockPattern{Stride: 0.5, Repeat: 1}, 2, 2)
	small.Stages[0][1] = BlockPattern{Size: 0.5, Stride: 0.5, Repeat: 2}
	policy, err := small.Policy(testSites(4, 3))
	policy = must(t, policy, err)
	for site, want := range map[string]bool{"0.0.norm": false, "0.1.norm": false, "0.2.norm": true, "0.3.norm": true, "1.2.norm": false} {
		if got := acts(policy, site, Stream{}, 1, 8, 8, 4); got != want {
			t.Errorf("acts at %s: %v, want %v", site, got, want)
		}
	}
}

func TestConvPatternPolicyRefuses(t *testing.T) {
	good := uniformPattern(BlockPattern{Size: 0.5, Stride: 0.5, Repeat: 1}, 1, 1)
	bad := uniformPattern(BlockPattern{Size: math.NaN(), Stride: 0.5, Repeat: 1}, 1, 1)
	torn := testSites(1, 1)
	torn[0].Blocks = 2
	for _, c := range []struct {
		pattern *ConvPattern
		sites   []Site
		want    string
	}{
		{bad, testSites(1, 1), "stages[0][0].size must be a number from 0 to 1, not NaN"},
		{&ConvPattern{}, testSites(1, 1), "at least one stage"},
		{good, testSites(1, 1, 1), "2 stages and the network 3"},
		{good, nil, "no dropout sites in residual blocks"},
		{good, torn, "which the other sites contradict"},
	} {
		if p, err := c.pattern.Policy(c.sites); err == nil || !strings.Contains(err.Error(), c.want) || p != nil {
			t.Errorf("Policy: %v, want %q", err, c.want)
		}
	}
}

func TestRamp(t *testing.T) {
	policy, err := uniformPattern(BlockPattern{Size: 0.5, Stride: 0.5, Repeat: 2}, 2).Policy(testSites(2))
	policy = must(t, policy, err)
	policy = Ramp(policy)
	for _, progress := range []float64{0, 0.25, 1} {
		const steps = 2000
		on := 0
		for step := range uint64(steps) {
			s := Stream{Step: step, Progress: progress}
			masked := acts(policy, "0.0.norm", s, 1, 4, 4, 1)
			if masked {
				on++
			}
			if masked != acts(policy, "0.1.norm", s, 1, 4, 4, 1) {
				t.Fatal("the sites of one step disagree")
			}
		}
		near(t, fmt.Sprintf("share of steps with masks at progress %g", progress), float64(on)/steps, progress, steps)
	}
}

func TestShapeErrors(t *testing.T) {
	for name, c := range allPolicies(t) {
		func() {
			defer func() {
				if _, ok := recover().(*autograd.ShapeError); !ok {
					t.Errorf("%s: a tensor of one axis did not panic with a ShapeError", name)
				}
			}()
			c.policy.Mask(c.site, []int{3}, Stream{Progress: 1})
		}()
	}
}
