package dropout

import (
	"slices"

	"autodropout/simd"
)

// StochasticDepth drops the whole residual branch of an example (Huang et al.
// 2016).
type StochasticDepth struct {
	keep map[string]float64
	all  []Site // of the network
}

// NewStochasticDepth returns the policy that keeps the l-th of L residual
// branches with probability 1-(1-keep)·l/L, the last one with keep, and
// divides what it keeps by that probability. It acts at the Branch sites. It
// is an error when keep is not in (0, 1] or the model has no such site.
func NewStochasticDepth(keep float64, sites []Site) (*StochasticDepth, error) {
	if err := checkKeep(keep); err != nil {
		return nil, err
	}
	at, err := sitesOf(Branch, sites)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(at, func(a, b Site) int {
		return slices.Compare([]int{a.Stage, a.Block}, []int{b.Stage, b.Block})
	})
	d := &StochasticDepth{keep: map[string]float64{}, all: slices.Clone(sites)}
	for i, s := range at {
		d.keep[s.Name] = 1 - (1-keep)*float64(i+1)/float64(len(at))
	}
	return d, nil
}

// Mask drops whole examples of a tensor (N, ..., C). Its factor is 1/k, where k
// is the probability of keeping the branch.
func (d *StochasticDepth) Mask(site string, shape []int, s Stream) Mask {
	k, ok := d.keep[site]
	if !ok || k == 1 {
		return nil
	}
	n, cells, c := batch("dropout.StochasticDepth", shape)
	key := streamKey(site, s)
	limit := threshold(k)
	return func(keep []uint32) float32 {
		fill(keep, n, cells*c, s, func(keep []uint32, pos int, ctr [4]uint32) {
			if uint64(simd.Philox(ctr, key)[0]) >= limit {
				clearRange(keep, pos, cells*c)
			}
		})
		return float32(1 / k)
	}
}
