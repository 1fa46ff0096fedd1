package ops

import "autodropout/internal/parallel"

// images are the sizes of the images of a tensor (N, H, W, C).
type images struct{ h, w, c int }

// A sweep moves a kernel over images: output (row, col) of a lattice of pixels
// is the sum over the taps of the source's pixel (row*step+y, col*step+x), with the step of each axis, where
// (y, x) is the tap's place, times what the kernel has for the tap.
//
// The forward pass of a convolution is one sweep. The gradient of the input is
// one for every class of pixels that meet the same taps, which are as many as
// the product of the strides.
type sweep struct {
	n        int
	src, dst images
	groups   int
	y, x     axis
}

// An axis is one dimension of a sweep.
type axis struct {
	step    int // from what an output sees to what the next one sees
	outputs int // of the lattice, in an image
	first   int // place of the first output among the destination's
	apart   int // distance of outputs there
	taps    int
	place   int // of the first tap
	next    int // from the place of a tap to that of the next
	kernel  int // which of the kernel's elements the first tap takes
	kernels int // from the element of a tap to that of the next
}

// span is the distance from the first tap to the last, and one.
func (a axis) span() int { return (a.taps-1)*a.next + 1 }

// forwardSweep returns the sweep from x to y.
func (s *conv) forwardSweep() sweep {
	along := func(a ConvAxis, outputs, taps int) axis {
		return axis{step: a.Stride, outputs: outputs, apart: 1, taps: taps, place: -a.Pad, next: a.Dilation, kernels: 1}
	}
	return sweep{
		n: s.n, src: images{s.h, s.w, s.c}, dst: images{s.oh, s.ow, s.oc}, groups: s.groups,
		y: along(s.vert, s.oh, s.kh), x: along(s.horiz, s.ow, s.kw),
	}
}

// backwardSweep returns the sweep from dy to the pixels of dx whose row and
// column leave the remainders y and x when divided by the strides.
func (s *conv) backwardSweep(y, x int) sweep {
	return sweep{
		n: s.n, src: images{s.oh, s.ow, s.oc}, dst: images{s.h, s.w, s.c}, groups: s.groups,
		y: s.vert.backward(y, s.h, s.kh), x: s.horiz.backward(x, s.w, s.kw),
	}
}

// backward has the taps k for which an output lies at (i+pad-k*dilation)/stride
// without remainder, in descending order of k and ascending order of places.
func (c ConvAxis) backward(first, length, taps int) axis {
	a := axis{step: 1, outputs: max(0, ceilDiv(length-first, c.Stride)), first: first, apart: c.Stride, next: 1}
	for k := taps - 1; k >= 0; k-- {
		at := first + c.Pad - k*c.Dilation
		if at%c.Stride != 0 {
			continue
		}
		at /= c.Stride
		switch a.taps {
		case 0:
			a.place, a.kernel = at, k
		case 1:
			a.next, a.kernels = at-a.place, k-a.kernel
		}
		a.taps++
	}
	return a
}

// taps is the number of all taps.
func (s *sweep) taps() int { return s.y.taps * s.x.taps }

// kernel returns which of a kernel's elements, in rows of kw, tap t takes.
func (s *sweep) kernel(t, kw int) int {
	row, col := t/s.x.taps, t%s.x.taps
	return (s.y.kernel+row*s.y.kernels)*kw + s.x.kernel + col*s.x.kernels
}

// A band is a number of rows of outputs of an image, with some channels of the
// part of the source that they see. If some of that lies outside of the image,
// it is a copy with zeros there.
type band struct {
	rows, perImage int // of outputs; bands of an image
	copied         bool
	channels       int
	pixel, pitch   int // distances of pixels and of rows of the source, in elements
	size           int // of the copy
}

// bands cuts the images into bands of at most limit rows, and so many channels,
// whose copies, if need be, have at most about size elements.
func (s *sweep) bands(limit, size, channels int) band {
	b := band{channels: channels, pixel: s.src.c, pitch: s.src.w * s.src.c}
	b.copied = !s.y.inside(s.src.h) || !s.x.inside(s.src.w)
	if b.copied {
		b.pixel, b.pitch = channels, ((s.x.outputs-1)*s.x.step+s.x.span())*channels
	}
	fitting := (size/max(1, b.pitch)-s.y.span())/s.y.step + 1
	b.rows = max(1, min(limit, fitting, s.y.outputs))
	b.perImage = ceilDiv(s.y.outputs, b.rows)
	b.rows = ceilDiv(s.y.outputs, b.perImage)
	b.perImage = ceilDiv(s.y.outputs, b.rows) // no band is empty
	if b.copied {
		b.size = ((b.rows-1)*s.y.step + s.y.span()) * b.pitch
	}
	return b
}

// separate moves the pixels of the copy so far apart that those which lie step
// pixels from each other do not compete for the same lines of the cache: an odd
// number of lines.
func (b *band) separate(step int) {
	const line = 16
	from := b.pixel
	b.pixel = (from + line - 1) &^ (line - 1)
	switch {
	case step%2 == 0:
		b.pixel += line / 2
	case b.pixel/line%2 == 0:
		b.pixel += line
	}
	b.pitch, b.size = b.pitch/from*b.pixel, b.size/from*b.pixel
}

// inside reports whether nothing outside of an image of that length is seen.
func (a axis) inside(length int) bool {
	before, behind := a.missing(length)
	return before+behind == 0
}

