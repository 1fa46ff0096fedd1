package ops

import (
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// winograd is a dense 3x3 convolution with stride 1 computed tile by tile, as
// [simd.WinogradTransform] says. Each of the side*side elements of the
// transformed tiles is a matrix of tiles x channels, and what was a convolution
// is a product of matrices for each element.
//
// Transformed data takes more than twice the place of the data itself. So it is
// made and used in blocks of which some fit into the second-level cache.
type winograd struct {
	conv
	winogradMaps
	down, across int // tiles of an image
}

// winogradMaps are the transforms for one size of tiles.
type winogradMaps struct {
	tile                                          int // outputs along each axis
	input, kernel, output, outputGrad, kernelGrad simd.WinogradTransform
}

var (
	winograd2 = winogradMaps{2, simd.WinogradInput2, simd.WinogradKernel2, simd.WinogradOutput2, simd.WinogradOutputGrad2, simd.WinogradKernelGrad2}
	winograd4 = winogradMaps{4, simd.WinogradInput4, simd.WinogradKernel4, simd.WinogradOutput4, simd.WinogradOutputGrad4, simd.WinogradKernelGrad4}
)

// newWinograd chooses the tiles that need fewer products, or else are more
// exact.
func newWinograd(s conv) *winograd {
	small, large := s.tiled(winograd2), s.tiled(winograd4)
	if large.tiles()*large.elements() < small.tiles()*small.elements() {
		return large
	}
	return small
}

func (s conv) tiled(maps winogradMaps) *winograd {
	return &winograd{s, maps, ceilDiv(s.oh, maps.tile), ceilDiv(s.ow, maps.tile)}
}

// side is the number of elements of a transformed tile along an axis.
func (s *winograd) side() int { return s.tile + 2 }

// elements is the number of elements of a transformed tile.
func (s *winograd) elements() int { return s.side() * s.side() }

// tiles is the number of tiles of all images.
func (s *winograd) tiles() int { return s.n * s.down * s.across }

const (
	winogradTiles    = 64 // of a block
	winogradChannels = 64 // of a block
	fusedOutputs     = 32 // channels that forwardFused computes at a time
)

// plane is the distance of the matrices of rows x columns of a block. Were it a
// power of two, they would compete for the same lines of the cache.
func plane(rows, columns int) int { return (rows*columns+15)&^15 + 16 }

// A scratcher lends memory until an operation is done.
type scratcher interface{ Scratch(n int) []float32 }

// forward sets y to the convolution of x with w.
func (s *winograd) forward(memory scratcher, y, x, w []float32) {
	const fewKernels = 1 << 17 // so few that they are read faster than made again
	if s.c*s.oc <= fewKernels {
		s.forwardFused(memory, y, x, w)
	} else {
		s.forwardBlocks(memory, y, x, w)
	}
}

// forwardFused transforms all kernels first. A task transforms a few tiles, with
// all their channels, and multiplies them with all kernels.
func (s *winograd) forwardFused(memory scratcher, y, x, w []float32) {
	u := memory.Scratch(s.elements() * s.c * s.oc)
	s.transformKernels(u, w)
	tiles, outs := s.fusedTiles(), min(fusedOutputs, s.oc)
	planeV, planeM := plane(tiles, s.c), plane(tiles, outs)
	sizeV, sizeM := s.elements()*planeV, s.elements()*planeM
	work := max(winogradScratch, simd.GemmWork(tiles, outs, s.c))
	parallel.ForScratch(ceilDiv(s.tiles(), tiles), sizeV+sizeM+work, func(task int, scratch []float32) {
		v, m, work := scratch[:sizeV], scratch[sizeV:sizeV+sizeM], scratch[sizeV+sizeM:]
		lo := task * tiles
		hi := min(lo+tiles, s.tiles())
		s.inputs().transform(s.input, v, planeV, x, lo, hi, 0, s.c, work)
		for j := 0; j < s.oc; j += outs {
			n := min(outs, s.oc-j)
			s.multiply(m, planeM, v, planeV, u[j*s.elements()*s.c:], hi-lo, n, s.c, 0, work)
			s.transformOutputs(y, m, planeM, lo, hi, j, j+n, work)
		}
	})
}

// fusedTiles is the number of tiles of a task, fewer if there would be few
// tasks. Even fewer would not be worth a call for each product.
func (s *winograd) fusedTiles() int {
	if s.tiles() < 16*48 {
		return min(24, s.tiles())
	}
	return 48
}

// forwardBlocks transforms all inputs first. A task transforms kernels for some
// output channels, a block at a time, and multiplies them with a block of tiles.
func (s *winograd) forwardBlocks(memory scratcher, y, x, w []float32) {
	v := s.spectrum(s.inputs(), s.input, x)
	v.fill(memory)
	tiles, outs, across := min(winogradTiles, s.tiles()), min(winogradChannels, s.oc), ceilDiv(s.oc, winogradChannels)
	planeM := plane(tiles, outs)
	sizeM, sizeU := s.elements()*planeM, s.elements()*winogradChannels*outs
	work := max(winogradScratch, simd.GemmWork(tiles, outs, winogradChannels))
	parallel.ForScratch(ceilDiv(s.tiles(), tiles)*across, sizeM+sizeU+work, func(task int, scratch []float32) {
		m, u, work := scratch[:sizeM], scratch[sizeM:sizeM+sizeU], scratch[sizeM+sizeU:]
		block, j := task/across, task%across*winogradChannels
		lo, n := block*winogradTiles, min(winogradChannels, s.oc-j)
		hi := min(lo+tiles, s.tiles())
		beta := float32(0)
		for i := 0; i < s.c; i += winogradChannels {
			k := min(winogradChannels, s.c-i)
			s.transformKernelBlock(u, k, 0, w, i, i+k, j, j+n, work)
			s.multiply(m, planeM, v.block(block, i, nil, nil), v.plane, u, hi-lo, n, k, beta, work)
			beta = 1
		}
		s.transformOutputs(y, m, planeM, lo, hi, j, j+n, work)
	})
}

// multiply sets the matrices m to beta*m plus the products of those of inputs v
// (tiles x k) with those of kernels u (k x outs).
func (s *winograd) multiply(m []float32, planeM int, v []float32, planeV int, u []float32, tiles, outs, k int, beta float32, work []float32) {
	columns := simd.GemmPanel()
	for e := range s.elements() {
		for j := 0; j < outs; j += columns {
			n := min(columns, outs-j)
			simd.Gemm(false, false, tiles, n, k,
				1, v[e*planeV:], k, u[(e*outs+j)*k:], n, beta, m[e*planeM+j:], outs, work)
		}
	}
}

// gradW sets dw to the gradient of the kernels. A task computes it for a block
// of inputs and outputs from some of the tiles.
func (s *winograd) gradW(memory scratcher, dw, x, dy []float32) {
	ins, outs := min(winogradChannels, s.c), min(winogradChannels, s.oc)
	across := ceilDiv(s.oc, outs)
	blocks := ceilDiv(s.c, ins) * across
	parts, length := s.split(blocks)
	partial := dw
	if parts > 1 {
		partial = memory.Scratch(parts * len(dw))
	}
	v, z := s.spectrum(s.inputs(), s.input, x), s.spectrum(s.outputs(), s.outputGrad, dy)
	sizeV, sizeZ := v.size, z.size
	if blocks > 1 {
		v.fill(memory)
		z.fill(memory)
		sizeV, sizeZ = 0, 0
	}
	planeM := plane(ins, outs)
	sizeM := s.elements() * planeM
	work := max(winogradScratch, simd.GemmWork(ins, outs, winogradTiles))
	parallel.ForScratch(parts*blocks, sizeM+sizeV+sizeZ+work, func(task int, scratch []float32) {
		m, scratch := scratch[:sizeM], scratch[sizeM:]
		scratchV, scratchZ, work := scratch[:sizeV], scratch[sizeV:sizeV+sizeZ], scratch[sizeV+sizeZ:]
		part, i, j := task/blocks, task%blocks/across*ins, task%blocks%across*outs
		c, n := min(ins, s.c-i), min(outs, s.oc-j)
		beta := float32(0)
		for block := part * length; block < (part+1)*length && block*winogradTiles < s.tiles(); block++ {
			k := min(winogradTiles, s.tiles()-block*winogradTiles)
			a, b := v.block(block, i, scratchV, work), z.block(block, j, scratchZ, work)
			for e := range s.elements() {
				simd.Gemm(true, false, c, n, k, 1, a[e*v.plane:], c, b[e*z.plane:], n, beta, m[e*planeM:], n, work)
			}
			beta = 1
		}
		s.transformKernelGrads(partial[part*len(dw):][:len(dw)], m, planeM, i, i+c, j, j+n, work)
	})
	if parts > 1 {
		addParts(dw, partial, parts)
	}
}

// split returns into how many parts the blocks of tiles are cut for a gradient
// of the kernels in so many blocks of channels, and how long the parts are.
func (s *winograd) split(blocks int) (parts, length int) {
	const maxElements = 1 << 24 // of all partial sums
	tileBlocks := ceilDiv(s.tiles(), winogradTiles)
	parts = max(1, min(ceilDiv(tasks, blocks), tileBlocks, maxElements/(9*s.c*s.oc)))
	length = ceilDiv(tileBlocks, parts)
	return ceilDiv(tileBlocks, length), length // no part is empty
}
