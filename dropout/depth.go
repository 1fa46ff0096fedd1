package dropout

import (
	"slices"

	"autodropout/autograd"
	"autodropout/ops"
	"autodropout/simd"
)

// StochasticDepth drops the whole residual branch of an example (Huang et al.
// 2016).
type StochasticDepth struct {
	keep map[string]float64
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
	d := &StochasticDepth{keep: map[string]float64{}}
	for i, s := range at {
		d.keep[s.Name] = 1 - (1-keep)*float64(i+1)/float64(len(at))
	}
	return d, nil
}

// Apply multiplies every example of x by 0 or by 1/k, where k is the
// probability of keeping the branch.
func (d *StochasticDepth) Apply(site string, x *autograd.Tensor, s Stream) *autograd.Tensor {
	k, ok := d.keep[site]
	if !ok || k == 1 {
		return x
	}
	key := streamKey(site, s)
	scales := make([]float32, x.Dim(0))
	for i := range scales {
		u := simd.Philox(counter(s.Example+uint64(i)), key)[0]
		if uint64(u) < threshold(k) {
			scales[i] = float32(1 / k)
		}
	}
	return ops.ScaleExamples(x, scales)
}