// padded returns the sweep over images that are large enough, and these: copies
// with zeros around them.
func (s sweep) padded(memory scratcher, src []float32) (sweep, []float32) {
	top, bottom := s.y.missing(s.src.h)
	left, right := s.x.missing(s.src.w)
	from, c := s.src, s.src.c
	s.src.h, s.src.w = top+from.h+bottom, left+from.w+right
	s.y.place, s.x.place = s.y.place+top, s.x.place+left
	dst := memory.Scratch(s.n * s.src.h * s.src.w * c)
	parallel.For(s.n*s.src.h, func(row int) {
		line := dst[row*s.src.w*c:][:s.src.w*c]
		image, y := row/s.src.h, row%s.src.h-top
		if y < 0 || y >= from.h {
			clear(line)
			return
		}
		clear(line[:left*c])
		copy(line[left*c:], src[(image*from.h+y)*from.w*c:][:from.w*c])
		clear(line[(left+from.w)*c:])
	})
	return s, dst
}

// missing returns how much would have to be before and behind an image of that
// length.
func (a axis) missing(length int) (before, behind int) {
	return max(0, -a.place), max(0, a.place+(a.outputs-1)*a.step+a.span()-length)
}

// rows returns the image of a band, counted over all images, and its rows
// [lo, hi).
func (s *sweep) rows(b band, index int) (image, lo, hi int) {
	lo = index % b.perImage * b.rows
	return index / b.perImage, lo, min(lo+b.rows, s.y.outputs)
}

// load returns where the first of what rows [lo, hi) of an image see, from a
// channel on, is in src, or in the copy that it makes in scratch.
func (s *sweep) load(b band, scratch, src []float32, image, lo, hi, channel int) []float32 {
	c := s.src.c
	top, left := lo*s.y.step+s.y.place, s.x.place
	src = src[image*s.src.h*s.src.w*c:][:s.src.h*s.src.w*c]
	if !b.copied {
		return src[(top*s.src.w+left)*c+channel:]
	}
	width := b.pitch / b.pixel
	from, to := min(max(0, left), s.src.w), max(0, min(left+width, s.src.w))
	for row := range (hi-1-lo)*s.y.step + s.y.span() {
		line := scratch[row*b.pitch:][:b.pitch]
		y := top + row
		if y < 0 || y >= s.src.h || from >= to {
			clear(line)
			continue
		}
		clear(line[:(from-left)*b.pixel])
		pixels := line[(from-left)*b.pixel : (to-left)*b.pixel]
		if b.pixel == c && b.channels == c {
			copy(pixels, src[(y*s.src.w+from)*c:])
		} else {
			for x := range to - from {
				copy(pixels[x*b.pixel:][:b.channels], src[(y*s.src.w+from+x)*c+channel:])
			}
		}
		clear(line[(to-left)*b.pixel:])
	}
	return scratch
}

// A bandAdder computes what bands contribute to the gradient of kernels, which
// it does in blocks.
type bandAdder interface {
	// add adds to a block of sum, or sets it to, what rows [lo, hi) of an image
	// contribute.
	add(sum []float32, block, image, lo, hi int, accumulate bool, scratch []float32)
}

// sumBands sets dw to the sum over all bands of what adder computes of them, in
// so many blocks, with size elements to work with, on all cores.
func (s *sweep) sumBands(memory scratcher, b band, blocks, size int, dw []float32, adder bandAdder) {
	const maxElements = 1 << 24 // of all partial sums
	t := &bandSum{adder: adder, sweep: s, band: b, bands: s.n * b.perImage, blocks: blocks, size: len(dw), partial: dw}
	parts := max(1, min(ceilDiv(tasks, blocks), t.bands, maxElements/len(dw)))
	t.length = ceilDiv(t.bands, parts)
	parts = max(1, ceilDiv(t.bands, max(1, t.length))) // no part is empty
	if parts > 1 {
		t.partial = memory.Scratch(parts * len(dw))
	}
	parallel.Each(parts*blocks, size, t, (*bandSum).part)
	if parts > 1 {
		addParts(dw, t.partial, parts)
	}
}

// A bandSum is a sum over bands, which is cut into parts.
type bandSum struct {
	adder   bandAdder
	sweep   *sweep
	band    band
	bands   int
	length  int // bands of a part
	blocks  int
	size    int       // elements of the sum
	partial []float32 // sums, by part
}

// part computes a block of a part.
func (t *bandSum) part(task int, scratch []float32) {
	part, block := task/t.blocks, task%t.blocks
	for i := part * t.length; i < min((part+1)*t.length, t.bands); i++ {
		image, lo, hi := t.sweep.rows(t.band, i)
		t.adder.add(t.partial[part*t.size:][:t.size], block, image, lo, hi, i > part*t.length, scratch)
	}
}

// output returns the place of the first pixel of a row of outputs in the
// destination.
func (s *sweep) output(image, row int) int {
	return ((image*s.dst.h+s.y.first+row*s.y.apart)*s.dst.w + s.x.first) * s.dst.c
}

// clear sets all outputs to 0.
func (s sweep) clear(dst []float32) {
	parallel.For(s.n, func(image int) {
		for row := range s.y.outputs {
			for x := range s.x.outputs {
				clear(dst[s.output(image, row)+x*s.x.apart*s.dst.c:][:s.dst.c])
			}
		}
	})
}

// multiples appends the first n multiples of step, from 0 on.
func multiples(offsets []int, n, step int) []int {
	for i := range n {
		offsets = append(offsets, i*step)
	}
	return offsets
}
