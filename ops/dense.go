package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

const (
	denseBand     = 1 << 17 // elements of a band of a dense convolution, for the second-level cache
	densePixels   = 256     // outputs of a band at most
	denseTogether = 8       // bands of a task at most, if they are small
	denseDepth    = 320     // elements that an output is the sum of at a time, for the first-level cache
	fewOffsets    = 16      // usually not more, so that they need no memory of their own
)

// kernels are the kernels (KH, KW, ins, outs*groups) of a convolution for its
// forward pass, or, if they are transposed, (KH, KW, outs, ins*groups).
type kernels struct {
	w          []float32
	kw         int
	transposed bool
}

// dense sets dst to the sweep over src with kernels, and then does to it what end says. A task computes some
// channels of the outputs of some bands.
func (s sweep) dense(memory former, dst, src []float32, w kernels, end *rowEnd) {
	d := &denseSweep{ins: s.src.c / s.groups, outs: s.dst.c / s.groups, panel: simd.GemmPanel(), to: dst, kernels: w, end: end}
	d.depth = s.taps() * d.ins
	d.band = s.bands(max(1, densePixels/s.x.outputs), denseBand, s.src.c)
	d.together = min(max(1, densePixels/2/(d.band.rows*s.x.outputs)), denseTogether)
	d.bands = s.n * d.band.perImage
	d.width, d.parts = d.split(ceilDiv(d.bands, d.together))
	if d.band.copied && d.parts > 1 { // all parts of a band share the copy
		s, src = s.padded(memory, src)
		d.band = s.bands(d.band.rows, denseBand, s.src.c)
		d.bands = s.n * d.band.perImage // rows of whole images may be longer than copies: fewer fit
	}
	d.sweep, d.from = s, src
	d.run, d.offsets = s.runs(d.few[:0], d.band)
	d.runs = max(1, denseDepth/d.run)
	// The order of the taps tells transposed kernels from others.
	kind := autograd.Form{Name: "dense", Sizes: [8]int{d.runs * d.run, s.dst.c, s.y.taps, s.x.taps, s.y.kernels, s.x.kernels, s.kernel(0, w.kw), s.groups}}
	d.packed = memory.Form(w.w, kind, d.depth*s.dst.c, func(form []float32) {
		d.packed = form
		parallel.Each(d.groups*ceilDiv(d.outs, d.panel), 0, d, (*denseSweep).pack)
	})
	parallel.Each(ceilDiv(d.bands, d.together)*d.parts, d.together*d.band.size, d, (*denseSweep).compute)
}

// A denseSweep is how a dense sweep is cut.
type denseSweep struct {
	sweep
	kernels
	to, from     []float32
	band         band
	bands        int
	ins, outs    int // of a group
	depth        int // elements that an output is the sum of
	packed       []float32
	panel        int
	run          int
	offsets      []int
	few          [fewOffsets]int // memory of offsets
	runs         int             // of a call
	together     int             // bands of a task
	width, parts int             // outputs of a task; into how many parts they are cut
	end          *rowEnd
}

// split cuts the channels of outputs into parts of some panels, as many as make
// enough tasks.
func (d *denseSweep) split(bands int) (width, parts int) {
	const panels = 4 // of a part at least, so that what it reads is used often
	parts = max(1, min(d.outs/(panels*d.panel), ceilDiv(tasks, max(1, bands))))
	width = ceilDiv(ceilDiv(d.outs, parts), d.panel) * d.panel
	return width, ceilDiv(d.outs, width)
}

// compute computes a part of the outputs of some bands.
func (d *denseSweep) compute(task int, scratch []float32) {
	first, part := task/d.parts*d.together, task%d.parts
	last := min(first+d.together, d.bands)
	var in [denseTogether][]float32
	for i := first; i < last; i++ {
		image, lo, hi := d.rows(d.band, i)
		in[i-first] = d.load(d.band, scratch[(i-first)*d.band.size:], d.from, image, lo, hi, 0)
	}
	for g := range d.groups {
		for t := 0; t < len(d.offsets); t += d.runs {
			a := simd.Taps{Offsets: d.offsets[t:min(t+d.runs, len(d.offsets))], Run: d.run, Row: d.x.step * d.src.c, Col: 1}
			for j := part * d.width; j < min((part+1)*d.width, d.outs); j += d.panel {
				n := min(d.panel, d.outs-j)
				w := d.packed[g*d.outs*d.depth+t*d.run*d.outs+len(a.Offsets)*d.run*j:]
				for i := first; i < last; i++ {
					image, lo, hi := d.rows(d.band, i)
					a.Data = in[i-first][g*d.ins:]
					simd.GemmTapsRows(hi-lo, d.x.outputs, n, &a, d.y.step*d.band.pitch, w, n,
						d.to[d.output(image, lo)+g*d.outs+j:], d.x.apart*d.dst.c, d.y.apart*d.dst.w*d.dst.c, t > 0)
				}
			}
		}
	}
	for i := first; i < last; i++ {
		image, lo, hi := d.rows(d.band, i)
		for g := range d.groups {
			d.end.apply((image*d.y.outputs+lo)*d.x.outputs, g*d.outs+part*d.width, (hi-lo)*d.x.outputs, min(d.width, d.outs-part*d.width))
		}
	}
}

