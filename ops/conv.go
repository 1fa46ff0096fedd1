package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// ConvSpec is how a convolution moves over its input. The zero value is a dense
// convolution with stride 1 and without padding.
type ConvSpec struct {
	Stride   int // of the outputs, in pixels; 0 means 1
	Pad      int // rows and columns of zeros on each side
	Dilation int // distance of the taps, in pixels; 0 means 1
	Groups   int // into which the channels fall; 0 means 1

	// Across is how the kernel moves along the rows of an image, where that is not
	// how it moves down the columns; nil means that it is.
	Across *ConvAxis
}

// ConvAxis is how a convolution moves along one axis, as in [ConvSpec].
type ConvAxis struct{ Stride, Pad, Dilation int }

// axes returns how the kernel moves down and across, without zeros that mean 1.
func (s ConvSpec) axes() (down, across ConvAxis) {
	down = ConvAxis{s.Stride, s.Pad, s.Dilation}
	across = down
	if s.Across != nil {
		across = *s.Across
	}
	for _, a := range []*ConvAxis{&down, &across} {
		a.Stride, a.Dilation = max(1, a.Stride), max(1, a.Dilation)
	}
	return down, across
}

// negative reports whether a number is below 0.
func (s ConvSpec) negative() bool {
	across := ConvAxis{}
	if s.Across != nil {
		across = *s.Across
	}
	return min(s.Stride, s.Pad, s.Dilation, s.Groups, across.Stride, across.Pad, across.Dilation) < 0
}

// Conv2D returns the convolution (cross-correlation, as everywhere in deep
// learning) of images x (N, H, W, Cin) with kernels w (KH, KW, Cin/Groups, Cout),
// which is (N, OH, OW, Cout). OH is (H + 2*Pad - Dilation*(KH-1) - 1)/Stride + 1
// rounded down, and OW likewise.
func Conv2D(x, w *autograd.Tensor, spec ConvSpec) *autograd.Tensor {
	s := &convolution{conv: newConv("ops.Conv2D", x, w, spec), spec: spec, inputs: [...]*autograd.Tensor{x, w}}
	s.shape = [...]int{s.n, s.oh, s.ow, s.oc}
	return autograd.Do(autograd.Op{
		Name:   "ops.Conv2D",
		Inputs: s.inputs[:],
		Spec:   &s.spec,
		Shape:  s.shape[:],
		Saves:  productSaves(s.saves[:0], x, w),
		Passes: s,
	})
}

// convolution is one convolution of x with w, its inputs.
type convolution struct {
	conv
	spec          ConvSpec
	inputs, saves [2]*autograd.Tensor
	shape         [4]int
}

func (s *convolution) Forward(y *autograd.Output) {
	s.forward(y, y.Data(), s.inputs[0].Data(), s.inputs[1].Data(), nil)
}

func (s *convolution) Backward(g *autograd.Grad) {
	dy := g.Dy().Data()
	if g.Needs(0) {
		dx, beta := s.whereGradX(g)
		s.gradX(g, dx, beta, dy, s.inputs[1].Data())
	}
	if g.Needs(1) {
		s.gradW(g, g.New(1).Data(), s.inputs[0].Data(), dy)
	}
}

// conv is the geometry of a convolution.
type conv struct {
	n, h, w, c  int // input images
	kh, kw      int // kernel
	oh, ow, oc  int // output images
	vert, horiz ConvAxis
	groups      int
}

