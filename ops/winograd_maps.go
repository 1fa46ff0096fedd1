package ops

import "autodropout/simd"

// winogradMaps are the transforms for one size of tiles, along each axis but for the last
// tiles of an image.
type winogradMaps struct {
	axisMaps
	kernel, kernelGrad simd.WinogradTransform
}

// axisMaps are the transforms of a tile along an axis.
type axisMaps struct {
	tile                      int // outputs
	input, output, outputGrad simd.WinogradTransform
}

var (
	winograd2 = winogradMaps{axisMaps{2, simd.WinogradInput2, simd.WinogradOutput2, simd.WinogradOutputGrad2}, simd.WinogradKernel2, simd.WinogradKernelGrad2}
	winograd4 = winogradMaps{axisMaps{4, simd.WinogradInput4, simd.WinogradOutput4, simd.WinogradOutputGrad4}, simd.WinogradKernel4, simd.WinogradKernelGrad4}

	// lastMaps are those of last tiles of winograd4, by the outputs that are left.
	lastMaps = [...]axisMaps{
		1: {2, simd.WinogradInputLast2, simd.WinogradOutputLast2, simd.WinogradOutputGradLast2},
		2: {2, simd.WinogradInputLast2, simd.WinogradOutputLast2, simd.WinogradOutputGradLast2},
		3: {3, simd.WinogradInputLast3, simd.WinogradOutputLast3, simd.WinogradOutputGradLast3},
	}
)

// axisOfTiles are the tiles of an image along an axis.
type axisOfTiles struct {
	count       int
	usual, last axisMaps
}

// at returns the maps of tile i.
func (a *axisOfTiles) at(i int) axisMaps {
	if i == a.count-1 {
		return a.last
	}
	return a.usual
}

// elements is the number of transformed elements of all tiles along the axis.
func (a *axisOfTiles) elements() int {
	all := a.usual.tile + 2
	last := all
	if head := a.last.input.Head(); head < all {
		last = head + 1
	}
	return (a.count-1)*all + last
}

const manyTiles = 64 // of an image: too many for a block of images with last tiles of their own

// newWinograd chooses the tiles that need fewer products, or else are more
// exact.
func newWinograd(s conv) *winograd {
	best := s.tiled(winograd2, false)
	for _, lastOnes := range []bool{false, true} {
		w := s.tiled(winograd4, lastOnes)
		if lastOnes && (w.tilesOfImage() > manyTiles || simd.Active() == simd.NEON) { // whose maps of last tiles are in Go
			continue
		}
		if w.down.elements()*w.across.elements() < best.down.elements()*best.across.elements() {
			best = w
		}
	}
	return &best
}

// tiled returns the convolution in tiles of one size, or with last tiles of their own.
func (s conv) tiled(maps winogradMaps, lastOnes bool) winograd {
	along := func(outputs int) axisOfTiles {
		a := axisOfTiles{ceilDiv(outputs, maps.tile), maps.axisMaps, maps.axisMaps}
		if rest := outputs % maps.tile; rest > 0 && lastOnes {
			a.last = lastMaps[rest]
		}
		return a
	}
	return winograd{conv: s, winogradMaps: maps, down: along(s.oh), across: along(s.ow)}
}

// side is the number of elements of a transformed tile along an axis.
func (s *winograd) side() int { return s.tile + 2 }

// elements is the number of elements of a transformed tile.
func (s *winograd) elements() int { return s.side() * s.side() }

// tilesOfImage is the number of tiles of an image, and tiles that of all images.
func (s *winograd) tilesOfImage() int { return s.down.count * s.across.count }
func (s *winograd) tiles() int        { return s.n * s.tilesOfImage() }

// block returns how many tiles a block of at most limit has: those of whole images, where
// last tiles have maps of their own.
func (s *winograd) block(limit int) int {
	if each := s.tilesOfImage(); s.down.last != s.down.usual || s.across.last != s.across.usual {
		limit = max(1, limit/each) * each
	}
	return min(limit, s.tiles())
}
