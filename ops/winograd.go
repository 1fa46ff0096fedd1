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
// made and used in blocks, and what is added up stays in the second-level cache.
// Blocks that lie beyond it are fetched while the ones before are used.
type winograd struct {
	conv
	winogradMaps
	down, across int  // tiles of an image
	flipped      bool // the kernels are those of a convolution that this one reverses
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
	return &winograd{conv: s, winogradMaps: maps, down: ceilDiv(s.oh, maps.tile), across: ceilDiv(s.ow, maps.tile)}
}

// side is the number of elements of a transformed tile along an axis.
func (s *winograd) side() int { return s.tile + 2 }

// elements is the number of elements of a transformed tile.
func (s *winograd) elements() int { return s.side() * s.side() }

// tiles is the number of tiles of all images.
func (s *winograd) tiles() int { return s.n * s.down * s.across }

const (
	fewKernels   = 1 << 15 // so few that forwardFused reads them as fast as it uses them
	fusedOutputs = 32      // channels that forwardFused computes at a time

	forwardTiles  = 64 // of a block of forwardBlocks
	forwardInputs = 96
	manyBlocks    = 4 // of tiles: too many to transform kernels for each

	gradChannels  = 80  // of a block of gradW
	gradTiles     = 64  // of one that has all channels
	manyGradTiles = 256 // of one that has some of more
)

// equalBlock returns the length of the blocks of about the same length, and of
// at most limit, that n channels are cut into.
func equalBlock(n, limit int) int {
	return min((ceilDiv(n, ceilDiv(n, limit))+7)&^7, n)
}

// plane is the distance of the matrices of rows x columns of a block. Were it a
// power of two, they would compete for the same lines of the cache.
func plane(rows, columns int) int { return (rows*columns+15)&^15 + 16 }

// A scratcher lends memory until an operation is done.
type scratcher interface{ Scratch(n int) []float32 }

// forward sets y to the convolution of x with w.
func (s *winograd) forward(memory scratcher, y, x, w []float32) {
	if s.c*s.oc <= fewKernels {
		s.forwardFused(memory, y, x, w)
	} else {
		s.forwardBlocks(memory, y, x, w)
	}
}

// forwardFused transforms all kernels first. A task transforms a few tiles, with
// all their channels, and multiplies them with all kernels.
func (s *winograd) forwardFused(memory scratcher, y, x, w []float32) {
	outs, tiles := min(fusedOutputs, s.oc), s.fusedTiles()
	u := s.kernelSpectrum(w, s.c, outs)
	u.fill(memory)
	planeV, planeM := plane(tiles, s.c), plane(tiles, outs)
	sizeV, sizeM := s.elements()*planeV, s.elements()*planeM
	parallel.ForScratch(ceilDiv(s.tiles(), tiles), sizeV+sizeM+winogradScratch, func(task int, scratch []float32) {
		v, m, work := scratch[:sizeV], scratch[sizeV:sizeV+sizeM], scratch[sizeV+sizeM:]
		lo := task * tiles
		hi := min(lo+tiles, s.tiles())
		s.inputs().transform(s.input, v, planeV, x, lo, hi, 0, s.c, work)
		for j := 0; j < s.oc; j += outs {
			n := min(outs, s.oc-j)
			simd.MultiplyPlanes(s.elements(), false, hi-lo, n, s.c, simd.Planes{Data: v, Plane: planeV, Row: s.c},
				u.block(0, j/outs, nil, nil), 0, simd.Planes{Data: m, Plane: planeM, Row: n})
			s.transformOutputs(y, m, planeM, lo, hi, j, j+n, work)
		}
	})
}

// fusedTiles is the number of tiles of a task, fewer if there would be few
// tasks. Even fewer would not be worth a call for each product.
func (s *winograd) fusedTiles() int {
	if s.tiles() < 16*48 {
		return min(32, s.tiles())
	}
	return 48
}

