package ops

import (
	"autodropout/internal/parallel"
	"autodropout/simd"
)

const (
	denseBand   = 1 << 17 // elements of a band of a dense convolution, for the second-level cache
	densePixels = 256     // outputs of a band at most
	denseDepth  = 384     // elements that an output is the sum of at a time, for the first-level cache
)

// kernels are the kernels (KH, KW, ins, outs*groups) of a convolution for its
// forward pass, or, if they are transposed, (KH, KW, outs, ins*groups).
type kernels struct {
	w          []float32
	kw         int
	transposed bool
}

// dense sets dst to the sweep over src with kernels.
func (s *sweep) dense(memory scratcher, dst, src []float32, w kernels) {
	ins, outs := s.src.c/s.groups, s.dst.c/s.groups
	packed := memory.Scratch(s.taps() * ins * s.dst.c)
	s.pack(packed, w)
	b := s.bands(max(1, densePixels/s.x.outputs), denseBand, s.src.c)
	run, offsets := s.runs(b)
	depth := s.taps() * ins
	group := ceilDiv(len(offsets), ceilDiv(depth, denseDepth)) // runs at a time
	panel := simd.GemmPanel()
	width, parts := s.parts(b, outs, panel)
	s.eachBand(b, parts, src, func(in []float32, image, lo, hi, part int) {
		for g := range s.groups {
			for t := 0; t < len(offsets); t += group {
				a := simd.Taps{Offsets: offsets[t:min(t+group, len(offsets))], Run: run, Row: s.step * s.src.c, Col: 1}
				for j := part * width; j < min((part+1)*width, outs); j += panel {
					n := min(panel, outs-j)
					w := packed[(g*outs+j)*depth+t*run*n:]
					for row := range hi - lo {
						a.Data = in[row*s.step*b.pitch+g*ins:]
						simd.GemmTaps(s.x.outputs, n, a, w, n, dst[s.output(image, lo+row)+g*outs+j:], s.x.apart*s.dst.c, t > 0)
					}
				}
			}
		}
	})
}

// pack stores the kernels in panels of as many outputs as are computed at a
// time: in each, a row for every tap and input.
func (s *sweep) pack(packed []float32, w kernels) {
	ins, outs, panel := s.src.c/s.groups, s.dst.c/s.groups, simd.GemmPanel()
	depth, panels := s.taps()*ins, ceilDiv(outs, panel)
	parallel.For(s.groups*panels, func(task int) {
		g, j := task/panels, task%panels*panel
		n := min(panel, outs-j)
		to := packed[(g*outs+j)*depth:]
		for t := range s.taps() {
			kernel := s.kernel(t, w.kw)
			if w.transposed {
				simd.Transpose(to[t*ins*n:], n, w.w[(kernel*outs+j)*s.src.c+g*ins:], s.src.c, n, ins)
				continue
			}
			copyRows(to[t*ins*n:], n, w.w[kernel*ins*s.dst.c+g*outs+j:], s.dst.c, ins)
		}
	})
}

// runs returns the runs in which an output sees the source. Those of a row of
// taps are one if they touch, unless it would be long.
func (s *sweep) runs(b band) (length int, offsets []int) {
	ins := s.src.c / s.groups
	if s.groups == 1 && s.x.next == 1 && s.x.taps*ins <= denseDepth {
		return s.x.taps * ins, s.rowOffsets(b, s.y.taps, s.y.next)
	}
	for y := range s.y.taps {
		for x := range s.x.taps {
			offsets = append(offsets, y*s.y.next*b.pitch+x*s.x.next*s.src.c)
		}
	}
	return ins, offsets
}

// parts cuts outs channels into parts, of so many panels that there are enough
// tasks.
func (s *sweep) parts(b band, outs, panel int) (width, parts int) {
	panels := ceilDiv(outs, panel)
	parts = min(panels, ceilDiv(tasks, max(1, s.n*b.perImage)))
	width = ceilDiv(panels, parts) * panel
	return width, ceilDiv(outs, width)
}

// denseGradW sets dw to the gradient of the kernels. A task computes a block of
// inputs and outputs of it from some of the bands.
func (s *conv) denseGradW(memory scratcher, dw, x, dy []float32) {
	const channels, panels = 128, 8 // of a block at most
	sweep := s.forwardSweep()
	ins, outs, panel := s.c/s.groups, s.oc/s.groups, simd.GemmPanel()
	d := denseGrad{conv: s, sweep: &sweep, ins: ins, outs: min(outs, panels*panel), span: s.kw}
	if s.groups > 1 || s.dilation > 1 || ins > channels/2 {
		d.span, d.ins = 1, ceilDiv(ins, ceilDiv(ins, channels))
	}
	d.band = sweep.bands(max(1, densePixels/s.ow), denseBand, d.ins)
	d.offsets = sweep.rowOffsets(d.band, d.band.rows, s.stride)
	d.down, d.across = ceilDiv(ins, d.ins), ceilDiv(outs, d.outs)
	size := d.band.size + d.band.rows*s.ow*panel
	sweep.sumBands(memory, d.band, s.groups*d.down*d.across, size, dw, func(sum []float32, block, image, lo, hi int, accumulate bool, scratch []float32) {
		d.add(sum, x, dy, block, image, lo, hi, accumulate, scratch)
	})
}

// A denseGrad computes the gradient of kernels in blocks.
type denseGrad struct {
	*conv
	sweep        *sweep
	band         band
	ins, outs    int // of a block
	down, across int // blocks of a group
	span         int // taps of a row that are taken together
	offsets      []int
}

// add adds to sum, or sets it to, what a band contributes to a block.
func (d *denseGrad) add(sum, x, dy []float32, block, image, lo, hi int, accumulate bool, scratch []float32) {
	group, i, o := block/d.across/d.down, block/d.across%d.down*d.ins, block%d.across*d.outs
	ins, outs, panel := d.c/d.groups, d.oc/d.groups, simd.GemmPanel()
	rows, pixels := min(d.ins, ins-i), (hi-lo)*d.ow
	in := d.sweep.load(d.band, scratch[:d.band.size], x, image, lo, hi, group*ins+i)
	a := simd.Taps{Offsets: d.offsets[:hi-lo], Run: d.ow, Row: 1, Col: d.stride * d.band.pixel}
	for j := o; j < min(o+d.outs, outs); j += panel {
		n := min(panel, outs-j)
		packed := scratch[d.band.size:][:pixels*n]
		copyRows(packed, n, dy[d.sweep.output(image, lo)+group*outs+j:], d.oc, pixels)
		for tap := 0; tap < d.kh*d.kw; tap += d.span {
			a.Data = in[tap/d.kw*d.dilation*d.band.pitch+tap%d.kw*d.dilation*d.band.pixel:]
			simd.GemmTaps(d.span*rows, n, a, packed, n, sum[(tap*ins+i)*d.oc+group*outs+j:], d.oc, accumulate)
		}
	}
}

// copyRows copies a matrix with rows of n elements, which start ld apart, to one
// without gaps.
func copyRows(dst []float32, n int, src []float32, ld, rows int) {
	switch n { // without calls for the usual panels
	case 16:
		for i := range rows {
			*(*[16]float32)(dst[i*16:]) = [16]float32(src[i*ld:])
		}
	case 32:
		for i := range rows {
			*(*[32]float32)(dst[i*32:]) = [32]float32(src[i*ld:])
		}
	default:
		for i := range rows {
			copy(dst[i*n:][:n], src[i*ld:])
		}
	}
}
