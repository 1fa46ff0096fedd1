package dropout

import (
	"slices"

	"autodropout/simd"
)

// SpatialDropout drops whole channels of an example (Tompson et al. 2015), at
// the outputs of the batch normalisations.
type SpatialDropout struct {
	p     float64
	sites map[string]bool
	all   []Site // of the network
	tally
}

// NewSpatialDropout returns the policy that drops every channel of every
// example with probability p and divides the others by 1-p, at the Norm sites.
// It is an error when p is not in [0, 1) or the model has no such site.
func NewSpatialDropout(p float64, sites []Site) (*SpatialDropout, error) {
	if err := checkDrop(p); err != nil {
		return nil, err
	}
	at, err := sitesOf(Norm, sites)
	if err != nil {
		return nil, err
	}
	return &SpatialDropout{p: p, sites: names(at), all: slices.Clone(sites)}, nil
}

// Mask drops channels of a tensor (N, ..., C).
func (d *SpatialDropout) Mask(site string, shape []int, s Stream) Mask {
	if !d.sites[site] || d.p == 0 {
		return nil
	}
	n, cells, c := batch("dropout.SpatialDropout", shape)
	key := streamKey(site, s)
	limit := threshold(d.p)
	return func(keep []uint32) float32 {
		kept := fill(keep, n, cells*c, s, func(keep []uint32, pos int, ctr [4]uint32) {
			dropChannels(keep, pos, cells, c, limit, ctr, key)
		})
		d.add(n*cells*c, kept)
		return float32(1 / (1 - d.p))
	}
}

// dropChannels clears the bits of channels in all cells of one example.
// Channel c is dropped when word c of the example's stream is below limit.
func dropChannels(keep []uint32, pos, cells, channels int, limit uint64, ctr [4]uint32, key [2]uint32) {
	var draws [32]uint32
	for c := 0; c < channels; c += 32 {
		lanes := min(32, channels-c)
		simd.PhiloxFill(draws[:lanes], ctr, key)
		ctr[0] += 32 / 4
		var drop uint32
		for i, u := range draws[:lanes] {
			if uint64(u) < limit {
				drop |= 1 << i
			}
		}
		for i := range cells {
			clearBits(keep, pos+i*channels+c, drop)
		}
	}
}
