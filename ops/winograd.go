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
	first        int         // of the images
	down, across axisOfTiles // tiles of an image
	flipped      bool        // the kernels are those of a convolution that this one reverses

	// With maxima over squares of 2x2 pixels, those of x or y are where the convolution has
	// pixels, and these say which pixel of its square each comes from; nil: there are none.
	inputFrom, outputFrom []byte

	// What the tasks of a pass work on.
	u      kernelSpectrum
	v, z   spectrum  // of the inputs, and of the gradient of the outputs
	result []float32 // y, or what the parts of the gradient of the kernels add up to
	length int       // blocks of tiles in a part
	m      int       // elements of a matrix of products
	end    *rowEnd   // of forwardFused
}

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

// foldElements is the number of elements of transforms that are in memory at a time. Only
// tests change it.
var foldElements = 1 << 24

// equalBlock returns the length of the blocks of about the same length, and of
// at most limit, that n channels are cut into.
func equalBlock(n, limit int) int {
	return min((ceilDiv(n, ceilDiv(n, limit))+7)&^7, n)
}

// plane is the distance of the matrices of rows x columns of a block. Were it a
// power of two, they would compete for the same lines of the cache.
func plane(rows, columns int) int { return (rows*columns+15)&^15 + 16 }

// forward sets y to the convolution of x with w, and then does to it what end says.
func (s *winograd) forward(memory former, y, x, w []float32, end *rowEnd) {
	if s.c*s.oc <= fewKernels {
		s.end = end
		s.forwardFused(memory, y, x, w)
		return
	}
	s.forwardBlocks(memory, y, x, w)
	if end != nil {
		parallel.EachRange(s.pixels(), rowGrain(s.oc), 0, end, (*rowEnd).rows)
	}
}

// forwardFused transforms all kernels first. A task transforms a few tiles, with
// all their channels, and multiplies them with all kernels.
func (s *winograd) forwardFused(memory former, y, x, w []float32) {
	s.u = s.kernelSpectrum(w, s.c, min(fusedOutputs, s.oc))
	s.u.fill(memory)
	s.v = s.spectrum(s.inputs(), x, s.fusedTiles(), s.c)
	s.result, s.m = y, plane(s.v.tiles, s.u.outs)
	parallel.Each(ceilDiv(s.tiles(), s.v.tiles), s.scratch(s.v.lent()), s, (*winograd).fused)
}

func (s *winograd) fused(task int, scratch []float32) {
	v, m, work := s.divide(scratch, s.v.lent())
	lo := task * s.v.tiles
	hi := min(lo+s.v.tiles, s.tiles())
	in := s.v.block(task, 0, v, work)
	var memory elementSpans
	spans := s.v.spans(&memory, lo, hi)
	for j := 0; j < s.oc; j += s.u.outs {
		n := min(s.u.outs, s.oc-j)
		simd.MultiplyPlanes(s.elements(), false, hi-lo, n, s.c, in, s.u.block(0, j/s.u.outs, nil, nil),
			0, simd.Planes{Data: m, Plane: s.m, Row: n}, spans)
		s.transformOutputs(s.result, m, s.m, lo, hi, j, j+n, work)
	}
	if s.end != nil {
		s.endTiles(lo, hi)
	}
}

// scratch is the memory of a task that makes transforms of so many elements, and
// divide cuts it into these, products, and what a transform has in between.
func (s *winograd) scratch(transforms int) int {
	return transforms + s.elements()*s.m + winogradScratch
}

func (s *winograd) divide(scratch []float32, transforms int) (made, products, work []float32) {
	products = scratch[transforms:]
	return scratch[:transforms], products[:s.elements()*s.m], products[s.elements()*s.m:]
}

// fusedTiles is the number of tiles of a task, fewer if there would be few
// tasks. Even fewer would not be worth a call for each product.
func (s *winograd) fusedTiles() int {
	if s.tiles() < 16*48 {
		return s.block(32)
	}
	return s.block(48)
}

// fold returns how many images are worked on at a time, where their transforms have
// so many channels in all: what is stored of them must not grow with the batch.
func (s *winograd) fold(channels int) int {
	each := s.tilesOfImage() * s.elements() * channels // of an image
	folds := ceilDiv(s.n, max(1, foldElements/each))
	return ceilDiv(s.n, folds)
}

// part returns the convolution of images [lo, hi) alone.
func (s *winograd) part(lo, hi int) winograd {
	p := *s
	p.first, p.n = s.first+lo, hi-lo
	return p
}

