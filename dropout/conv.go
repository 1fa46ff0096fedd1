package dropout

import (
	"fmt"
	"slices"
	"sync/atomic"
)

// ConvPolicy applies a [ConvPattern]: at the outputs of a block's batch
// normalisations, and at its shortcut where the block's pattern is Residual.
type ConvPolicy struct {
	sites map[string]*convSite
	tally
}

type convSite struct {
	pattern BlockPattern
	last    atomic.Pointer[tiling] // for the map size that came last
}

// Policy returns the [*ConvPolicy] that applies the pattern to the network with
// the given sites. A network with other numbers of blocks gets the pattern as
// [ConvPattern.Resize] fits it. It is an error when the pattern has a value
// out of range, or another number of stages than the network.
func (p *ConvPattern) Policy(sites []Site) (Policy, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("dropout pattern: %w", err)
	}
	blocks, err := blocksOf(sites)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(blocks, p.Blocks()) {
		if p, err = p.Resize(blocks); err != nil {
			return nil, fmt.Errorf("dropout pattern: %w", err)
		}
	}
	policy := &ConvPolicy{sites: map[string]*convSite{}}
	for _, site := range sites {
		if site.Blocks == 0 {
			continue
		}
		b := p.Stages[site.Stage][site.Block]
		if b.Size > 0 && (site.Kind == Norm || site.Kind == Shortcut && b.Residual) {
			policy.sites[site.Name] = &convSite{pattern: b}
		}
	}
	return policy, nil
}

// Mask draws the site's pattern for a tensor (N, H, W, C).
func (p *ConvPolicy) Mask(site string, shape []int, s Stream) Mask {
	at := p.sites[site]
	if at == nil {
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
