package ops

import (
	"autodropout/internal/parallel"
	"autodropout/simd"
)

const (
	// A few tiles, or kernels, are transformed along one axis and then the
	// other: so few that they stay in the first-level cache in between.
	stripElements  = 128 // a row of tiles and channels
	stripChannels  = 64
	kernelElements = 256

	// winogradScratch is the number of elements that a transform has in between.
	winogradScratch = 1 << 14
)

// windows are squares of pixels, one for each tile, of images with c channels.
type windows struct {
	h, w, c      int
	down, across int // windows of an image
	side, stride int // in pixels
	padY, padX   int
}

// inputs are what the tiles see of x.
func (s *winograd) inputs() windows {
	return windows{s.h, s.w, s.c, s.down, s.across, s.tile + 2, s.tile, s.padY, s.padX}
}

// outputs are the tiles of y.
func (s *winograd) outputs() windows {
	return windows{s.oh, s.ow, s.oc, s.down, s.across, s.tile, s.tile, 0, 0}
}

// runs calls body for windows [lo, hi) in runs of at most limit that lie side by
// side: the first of count windows is number tx of row ty of an image.
func (s *windows) runs(lo, hi, limit int, body func(first, count, image, ty, tx int)) {
	for lo < hi {
		ty, tx := lo/s.across%s.down, lo%s.across
		count := min(hi-lo, s.across-tx, limit)
		body(lo, count, lo/s.across/s.down, ty, tx)
		lo += count
	}
}

// transform applies t along both axes to channels [c0, c1) of windows [lo, hi)
// of x, taking pixels outside of the image as 0. Element (i, j) of the results
// is the matrix of windows x channels at dst[(i*out+j)*plane].
func (s windows) transform(t simd.WinogradTransform, dst []float32, plane int, x []float32, lo, hi, c0, c1 int, scratch []float32) {
	for c := c0; c < c1; c += stripChannels {
		n := min(stripChannels, c1-c)
		s.runs(lo, hi, stripElements/n, func(first, count, image, ty, tx int) {
			s.transformRun(t, simd.Strided{Data: dst[(first-lo)*(c1-c0)+c-c0:], Step: plane, Next: c1 - c0},
				x[image*s.h*s.w*s.c+c:], count, ty*s.stride-s.padY, tx*s.stride-s.padX, n, scratch)
		})
	}
}

// transformRun is transform for a run of windows and the first n channels of an
// image. What neighbours share is transformed once along the columns.
func (s *windows) transformRun(t simd.WinogradTransform, dst simd.Strided, image []float32, count, top, left, n int, scratch []float32) {
	_, out := t.Size()
	columns := (count-1)*s.stride + s.side
	from, to := min(max(0, -left), columns), min(columns, s.w-left) // that are inside
	strip := scratch[:out*columns*n]
	if from < to {
		src := s.rows(image, top, left+from, to-from, n, scratch[len(strip):])
		simd.Winograd(t, simd.Strided{Data: strip[from*n:], Step: columns * n, Next: n}, src, n, to-from)
	}
	for i := range out {
		row := strip[i*columns*n:][:columns*n]
		clear(row[:from*n])
		clear(row[max(from, to)*n:])
		simd.Winograd(t, simd.Strided{Data: dst.Data[i*out*dst.Step:], Step: dst.Step, Next: dst.Next},
			simd.Strided{Data: row, Step: n, Next: s.stride * n}, n, count)
	}
}

// rows returns width columns of a window's pixels, which are a group each. Rows
// outside of the image are 0; if there are any, all rows are copied to patch.
func (s *windows) rows(image []float32, top, left, width, n int, patch []float32) simd.Strided {
	if top >= 0 && top+s.side <= s.h {
		return simd.Strided{Data: image[(top*s.w+left)*s.c:], Step: s.w * s.c, Next: s.c}
	}
	for i := range s.side {
		row := patch[i*width*n:][:width*n]
		if y := top + i; y < 0 || y >= s.h {
			clear(row)
			continue
		}
		for j := range width {
			copy(row[j*n:][:n], image[((top+i)*s.w+left+j)*s.c:])
		}
	}
	return simd.Strided{Data: patch, Step: width * n, Next: n}
}

// A spectrum is the transform of windows, in blocks of winogradTiles x
// winogradChannels.
type spectrum struct {
	windows
	t           simd.WinogradTransform
	x           []float32
	tiles       int
	plane, size int       // of a matrix, and of a block
	data        []float32 // all blocks, or nil: block makes them
}

func (s *winograd) spectrum(w windows, t simd.WinogradTransform, x []float32) *spectrum {
	p := plane(min(winogradTiles, s.tiles()), min(winogradChannels, w.c))
	return &spectrum{windows: w, t: t, x: x, tiles: s.tiles(), plane: p, size: s.elements() * p}
}

// fill makes all blocks.
func (s *spectrum) fill(memory scratcher) {
	chunks := ceilDiv(s.c, winogradChannels)
	n := ceilDiv(s.tiles, winogradTiles) * chunks
	data := memory.Scratch(n * s.size)
	parallel.ForScratch(n, winogradScratch, func(i int, scratch []float32) {
		s.block(i/chunks, i%chunks*winogradChannels, data[i*s.size:], scratch)
	})
	s.data = data
}