func newConv(op string, x, w *autograd.Tensor, spec ConvSpec) conv {
	if x.Rank() != 4 || w.Rank() != 4 || spec.negative() {
		panic(autograd.NewShapeError(op, "x (N, H, W, Cin), w (KH, KW, Cin/Groups, Cout), and no negative number in the spec", x, w))
	}
	s := conv{
		n: x.Dim(0), h: x.Dim(1), w: x.Dim(2), c: x.Dim(3),
		kh: w.Dim(0), kw: w.Dim(1), oc: w.Dim(3),
		groups: max(1, spec.Groups),
	}
	s.vert, s.horiz = spec.axes()
	if s.c%s.groups != 0 || s.oc%s.groups != 0 || w.Dim(2) != s.c/s.groups {
		panic(autograd.NewShapeError(op, "w (KH, KW, Cin/Groups, Cout) with Cin of x and groups that divide Cin and Cout"+channelsFirst(x, w.Dim(2)*s.groups), x, w))
	}
	if min(s.c, s.oc) < 1 {
		panic(autograd.NewShapeError(op, "images and kernels with at least one channel", x, w))
	}
	s.oh, s.ow = s.vert.outputs(s.h, s.kh), s.horiz.outputs(s.w, s.kw)
	if s.oh < 1 || s.ow < 1 || s.kh < 1 || s.kw < 1 {
		panic(autograd.NewShapeError(op, "a kernel that fits into the padded images", x, w))
	}
	return s
}

// outputs returns how many places a window of size taps has along an axis.
func (a ConvAxis) outputs(length, size int) int {
	room := length + 2*a.Pad - a.Dilation*(size-1) - 1
	if room < 0 {
		return 0
	}
	return room/a.Stride + 1
}

// pixels is the number of output pixels of all images.
func (s *conv) pixels() int { return s.n * s.oh * s.ow }

// pointwise reports whether the convolution is a plain matrix product, of the
// pixels that [conv.sampled] returns.
func (s *conv) pointwise() bool {
	whole := s.vert.outputs(s.h, 1) == s.oh && s.horiz.outputs(s.w, 1) == s.ow // not so for some that are transposed
	return s.kh == 1 && s.kw == 1 && s.vert.Pad == 0 && s.horiz.Pad == 0 && s.groups == 1 && whole
}

// strides reports whether outputs are farther apart than one pixel.
func (s *conv) strides() bool { return s.vert.Stride > 1 || s.horiz.Stride > 1 }

// sampled returns the pixels of x that a pointwise convolution sees.
func (s *conv) sampled(memory scratcher, x []float32) []float32 {
	if !s.strides() {
		return x
	}
	p := &sampling{s, x, memory.Scratch(s.pixels() * s.c), false}
	parallel.Each(s.n*s.oh, 0, p, (*sampling).take)
	return p.seen
}

// spread sets dx to the pixels of seen where [conv.sampled] found them, and
// zeros elsewhere, or adds that to dx.
func (s *conv) spread(dx, seen []float32, adds bool) {
	parallel.Each(s.n*s.h, 0, &sampling{s, dx, seen, adds}, (*sampling).put)
}

// A sampling has all pixels of images and those that a pointwise convolution
// sees.
type sampling struct {
	*conv
	all, seen []float32
	adds      bool
}

// take copies what a row of outputs sees.
func (p *sampling) take(row int, _ []float32) {
	from := p.all[(row/p.oh*p.h+row%p.oh*p.vert.Stride)*p.w*p.c:]
	copyRows(p.seen[row*p.ow*p.c:], p.c, from, p.horiz.Stride*p.c, p.ow)
}

// put sets a row of all pixels, or adds to it.
func (p *sampling) put(row int, _ []float32) {
	to := p.all[row*p.w*p.c:][:p.w*p.c]
	if !p.adds {
		clear(to)
	}
	image, y := row/p.h, row%p.h
	if y%p.vert.Stride != 0 {
		return
	}
	from := p.seen[(image*p.oh+y/p.vert.Stride)*p.ow*p.c:]
	if p.adds {
		simd.Fetch(to, p.horiz.Stride*p.c, p.c, p.ow) // one after the other, the sums would wait for each
	}
	for x := range p.ow {
		pixel, seen := to[x*p.horiz.Stride*p.c:][:p.c], from[x*p.c:][:p.c]
		if p.adds {
			simd.Add(pixel, pixel, seen)
		} else {
			copy(pixel, seen)
		}
	}
}

// forward sets y to the convolution of x with w, and then does to it what end says.
func (s *conv) forward(memory former, y, x, w []float32, end *rowEnd) {
	if t := s.winograd(); t != nil {
		t.forward(memory, y, x, w, end)
		return
	}
	s.forwardDirect(memory, y, x, w, end)
}