// forwardBlocks transforms all inputs first, and all kernels if there are many
// tiles. A task multiplies the inputs of a block of tiles with the kernels of a
// block of output channels.
func (s *winograd) forwardBlocks(memory scratcher, y, x, w []float32) {
	tiles := min(forwardTiles, s.tiles())
	ins, outs := equalBlock(s.c, forwardInputs), min(2*simd.GemmPanel(), s.oc)
	v, u := s.spectrum(s.inputs(), s.input, x, tiles, ins), s.kernelSpectrum(w, ins, outs)
	v.fill(memory)
	sizeU := u.size
	if s.tiles() >= manyBlocks*tiles {
		u.fill(memory)
		sizeU = 0
	}
	across, planeM := ceilDiv(s.oc, outs), plane(tiles, outs)
	sizeM := s.elements() * planeM
	parallel.ForScratch(ceilDiv(s.tiles(), tiles)*across, sizeU+sizeM+winogradScratch, func(task int, scratch []float32) {
		scratchU, m, work := scratch[:sizeU], scratch[sizeU:sizeU+sizeM], scratch[sizeU+sizeM:]
		i, j := task/across, task%across
		rows, n := min(tiles, s.tiles()-i*tiles), min(outs, s.oc-j*outs)
		beta := float32(0)
		for k := range ceilDiv(s.c, ins) {
			simd.MultiplyPlanes(s.elements(), false, rows, n, min(ins, s.c-k*ins), v.block(i, k, nil, nil),
				u.block(k, j, scratchU, work), beta, simd.Planes{Data: m, Plane: planeM, Row: n})
			beta = 1
		}
		s.transformOutputs(y, m, planeM, i*tiles, i*tiles+rows, j*outs, j*outs+n, work)
	})
}

// gradW sets dw to the gradient of the kernels. A task computes it for a block
// of inputs and outputs from some of the tiles.
func (s *winograd) gradW(memory scratcher, dw, x, dy []float32) {
	ins, outs, tiles := equalBlock(s.c, gradChannels), equalBlock(s.oc, gradChannels), gradTiles
	across := ceilDiv(s.oc, outs)
	blocks := ceilDiv(s.c, ins) * across
	if blocks > 1 {
		tiles = manyGradTiles
	}
	tiles = min(tiles, s.tiles())
	v, z := s.spectrum(s.inputs(), s.input, x, tiles, ins), s.spectrum(s.outputs(), s.outputGrad, dy, tiles, outs)
	sizeV, sizeZ := v.size, z.size
	if blocks > 1 {
		v.fill(memory)
		z.fill(memory)
		sizeV, sizeZ = 0, 0
	}
	parts, length := s.split(blocks, tiles)
	partial := dw
	if parts > 1 {
		partial = memory.Scratch(parts * len(dw))
	}
	planeM := plane(ins, outs)
	sizeM := s.elements() * planeM
	parallel.ForScratch(parts*blocks, sizeV+sizeZ+sizeM+winogradScratch, func(task int, scratch []float32) {
		scratchV, scratch := scratch[:sizeV], scratch[sizeV:]
		scratchZ, m, work := scratch[:sizeZ], scratch[sizeZ:sizeZ+sizeM], scratch[sizeZ+sizeM:]
		part, i, j := task/blocks, task%blocks/across, task%blocks%across
		c, n := min(ins, s.c-i*ins), min(outs, s.oc-j*outs)
		beta := float32(0)
		for block := part * length; block < (part+1)*length && block*tiles < s.tiles(); block++ {
			simd.MultiplyPlanes(s.elements(), true, c, n, min(tiles, s.tiles()-block*tiles), v.block(block, i, scratchV, work),
				z.block(block, j, scratchZ, work).Panels(), beta, simd.Planes{Data: m, Plane: planeM, Row: n})
			beta = 1
		}
		s.transformKernelGrads(partial[part*len(dw):][:len(dw)], m, planeM, i*ins, i*ins+c, j*outs, j*outs+n, work)
	})
	if parts > 1 {
		addParts(dw, partial, parts)
	}
}

// split returns into how many parts the tiles are cut for a gradient of the
// kernels in so many blocks of channels, and how many blocks of tiles are a part.
// Every part costs a transform of the gradients of all kernels.
func (s *winograd) split(blocks, tiles int) (parts, length int) {
	const (
		minTiles    = 128
		maxElements = 1 << 24 // of all partial sums
	)
	tileBlocks := ceilDiv(s.tiles(), tiles)
	parts = max(1, min(ceilDiv(tasks, blocks), ceilDiv(s.tiles(), max(minTiles, tiles)), maxElements/(9*s.c*s.oc)))
	length = ceilDiv(tileBlocks, parts)
	return ceilDiv(tileBlocks, length), length // no part is empty
}