// pack stores a panel of the kernels as compute reads them: for the runs of each
// call, panels of as many outputs as are computed at a time, and in these a row
// for every tap and input.
func (d *denseSweep) pack(task int, _ []float32) {
	block, panels := d.runs*d.run, ceilDiv(d.outs, d.panel)
	g, j := task/panels, task%panels*d.panel
	n := min(d.panel, d.outs-j)
	for from := 0; from < d.depth; from += block {
		end := min(from+block, d.depth)
		to := d.packed[g*d.outs*d.depth+from*d.outs+(end-from)*j:]
		for k := from; k < end; {
			kernel, i := d.kernel(k/d.ins, d.kw), k%d.ins
			rows := min(d.ins-i, end-k)
			if d.transposed {
				simd.Transpose(to[(k-from)*n:], n, d.w[(kernel*d.outs+j)*d.src.c+g*d.ins+i:], d.src.c, n, rows)
			} else {
				copyRows(to[(k-from)*n:], n, d.w[(kernel*d.ins+i)*d.dst.c+g*d.outs+j:], d.dst.c, rows)
			}
			k += rows
		}
	}
}

// runs appends the runs in which an output sees the source. Those of a row of
// taps are one if they touch and are short; long ones are cut.
func (s *sweep) runs(offsets []int, b band) (length int, all []int) {
	ins := s.src.c / s.groups
	if s.groups == 1 && s.x.next == 1 && s.x.taps*ins <= denseDepth/2 {
		return s.x.taps * ins, multiples(offsets, s.y.taps, s.y.next*b.pitch)
	}
	length = ins
	for length > denseDepth && length%2 == 0 {
		length /= 2
	}
	for y := range s.y.taps {
		for x := range s.x.taps {
			for from := 0; from < ins; from += length {
				offsets = append(offsets, y*s.y.next*b.pitch+x*s.x.next*s.src.c+from)
			}
		}
	}
	return length, offsets
}

// denseGradW sets dw to the gradient of the kernels. A task computes a block of
// inputs and outputs of it from some of the bands.
func (s *conv) denseGradW(memory scratcher, dw, x, dy []float32) {
	const channels, panels = 128, 8 // of a block at most
	ins, outs, panel := s.c/s.groups, s.oc/s.groups, simd.GemmPanel()
	d := &denseGrad{conv: s, sweep: s.forwardSweep(), x: x, dy: dy, ins: ins, outs: min(outs, panels*panel), span: s.kw}
	if s.groups > 1 || s.horiz.Dilation > 1 || ins > channels/2 {
		d.span, d.ins = 1, ceilDiv(ins, ceilDiv(ins, channels))
	}
	d.band = d.sweep.bands(max(1, densePixels/s.ow), denseBand, d.ins)
	if d.band.copied && d.span == 1 {
		d.band.separate(s.horiz.Stride)
	}
	d.offsets = multiples(d.few[:0], d.band.rows, s.vert.Stride*d.band.pitch)
	d.down, d.across = ceilDiv(ins, d.ins), ceilDiv(outs, d.outs)
	size := d.band.size + d.band.rows*s.ow*panel
	d.sweep.sumBands(memory, d.band, s.groups*d.down*d.across, size, dw, d)
}

// A denseGrad computes the gradient of kernels in blocks.
type denseGrad struct {
	*conv
	sweep        sweep
	x, dy        []float32
	band         band
	ins, outs    int // of a block
	down, across int // blocks of a group
	span         int // taps of a row that are taken together
	offsets      []int
	few          [fewOffsets]int // memory of offsets
}

func (d *denseGrad) add(sum []float32, block, image, lo, hi int, accumulate bool, scratch []float32) {
	const closeRows = 32 // elements; rows that are farther apart compete for the same lines of the cache
	group, i, o := block/d.across/d.down, block/d.across%d.down*d.ins, block%d.across*d.outs
	ins, outs, panel := d.c/d.groups, d.oc/d.groups, simd.GemmPanel()
	rows, pixels := min(d.ins, ins-i), (hi-lo)*d.ow
	in := d.sweep.load(d.band, scratch[:d.band.size], d.x, image, lo, hi, group*ins+i)
	a := simd.Taps{Offsets: d.offsets[:hi-lo], Run: d.ow, Row: 1, Col: d.horiz.Stride * d.band.pixel}
	for j := o; j < min(o+d.outs, outs); j += panel {
		n := min(panel, outs-j)
		packed := d.dy[d.sweep.output(image, lo)+group*outs+j:]
		ld := d.oc
		if ld > closeRows {
			ld = n
			copyRows(scratch[d.band.size:], n, packed, d.oc, pixels)
			packed = scratch[d.band.size:]
		}
		for tap := 0; tap < d.kh*d.kw; tap += d.span {
			a.Data = in[tap/d.kw*d.vert.Dilation*d.band.pitch+tap%d.kw*d.horiz.Dilation*d.band.pixel:]
			simd.GemmTaps(d.span*rows, n, &a, packed, ld, sum[(tap*ins+i)*d.oc+group*outs+j:], d.oc, accumulate)
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
