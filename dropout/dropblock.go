package dropout

import (
	"fmt"
	"math"
	"slices"

	"autodropout/simd"
)

// DropBlock drops square blocks of each channel (Ghiasi, Lin and Le 2018), as
// in its authors' ResNet code, at the outputs of the batch normalisations.
type DropBlock struct {
	size  int
	keep  float64
	sites map[string]float64 // the share of 1-keep that a site's group has
	all   []Site             // of the network
	tally
}

// NewDropBlock returns the policy that drops blocks of size x size cells, or
// of the whole map where that is smaller, at the Norm sites. In the last of G
// stages keep is, about, the fraction that stays at the end of the training; in
// stage g from 1 it is 1-(1-keep)/4^(G-g), and during training it falls from 1
// linearly with Stream.Progress. It is an error when size is not positive,
// keep is not in (0, 1], or the model has no such site.
func NewDropBlock(size int, keep float64, sites []Site) (*DropBlock, error) {
	if size < 1 {
		return nil, fmt.Errorf("the size of a dropped block must be at least 1 cell, not %d", size)
	}
	if err := checkKeep(keep); err != nil {
		return nil, err
	}
	at, err := sitesOf(Norm, sites)
	if err != nil {
		return nil, err
	}
	d := &DropBlock{size: size, keep: keep, sites: map[string]float64{}, all: slices.Clone(sites)}
	for _, s := range at {
		d.sites[s.Name] = math.Pow(4, float64(s.Stage+1-s.Stages))
	}
	return d, nil
}

// Mask drops blocks of a tensor (N, H, W, C); its factor is 1 over the share of
// elements kept.
func (d *DropBlock) Mask(site string, shape []int, s Stream) Mask {
	drop := (1 - d.keep) * d.sites[site] * min(max(s.Progress, 0), 1)
	if drop == 0 {
		return nil
	}
	n, h, w, c := imageAxes("dropout.DropBlock", shape)
	blocks := newBlockSeeds(d.size, drop, h, w, c)
	key := streamKey(site, s)
	return func(keep []uint32) float32 {
		kept := fill(keep, n, h*w*c, s, func(keep []uint32, pos int, ctr [4]uint32) {
			blocks.drop(keep, pos, ctr, key)
		})
		return d.rescale(keep, n*h*w*c, kept)
	}
}

// blockSeeds draws where the blocks of DropBlock begin: in every channel, at
// each place where a block fits, with probability gamma.
type blockSeeds struct {
	size, width, channels int
	columns, places       int     // where a block fits: in a row, and in an example's channels together
	logKeep               float64 // log(1-gamma)
}

func newBlockSeeds(size int, drop float64, h, w, c int) blockSeeds {
	size = min(size, h, w)
	rows, columns := h-size+1, w-size+1
	gamma := drop * float64(h*w) / float64(size*size) / float64(rows*columns)
	return blockSeeds{size: size, width: w, channels: c, columns: columns, places: rows * columns * c, logKeep: math.Log1p(-min(gamma, 1))}
}

// drop clears the blocks of one example. Seeds are rare, so it draws the
// distance to the next one, which is geometrically distributed.
func (b blockSeeds) drop(keep []uint32, pos int, ctr [4]uint32, key [2]uint32) {
	var draws [64]uint32
	used := len(draws)
	for place := 0; ; place++ {
		if used == len(draws) {
			simd.PhiloxFill(draws[:], ctr, key)
			ctr[0] += uint32(len(draws) / 4)
			used = 0
		}
		u := (float64(draws[used]) + 0.5) / (1 << 32)
		used++
		gap := math.Log(u) / b.logKeep
		if gap >= float64(b.places-place) {
			return
		}
		place += int(gap)
		corner, channel := place/b.channels, place%b.channels
		b.clear(keep, pos+(corner/b.columns*b.width+corner%b.columns)*b.channels+channel)
	}
}

// clear drops the block whose first cell has bit pos.
func (b blockSeeds) clear(keep []uint32, pos int) {
	for y := range b.size {
		for x := range b.size {
			at := pos + (y*b.width+x)*b.channels
			keep[at/32] &^= 1 << (at % 32)
		}
	}
}
