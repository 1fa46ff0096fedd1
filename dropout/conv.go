package dropout

import (
	"fmt"
	"slices"
	"sync/atomic"

	"autodropout/simd"
)

// ConvPolicy applies a [ConvPattern]: at the place of each block's pattern, in the
// paper the outputs of its batch normalisations, and at its shortcut where the pattern
// is Residual.
type ConvPolicy struct {
	sites map[string]*convSite
	tally
}

type convSite struct {
	pattern BlockPattern
	last    atomic.Pointer[tiling] // for the map size that came last
}

// Policy returns the [*ConvPolicy] that applies the pattern to the network with the given
// sites. A network with other numbers of blocks gets the pattern as [ConvPattern.Resize]
// fits it. It is an error when the pattern has a value out of range, acts at a place of
// which the network has no site, or has another number of stages than the network. A block
// that lacks the place of its pattern drops nothing.
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
		if b := p.at(site); b.Size > 0 && (site.Kind == b.Place || site.Kind == Shortcut && b.Residual) {
			policy.sites[site.Name] = &convSite{pattern: b}
		}
	}
	for _, stage := range p.Stages {
		for _, b := range stage {
			if _, err := sitesOf(b.Place, sites); err != nil && b.Size > 0 {
				return nil, fmt.Errorf("dropout pattern: %w", err)
			}
		}
	}
	return policy, nil
}

// at returns the pattern of a site; that before the classifier belongs to the last
// block.
func (p *ConvPattern) at(site Site) BlockPattern {
	switch {
	case site.Kind == Features:
		last := p.Stages[len(p.Stages)-1]
		return last[len(last)-1]
	case site.Blocks == 0:
		return BlockPattern{}
	}
	return p.Stages[site.Stage][site.Block]
}

// Mask draws the site's pattern for a tensor (N, H, W, C), or (N, C).
func (p *ConvPolicy) Mask(site string, shape []int, s Stream) Mask {
	at := p.sites[site]
	if at == nil {
		return nil
	}
	if len(shape) == 2 {
		shape = []int{shape[0], 1, 1, shape[1]}
	}
	n, h, w, c := imageAxes("dropout.ConvPolicy", shape)
	strength := at.pattern.Schedule.strength(s.Progress)
	if strength == 0 {
		return nil
	}
	drop := at.pattern.dropper(h, w, c, strength, at.tiling)
	if drop == nil {
		return nil
	}
	key := streamKey(site, s)
	return func(keep []uint32) float32 {
		kept := fill(keep, n, h*w*c, s, func(keep []uint32, pos int, ctr [4]uint32) {
			drop(keep, pos, ctr, key)
		})
		return p.rescale(keep, n*h*w*c, kept)
	}
}

// dropper returns what clears the bits of one example in a mask of maps with so many
// channels; nil: nothing does. The grid is asked for where the pattern is one.
func (b BlockPattern) dropper(h, w, c int, strength float64, grid func(h, w int) *tiling) func(keep []uint32, pos int, ctr [4]uint32, key [2]uint32) {
	if b.Scatter > 0 {
		blocks := b.scatter(h, w, strength)
		if blocks.threshold == 0 {
			return nil
		}
		return func(keep []uint32, pos int, ctr [4]uint32, key [2]uint32) { blocks.drop(keep, pos, c, ctr, key) }
	}
	t, limit := grid(h, w), threshold(strength)
	return func(keep []uint32, pos int, ctr [4]uint32, key [2]uint32) {
		if strength == 1 || uint64(simd.Philox([4]uint32{ctr[0], 1, ctr[2], ctr[3]}, key)[0]) < limit {
			t.drop(keep, pos, c, ctr, key)
		}
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
