package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

const (
	kernelElements = 1024    // kernels that are transformed at a time
	nearKernels    = 1 << 16 // elements of a spectrum that stays in the second-level cache
)

// A kernelSpectrum is the transform of kernels, in blocks of inputs x outputs. A block
// consists of panels, as [simd.Panels] says.
type kernelSpectrum struct {
	*winograd
	w           []float32
	ins, outs   int       // of a block
	width       int       // of a panel
	plane, size int       // of a matrix, and of a block
	data        []float32 // all blocks, or nil: block makes them
}

func (s *winograd) kernelSpectrum(w []float32, ins, outs int) kernelSpectrum {
	width := min(outs, simd.GemmPanel())
	plane := ceilDiv(outs, width) * width * ins
	return kernelSpectrum{winograd: s, w: w, ins: ins, outs: outs, width: width, plane: plane, size: s.elements() * plane}
}

// fill makes all blocks.
func (u *kernelSpectrum) fill(memory former) {
	blocks := ceilDiv(u.c, u.ins) * ceilDiv(u.oc, u.outs)
	kind := autograd.Form{Name: "winograd", Sizes: [8]int{u.tile, u.c, u.oc, u.ins, u.outs}}
	if u.flipped {
		kind.Name = "winograd, flipped"
	}
	u.data = memory.Form(u.w, kind, blocks*u.size, func(form []float32) {
		u.data = form
		parallel.Each(blocks*ceilDiv(u.ins, u.rows()), winogradScratch, u, (*kernelSpectrum).fillRows)
	})
}

// rows is the number of inputs of a block that are transformed at a time.
func (u *kernelSpectrum) rows() int { return min(kernelElements/u.outs, u.ins) }

func (u *kernelSpectrum) fillRows(task int, scratch []float32) {
	across, groups := ceilDiv(u.oc, u.outs), ceilDiv(u.ins, u.rows())
	b, first := task/groups, task%groups*u.rows()
	i, j := b/across*u.ins, b%across*u.outs
	if last := min(first+u.rows(), u.ins, u.c-i); first < last {
		u.transform(u.data[b*u.size:], i, j, first, last, true, scratch)
	}
}

// lent is the number of elements that block needs.
func (u *kernelSpectrum) lent() int {
	if u.data != nil {
		return 0
	}
	return u.size
}

// block returns block i of the inputs and j of the outputs, made in dst unless
// there are all blocks.
func (u *kernelSpectrum) block(i, j int, dst, scratch []float32) simd.Panels {
	if u.data != nil {
		dst = u.data[(i*ceilDiv(u.oc, u.outs)+j)*u.size:]
	} else {
		u.transform(dst, i*u.ins, j*u.outs, 0, min(u.ins, u.c-i*u.ins), false, scratch)
	}
	return simd.Panels{Data: dst[:u.size], Plane: u.plane, Panel: u.width * u.ins, Row: u.width, Far: len(u.data) > nearKernels}
}

// transform makes rows [lo, hi) of the block dst, which begins with input c and
// output j. far says that it goes beyond the second-level cache.
func (u *kernelSpectrum) transform(dst []float32, c, j, lo, hi int, far bool, scratch []float32) {
	side, n := u.side(), min(u.outs, u.oc-j)
	src, strip := u.source(c+lo, c+hi, j, n, scratch), scratch[9*(hi-lo)*n:]
	for at := lo; at < hi; at += kernelElements / n {
		rows := min(kernelElements/n, hi-at)
		size := rows * n
		simd.Winograd(u.kernel, simd.Strided{Data: strip, Step: 3 * size, Next: n, Row: size}, src, n, rows, 3)
		for p := 0; p < n; p += u.width {
			panel, width := dst[p*u.ins+at*u.width:], min(u.width, n-p)
			if far {
				simd.Fetch(panel, u.plane, (rows-1)*u.width+width, u.elements())
			}
			simd.Winograd(u.kernel, simd.Strided{Data: panel, Step: u.plane, Next: u.width, Row: side * u.plane},
				simd.Strided{Data: strip[p:], Step: size, Next: n, Row: 3 * size}, width, rows, side)
		}
		src.Data = src.Data[min(rows*src.Next, len(src.Data)):]
	}
}

// source returns the taps of inputs [c0, c1) and n outputs from j on, in steps of
// a row of taps and rows of a column of taps. Flipped kernels are made first.
func (u *kernelSpectrum) source(c0, c1, j, n int, scratch []float32) simd.Strided {
	if !u.flipped {
		return simd.Strided{Data: u.w[c0*u.oc+j:], Step: 3 * u.c * u.oc, Next: u.oc, Row: u.c * u.oc}
	}
	size := (c1 - c0) * n
	for tap := range 9 {
		simd.Transpose(scratch[tap*size:], n, u.w[((8-tap)*u.oc+j)*u.c+c0:], u.c, n, c1-c0)
	}
	return simd.Strided{Data: scratch, Step: 3 * size, Next: n, Row: size}
}

// transformKernelGrads sets inputs [i0, i1) x outputs [j0, j1) of dw from their
// transforms m.
func (s *winograd) transformKernelGrads(dw, m []float32, plane, i0, i1, j0, j1 int, scratch []float32) {
	side, n := s.side(), j1-j0
	ins := stripElements / n
	for i := i0; i < i1; i += ins {
		rows := min(ins, i1-i)
		size := rows * n
		for tap := range 9 {
			simd.Fetch(dw[(tap*s.c+i)*s.oc+j0:], s.oc, n, rows)
		}
		simd.Winograd(s.kernelGrad, simd.Strided{Data: scratch, Step: side * size, Next: size},
			simd.Strided{Data: m[(i-i0)*n:], Step: side * plane, Next: plane}, size, side, 1)
		simd.Winograd(s.kernelGrad, simd.Strided{Data: dw[i*s.oc+j0:], Step: s.c * s.oc, Next: s.oc, Row: 3 * s.c * s.oc},
			simd.Strided{Data: scratch, Step: size, Next: n, Row: side * size}, n, rows, 3)
	}
}