// block returns the block of tiles with number b for channels c and following,
// made in dst unless there are all blocks.
func (s *spectrum) block(b, c int, dst, scratch []float32) []float32 {
	if s.data != nil {
		return s.data[(b*ceilDiv(s.c, winogradChannels)+c/winogradChannels)*s.size:]
	}
	lo := b * winogradTiles
	s.transform(s.t, dst, s.plane, s.x, lo, min(lo+winogradTiles, s.tiles), c, min(c+winogradChannels, s.c), scratch)
	return dst
}

// transformOutputs sets channels [c0, c1) of tiles [lo, hi) of y from their
// transforms m.
func (s *winograd) transformOutputs(y, m []float32, plane, lo, hi, c0, c1 int, scratch []float32) {
	side, n := s.side(), c1-c0
	w := s.outputs()
	w.runs(lo, hi, stripElements/n, func(first, count, image, ty, tx int) {
		size := count * n
		simd.Winograd(s.output, simd.Strided{Data: scratch, Step: side * size, Next: size},
			simd.Strided{Data: m[(first-lo)*n:], Step: side * plane, Next: plane}, size, side)
		whole := min(count, s.ow/s.tile-tx)
		for r := range min(s.tile, s.oh-ty*s.tile) {
			from := simd.Strided{Data: scratch[r*side*size:], Step: size, Next: n}
			to := simd.Strided{Data: y[((image*s.oh+ty*s.tile+r)*s.ow+tx*s.tile)*s.oc+c0:], Step: s.oc, Next: s.tile * s.oc}
			simd.Winograd(s.output, to, from, n, whole)
			if whole < count { // the last tile reaches beyond the image
				patch := simd.Strided{Data: scratch[s.tile*side*size:], Step: n}
				from.Data = from.Data[whole*n:]
				simd.Winograd(s.output, patch, from, n, 1)
				for q := range s.ow % s.tile {
					copy(to.Data[whole*to.Next+q*to.Step:][:n], patch.Data[q*n:])
				}
			}
		}
	})
}

// transformKernels sets u to the transform of w, in blocks of fusedOutputs
// output channels that are laid out as multiply reads them.
func (s *winograd) transformKernels(u, w []float32) {
	ins := kernelElements / min(s.oc, fusedOutputs)
	groups := ceilDiv(s.c, ins)
	parallel.ForScratch(ceilDiv(s.oc, fusedOutputs)*groups, winogradScratch, func(task int, scratch []float32) {
		j, i := task/groups*fusedOutputs, task%groups*ins
		s.transformKernelBlock(u[j*s.elements()*s.c:], s.c, i, w, i, min(i+ins, s.c), j, min(j+fusedOutputs, s.oc), scratch)
	})
}

// transformKernelBlock transforms inputs [i0, i1) x outputs [j0, j1) of w. They
// become rows first and following of matrices with k rows, which are stored in
// panels as wide as [simd.GemmPanel].
func (s *winograd) transformKernelBlock(u []float32, k, first int, w []float32, i0, i1, j0, j1 int, scratch []float32) {
	side, n := s.side(), j1-j0
	columns, ins := simd.GemmPanel(), kernelElements/n
	for i := i0; i < i1; i += ins {
		rows := min(ins, i1-i)
		size := rows * n
		for kx := range 3 {
			simd.Winograd(s.kernel, simd.Strided{Data: scratch[kx*size:], Step: 3 * size, Next: n},
				simd.Strided{Data: w[(kx*s.c+i)*s.oc+j0:], Step: 3 * s.c * s.oc, Next: s.oc}, n, rows)
		}
		for e := range side {
			for j := 0; j < n; j += columns {
				p := min(columns, n-j)
				simd.Winograd(s.kernel, simd.Strided{Data: u[(e*side*n+j)*k+(first+i-i0)*p:], Step: n * k, Next: p},
					simd.Strided{Data: scratch[e*3*size+j:], Step: size, Next: n}, p, rows)
			}
		}
	}
}

// transformKernelGrads sets inputs [i0, i1) x outputs [j0, j1) of dw from their
// transforms m.
func (s *winograd) transformKernelGrads(dw, m []float32, plane, i0, i1, j0, j1 int, scratch []float32) {
	side, n := s.side(), j1-j0
	ins := stripElements / n
	for i := i0; i < i1; i += ins {
		rows := min(ins, i1-i)
		size := rows * n
		simd.Winograd(s.kernelGrad, simd.Strided{Data: scratch, Step: side * size, Next: size},
			simd.Strided{Data: m[(i-i0)*n:], Step: side * plane, Next: plane}, size, side)
		for ky := range 3 {
			simd.Winograd(s.kernelGrad, simd.Strided{Data: dw[(ky*3*s.c+i)*s.oc+j0:], Step: s.c * s.oc, Next: s.oc},
				simd.Strided{Data: scratch[ky*side*size:], Step: size, Next: n}, n, rows)
		}
	}
}
