package dropout

import (
	"fmt"
	"math"
)

// HandMade is hand-made dropout that is a pattern of a [WideSpace] too.
type HandMade interface {
	Policy
	// Pattern returns the pattern whose masks have the distribution of the policy's. The
	// pattern rescales by the kept share of a batch, while the policy may rescale by the
	// expected share. It is an error if the policy's sites are not those of a whole
	// network, or drop more than a pattern can.
	Pattern() (Pattern, error)
}

// perBlock returns the pattern that has in each block what of says about its first site
// of a kind; a block without such a site drops nothing.
func perBlock(sites []Site, kind Kind, of func(s Site) BlockPattern) (Pattern, error) {
	blocks, err := blocksOf(sites)
	if err != nil {
		return nil, err
	}
	p := &ConvPattern{}
	for s, n := range blocks {
		p.Stages = append(p.Stages, make([]BlockPattern, n))
		for i := range n {
			p.Stages[s][i] = BlockPattern{Stride: 1, Repeat: 1}
		}
	}
	for _, site := range sites {
		if site.Kind != kind {
			continue
		}
		if site.Kind == Features {
			site.Stage = len(blocks) - 1
			site.Block = blocks[site.Stage] - 1
		} else if site.Blocks == 0 {
			continue
		}
		b := of(site)
		b.Stride, b.Repeat, b.Place = 1, 1, kind
		const digits = 1e9 // 1-0.95 is 0.05 to these
		b.Scatter = math.Round(b.Scatter*digits) / digits
		if b.Scatter == 0 {
			b = BlockPattern{Stride: 1, Repeat: 1}
		}
		p.Stages[site.Stage][site.Block] = b
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("no pattern is this dropout: %w", err)
	}
	return p, nil
}

// Pattern implements [HandMade]: single cells are scattered.
func (d *Dropout) Pattern() (Pattern, error) {
	kind := Hidden
	if _, err := sitesOf(Hidden, d.all); err != nil {
		kind = Features
	}
	return perBlock(d.all, kind, func(Site) BlockPattern {
		return BlockPattern{Size: 1, Cells: 1, Scatter: d.p}
	})
}

// Pattern implements [HandMade]: blocks of the whole map are scattered.
func (d *SpatialDropout) Pattern() (Pattern, error) {
	return perBlock(d.all, Norm, func(Site) BlockPattern { return BlockPattern{Size: 1, Scatter: d.p} })
}

// Pattern implements [HandMade]: blocks are scattered, the more the longer the training
// and the later the stage.
func (d *DropBlock) Pattern() (Pattern, error) {
	return perBlock(d.all, Norm, func(s Site) BlockPattern {
		return BlockPattern{Size: 1, Cells: d.size, Scatter: (1 - d.keep) * d.sites[s.Name], Schedule: Up}
	})
}

// Pattern implements [HandMade]: blocks of the whole map, in all channels, are scattered
// at the end of the residual branch.
func (d *StochasticDepth) Pattern() (Pattern, error) {
	return perBlock(d.all, Branch, func(s Site) BlockPattern {
		return BlockPattern{Size: 1, ShareC: true, Scatter: 1 - d.keep[s.Name]}
	})
}

// Pattern implements [HandMade].
func (d *SequenceDropout) Pattern() (Pattern, error) {
	p := &SequencePattern{Outside: true}
	for i := range p.Places {
		p.Places[i].Size = 1
	}
	for _, site := range d.sites {
		for i, kind := range places {
			if kind == site.kind {
				p.Places[i] = site.pattern
			}
		}
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("no pattern is this dropout: %w", err)
	}
	return p, nil
}
