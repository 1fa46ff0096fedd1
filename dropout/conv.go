package dropout

import (
	"fmt"
	"slices"
	"sync/atomic"

	"autodropout/internal/seed"
)

// ConvPolicy applies a [ConvPattern]: at the outputs of a block's batch
// normalisations, and at its shortcut where the block's pattern is Residual.
type ConvPolicy struct {
	// Ramp applies the masks of a step with a probability that grows with the
	// training, from 0 to 1; one draw decides for all sites. Set it before the
	// policy is used.
	Ramp bool

	sites map[string]*convSite
	tally
}

type convSite struct {
	pattern BlockPattern
	last    atomic.Pointer[tiling] // for the map size that came last
}

// NewConvPattern returns the policy that applies pattern to the network with
// the given sites. A network with other numbers of blocks gets the pattern as
// [ConvPattern.Resize] fits it. It is an error when the pattern has a value
// out of range, or another number of stages than the network.
func NewConvPattern(pattern *ConvPattern, sites []Site) (*ConvPolicy, error) {
	if err := pattern.check(); err != nil {
		return nil, fmt.Errorf("dropout pattern: %w", err)
	}
	blocks, err := blocksOf(sites)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(blocks, pattern.Blocks()) {
		if pattern, err = pattern.Resize(blocks); err != nil {
			return nil, fmt.Errorf("dropout pattern: %w", err)
		}
	}
	p := &ConvPolicy{sites: map[string]*convSite{}}
	for _, site := range sites {
		if site.Blocks == 0 {
			continue
		}
		b := pattern.Stages[site.Stage][site.Block]
		if b.Size > 0 && (site.Kind == Norm || site.Kind == Shortcut && b.Residual) {
			p.sites[site.Name] = &convSite{pattern: b}
		}
	}
	return p, nil
}

// Policy makes the policy of [NewConvPattern].
func (p *ConvPattern) Policy(sites []Site) (Policy, error) {
	policy, err := NewConvPattern(p, sites)
	if err != nil {
		return nil, err // and not a Policy that holds a nil pointer
	}
	return policy, nil
}

// Mask draws the site's pattern for a tensor (N, H, W, C).
func (p *ConvPolicy) Mask(site string, shape []int, s Stream) Mask {
	at := p.sites[site]
	if at == nil || p.Ramp && !rampOn(s) {
		return nil
	}
	n, h, w, c := imageAxes("dropout.ConvPolicy", shape)
	t := at.tiling(h, w)
	key := streamKey(site, s)
	return func(keep []uint32) float32 {
		kept := fill(keep, n, h*w*c, s, func(keep []uint32, pos int, ctr [4]uint32) {
			t.drop(keep, pos, c, ctr, key)
		})
		return p.rescale(keep, n*h*w*c, kept)
	}
}

// rampOn draws whether a step has masks.
func rampOn(s Stream) bool {
	return seed.New(s.Seed, "dropout ramp", s.Step).Float64() < s.Progress
}

// tiling returns the site's pattern for maps of a size, which is nearly always
// the size of the call before.
func (s *convSite) tiling(height, width int) *tiling {
	t := s.last.Load()
	if t == nil || t.height != height || t.width != width {
		t = newTiling(s.pattern, height, width)
		s.last.Store(t)
	}
	return t
}