// forwardBlocks transforms all inputs of a fold first, and all kernels if there are many
// tiles. A task multiplies the inputs of a block of tiles with the kernels of a
// block of output channels.
func (s *winograd) forwardBlocks(memory former, y, x, w []float32) {
	tiles := s.block(forwardTiles)
	ins, outs := equalBlock(s.c, forwardInputs), min(2*simd.GemmPanel(), s.oc)
	s.u = s.kernelSpectrum(w, ins, outs)
	if s.tiles() >= manyBlocks*tiles {
		s.u.fill(memory)
	}
	var made []float32 // by the first fold, which is the longest
	fold := s.fold(s.c)
	for lo := 0; lo < s.n; lo += fold {
		p := s.part(lo, min(lo+fold, s.n))
		p.v = p.spectrum(p.inputs(), x, tiles, ins)
		made = p.v.fill(memory, made)
		p.result, p.m = y, plane(tiles, outs)
		parallel.Each(ceilDiv(p.tiles(), tiles)*ceilDiv(s.oc, outs), p.scratch(p.u.lent()), &p, (*winograd).forwardBlock)
	}
}

func (s *winograd) forwardBlock(task int, scratch []float32) {
	u, m, work := s.divide(scratch, s.u.lent())
	tiles, ins, outs := s.v.tiles, s.u.ins, s.u.outs
	i, j := task/ceilDiv(s.oc, outs), task%ceilDiv(s.oc, outs)
	rows, n := min(tiles, s.tiles()-i*tiles), min(outs, s.oc-j*outs)
	var memory elementSpans
	spans := s.v.spans(&memory, i*tiles, i*tiles+rows)
	beta := float32(0)
	for k := range ceilDiv(s.c, ins) {
		simd.MultiplyPlanes(s.elements(), false, rows, n, min(ins, s.c-k*ins), s.v.block(i, k, nil, nil),
			s.u.block(k, j, u, work), beta, simd.Planes{Data: m, Plane: s.m, Row: n}, spans)
		beta = 1
	}
	s.transformOutputs(s.result, m, s.m, i*tiles, i*tiles+rows, j*outs, j*outs+n, work)
}

// gradW sets dw to the gradient of the kernels, the sum of those of the folds. A task
// computes it for a block of inputs and outputs from some of the tiles.
func (s *winograd) gradW(memory scratcher, dw, x, dy []float32) {
	ins, outs, tiles := equalBlock(s.c, gradChannels), equalBlock(s.oc, gradChannels), gradTiles
	blocks, fold := ceilDiv(s.c, ins)*ceilDiv(s.oc, outs), s.n
	if blocks > 1 {
		tiles, fold = manyGradTiles, s.fold(s.c+s.oc)
	}
	folds := ceilDiv(s.n, fold)
	var v, z, sums []float32 // made by the first fold, which is the longest
	for lo := 0; lo < s.n; lo += fold {
		p := s.part(lo, min(lo+fold, s.n))
		tiles := p.block(tiles)
		p.v = p.spectrum(p.inputs(), x, tiles, ins)
		p.z = p.spectrum(p.outputs(), dy, tiles, outs)
		if blocks > 1 {
			v, z = p.v.fill(memory, v), p.z.fill(memory, z)
		}
		parts, length := p.split(blocks*folds, tiles)
		p.result, p.length, p.m = dw, length, plane(ins, outs)
		before := 0 // what the folds before have added up to
		if lo > 0 {
			before = 1
		}
		if before+parts > 1 {
			if sums == nil || len(sums) < (before+parts)*len(dw) {
				sums = memory.Scratch((before + parts) * len(dw))
			}
			copy(sums[:before*len(dw)], dw)
			p.result = sums[before*len(dw):]
		}
		parallel.Each(parts*blocks, p.scratch(p.v.lent()+p.z.lent()), &p, (*winograd).gradBlock)
		if before+parts > 1 {
			addParts(dw, sums, before+parts)
		}
	}
}

func (s *winograd) gradBlock(task int, scratch []float32) {
	made, m, work := s.divide(scratch, s.v.lent()+s.z.lent())
	v, z := made[:s.v.lent()], made[s.v.lent():]
	ins, outs, tiles := s.v.channels, s.z.channels, s.v.tiles
	across := ceilDiv(s.oc, outs)
	blocks := ceilDiv(s.c, ins) * across
	part, i, j := task/blocks, task%blocks/across, task%blocks%across
	c, n := min(ins, s.c-i*ins), min(outs, s.oc-j*outs)
	var memory elementSpans
	beta := float32(0)
	for block := part * s.length; block < (part+1)*s.length && block*tiles < s.tiles(); block++ {
		lo, hi := block*tiles, min((block+1)*tiles, s.tiles())
		simd.MultiplyPlanes(s.elements(), true, c, n, hi-lo, s.v.block(block, i, v, work),
			s.z.block(block, j, z, work).Panels(), beta, simd.Planes{Data: m, Plane: s.m, Row: n}, s.v.spans(&memory, lo, hi))
		beta = 1
	}
	s.transformKernelGrads(s.result[part*9*s.c*s.oc:], m, s.m, i*ins, i*ins+c, j*outs, j*outs+n, work)
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
