package dropout

import (
	"slices"

	"autodropout/simd"
)

// Dropout drops single elements (Srivastava et al. 2014), in Wide ResNets
// between the two convolutions of a block, in networks without such a place
// before the classifier.
type Dropout struct {
	threshold uint16 // of 65536
	p         float64
	sites     map[string]bool
	all       []Site // of the network
	tally
}

// NewDropout returns the policy that drops every element with probability p,
// rounded to a multiple of 1/65536, at the Hidden sites, or at Features if there
// are none. The others are divided by the probability of keeping one. It is an
// error when p is not in [0, 1) or the model has no such site.
func NewDropout(p float64, sites []Site) (*Dropout, error) {
	if err := checkDrop(p); err != nil {
		return nil, err
	}
	at, err := sitesOf(Hidden, sites)
	if err != nil {
		var none error
		if at, none = sitesOf(Features, sites); none != nil {
			return nil, err
		}
	}
	return &Dropout{threshold: threshold16(p), p: p, sites: names(at), all: slices.Clone(sites)}, nil
}

// Mask drops elements of a tensor (N, ..., C).
func (d *Dropout) Mask(site string, shape []int, s Stream) Mask {
	if !d.sites[site] || d.threshold == 0 {
		return nil
	}
	n, cells, c := batch("dropout.Dropout", shape)
	size := cells * c
	key := streamKey(site, s)
	return func(keep []uint32) float32 {
		kept := fill(keep, n, size, s, func(keep []uint32, pos int, ctr [4]uint32) {
			dropElements(keep, pos, size, d.threshold, ctr, key)
		})
		d.add(n*size, kept)
		return float32(65536 / (65536 - float64(d.threshold)))
	}
}

// dropElements clears size bits of keep from bit pos on with probability
// threshold/65536 each, all of which are set before.
func dropElements(keep []uint32, pos, size int, threshold uint16, ctr [4]uint32, key [2]uint32) {
	if size%32 == 0 { // so is pos
		simd.BernoulliBits(keep[pos/32:], size, threshold, key, ctr)
		return
	}
	eachNoise(size, threshold, ctr, key, func(first int, dropped uint32) { clearBits(keep, pos+first, dropped) })
}

// eachDropped draws so many bits of noise, of which each drops with the probability of
// the threshold, and calls visit for those that drop, in order.
func eachDropped(size int, threshold uint16, ctr [4]uint32, key [2]uint32, visit func(i int)) {
	eachNoise(size, threshold, ctr, key, func(first int, dropped uint32) {
		eachBit([]uint32{dropped}, func(i int) { visit(first + i) })
	})
}

// eachNoise draws so many bits of noise and calls visit for each 32 of them, the last
// fewer, with the index of the first and those that drop.
func eachNoise(size int, threshold uint16, ctr [4]uint32, key [2]uint32, visit func(first int, dropped uint32)) {
	var noise [64]uint32
	for first := 0; first < size; first += 32 * len(noise) {
		n := min(32*len(noise), size-first)
		words := noise[:(n+31)/32]
		simd.BernoulliBits(words, n, threshold, key, ctr)
		ctr[0] += 4 * uint32(len(noise))
		for i, w := range words {
			lanes := min(32, n-32*i)
			visit(first+32*i, ^w&uint32(1<<lanes-1))
		}
	}
}