func (s *conv) forwardDirect(memory former, y, x, w []float32, end *rowEnd) {
	sweep := s.forwardSweep()
	switch {
	case len(y) == 0:
	case s.pointwise():
		gemmWeights(memory, false, s.pixels(), s.oc, s.c, s.sampled(memory, x), w, y, end)
	case s.gathers():
		s.gatheredForward(memory, y, x, w, end)
	case s.depthwise():
		sweep.depthwise(memory, y, x, w, s.kw, end)
	default:
		sweep.dense(memory, y, x, kernels{w: w, kw: s.kw}, end)
	}
}

// whereGradX returns where gradX is to write the gradient of input 0, and its beta.
func (s *conv) whereGradX(g *autograd.Grad) (dx []float32, beta float32) {
	if s.pointwise() {
		return addInPlace(g, 0)
	}
	return g.New(0).Data(), 0
}

// gradX sets dx to the gradient of the input. A pointwise convolution takes a beta
// of 1, to add it to what is there.
func (s *conv) gradX(memory former, dx []float32, beta float32, dy, w []float32) {
	if s.pointwise() && !s.strides() {
		gemm(false, true, s.pixels(), s.c, s.oc, dy, s.oc, w, s.oc, beta, dx, s.c)
		return
	}
	if s.pointwise() {
		seen := memory.Scratch(s.pixels() * s.c)
		gemm(false, true, s.pixels(), s.c, s.oc, dy, s.oc, w, s.oc, 0, seen, s.c)
		s.spread(dx, seen, beta != 0)
		return
	}
	if !s.strides() {
		back := s.reverse()
		if t := back.winograd(); t != nil {
			t.flipped = true
			t.forward(memory, dx, dy, w, nil)
			return
		}
	}
	s.gradXDirect(memory, dx, dy, w)
}

// gradXDirect gathers, or sweeps over dy once for each class of pixels that meet
// the same taps.
func (s *conv) gradXDirect(memory former, dx, dy, w []float32) {
	if s.gathers() {
		s.gatheredGradX(memory, dx, dy, w)
		return
	}
	for class := range s.vert.Stride * s.horiz.Stride {
		sweep := s.backwardSweep(class/s.horiz.Stride, class%s.horiz.Stride)
		switch {
		case sweep.taps() == 0:
			sweep.clear(dx)
		case len(dx) == 0 || sweep.y.outputs*sweep.x.outputs == 0:
		case s.depthwise():
			sweep.depthwise(memory, dx, dy, w, s.kw, nil)
		default:
			sweep.dense(memory, dx, dy, kernels{w, s.kw, true}, nil)
		}
	}
}

// reverse returns the convolution with flipped kernels that takes dy to dx. The
// stride is 1.
func (s *conv) reverse() conv {
	around := func(a ConvAxis, taps int) ConvAxis {
		a.Pad = a.Dilation*(taps-1) - a.Pad
		return a
	}
	return conv{
		n: s.n, h: s.oh, w: s.ow, c: s.oc,
		kh: s.kh, kw: s.kw,
		oh: s.h, ow: s.w, oc: s.c,
		vert: around(s.vert, s.kh), horiz: around(s.horiz, s.kw), groups: s.groups,
	}
}

// gradW sets dw to the gradient of the kernels.
func (s *conv) gradW(memory scratcher, dw, x, dy []float32) {
	if s.pointwise() {
		gemmReduce(memory, s.c, s.oc, s.pixels(), s.sampled(memory, x), s.c, dy, s.oc, dw)
		return
	}
	if t := s.winograd(); t != nil {
		t.gradW(memory, dw, x, dy)
		return
	}
	switch {
	case s.pixels() == 0:
		clear(dw)
	case s.gathers():
		s.gatheredGradW(memory, dw, x, dy)
	case s.depthwise():
		s.depthwiseGradW(memory, dw, x, dy)
	default:
		s.denseGradW(memory, dw, x, dy)
	}
}
