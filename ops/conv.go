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
}

// Conv2D returns the convolution (cross-correlation, as everywhere in deep
// learning) of images x (N, H, W, Cin) with kernels w (KH, KW, Cin/Groups, Cout),
// which is (N, OH, OW, Cout). OH is (H + 2*Pad - Dilation*(KH-1) - 1)/Stride + 1
// rounded down, and OW likewise.
func Conv2D(x, w *autograd.Tensor, spec ConvSpec) *autograd.Tensor {
	s := newConv(x, w, spec)
	return autograd.Do(autograd.Op{
		Name:    "ops.Conv2D",
		Inputs:  []*autograd.Tensor{x, w},
		Shape:   []int{s.n, s.oh, s.ow, s.oc},
		Saves:   productSaves(x, w),
		Forward: func(y *autograd.Tensor) { s.forward(y, y.Data(), x.Data(), w.Data()) },
		Backward: func(g *autograd.Grad) {
			dy := g.Dy().Data()
			if g.Needs(0) {
				s.gradX(g, g.New(0).Data(), dy, w.Data())
			}
			if g.Needs(1) {
				s.gradW(g, g.New(1).Data(), x.Data(), dy)
			}
		},
	})
}

// conv is the geometry of a convolution.
type conv struct {
	n, h, w, c       int // input images
	kh, kw           int // kernel
	oh, ow, oc       int // output images
	padY, padX       int
	stride, dilation int
	groups           int
}

func newConv(x, w *autograd.Tensor, spec ConvSpec) conv {
	if x.Rank() != 4 || w.Rank() != 4 {
		panic(autograd.NewShapeError("ops.Conv2D", "x (N, H, W, Cin) and w (KH, KW, Cin/Groups, Cout)", x, w))
	}
	s := conv{
		n: x.Dim(0), h: x.Dim(1), w: x.Dim(2), c: x.Dim(3),
		kh: w.Dim(0), kw: w.Dim(1), oc: w.Dim(3),
		padY: spec.Pad, padX: spec.Pad,
		stride: max(1, spec.Stride), dilation: max(1, spec.Dilation), groups: max(1, spec.Groups),
	}
	if s.c%s.groups != 0 || s.oc%s.groups != 0 || w.Dim(2) != s.c/s.groups {
		panic(autograd.NewShapeError("ops.Conv2D", "w (KH, KW, Cin/Groups, Cout) with Cin of x and groups that divide Cin and Cout", x, w))
	}
	s.oh = outputs(s.h, s.kh, s.stride, s.padY, s.dilation)
	s.ow = outputs(s.w, s.kw, s.stride, s.padX, s.dilation)
	if s.oh < 1 || s.ow < 1 || s.kh < 1 || s.kw < 1 {
		panic(autograd.NewShapeError("ops.Conv2D", "a kernel that fits into the padded images", x, w))
	}
	return s
}

// outputs returns how many places a window of size taps has along an axis.
func outputs(length, size, stride, pad, dilation int) int {
	room := length + 2*pad - dilation*(size-1) - 1
	if room < 0 {
		return 0
	}
	return room/stride + 1
}

// pixels is the number of output pixels of all images.
func (s *conv) pixels() int { return s.n * s.oh * s.ow }

// pointwise reports whether the convolution is a plain matrix product.
func (s *conv) pointwise() bool {
	return s.kh == 1 && s.kw == 1 && s.stride == 1 && s.padY == 0 && s.padX == 0 && s.groups == 1
}

// gatherRows is the number of output pixels that one task gathers the inputs
// of: few enough for the second-level cache, and enough for an efficient product
// with kernels that do not fit into it.
func (s *conv) gatherRows() int {
	const cached = 1 << 18 // elements
	k := s.kh * s.kw * (s.c / s.groups)
	least := 96
	if k*s.oc > cached {
		least = 192
	}
	return min(max(cached/max(1, k), least), 256, s.pixels())
}

// forward sets y to the convolution of x with w.
func (s *conv) forward(memory scratcher, y, x, w []float32) {
	if t := s.winograd(); t != nil {
		t.forward(memory, y, x, w)
		return
	}
	s.forwardDirect(y, x, w)
}

func (s *conv) forwardDirect(y, x, w []float32) {
	if s.pointwise() {
		gemm(false, false, s.pixels(), s.oc, s.c, x, s.c, w, s.oc, 0, y, s.oc)
		return
	}
	rows := s.gatherRows()
	if rows == 0 {
		return
	}
	outs := s.oc / s.groups
	k := s.kh * s.kw * (s.c / s.groups)
	parallel.ForScratch(ceilDiv(s.pixels(), rows), rows*k+simd.GemmWork(rows, outs, k), func(task int, scratch []float32) {
		columns, work := scratch[:rows*k], scratch[rows*k:]
		lo, hi := task*rows, min((task+1)*rows, s.pixels())
		for group := range s.groups {
			s.gather(columns, x, group, lo, hi, 0, s.kh)
			simd.Gemm(false, false, hi-lo, outs, k,
				1, columns, k, w[group*outs:], s.oc, 0, y[lo*s.oc+group*outs:], s.oc, work)
		}
	})
}

// gradX sets dx to the gradient of the input.
func (s *conv) gradX(g *autograd.Grad, dx, dy, w []float32) {
	switch {
	case s.pointwise():
		gemm(false, true, s.pixels(), s.c, s.oc, dy, s.oc, w, s.oc, 0, dx, s.c)
	case s.stride == 1:
		flipped := g.Scratch(len(w))
		s.flip(flipped, w)
		back := s.reverse()
		back.forward(g, dx, dy, flipped)
	default:
		s.scatterX(dx, dy, w)
	}
}

// reverse returns the convolution with flipped kernels that takes dy to dx. The
// stride is 1.
func (s *conv) reverse() conv {
	return conv{
		n: s.n, h: s.oh, w: s.ow, c: s.oc,
		kh: s.kh, kw: s.kw,
		oh: s.h, ow: s.w, oc: s.c,
		padY: s.dilation*(s.kh-1) - s.padY, padX: s.dilation*(s.kw-1) - s.padX,
		stride: 1, dilation: s.dilation, groups: s.groups,
	}
}

// flip sets dst (KH, KW, Cout/groups, Cin) to the kernels of [conv.reverse].
func (s *conv) flip(dst, w []float32) {
	const rows = 64 // inputs of a task
	ins, outs := s.c/s.groups, s.oc/s.groups
	taps, blocks := s.kh*s.kw, ceilDiv(ins, rows)
	parallel.For(taps*s.groups*blocks, func(task int) {
		tap, group, in := task/blocks/s.groups, task/blocks%s.groups, task%blocks*rows
		simd.Transpose(dst[(taps-1-tap)*outs*s.c+group*ins+in:], s.c,
			w[(tap*ins+in)*s.oc+group*outs:], s.oc, min(rows, ins-in), outs)
	})
}

// scatterX sets dx by adding up, for every output pixel, the gradients of the
// inputs it saw. Images are independent.
func (s *conv) scatterX(dx, dy, w []float32) {
	outs := s.oc / s.groups
	k := s.kh * s.kw * (s.c / s.groups)
	places := s.oh * s.ow
	rows := min(s.gatherRows(), places)
	image := s.h * s.w * s.c
	parallel.ForScratch(s.n, rows*k+simd.GemmWork(rows, k, outs), func(i int, scratch []float32) {
		columns, work := scratch[:rows*k], scratch[rows*k:]
		clear(dx[i*image : (i+1)*image])
		for lo := i * places; lo < (i+1)*places; lo += rows {
			hi := min(lo+rows, (i+1)*places)
			for group := range s.groups {
				simd.Gemm(false, true, hi-lo, k, outs,
					1, dy[lo*s.oc+group*outs:], s.oc, w[group*outs:], s.oc, 0, columns, k, work)
				s.scatter(dx, columns, group, lo, hi)
			}
		}
	})
}

// gradW sets dw to the gradient of the kernels. A task computes one row of taps
// over a range of the output pixels.
func (s *conv) gradW(g *autograd.Grad, dw, x, dy []float32) {
	if s.pointwise() {
		gemmReduce(g, s.c, s.oc, s.pixels(), x, s.c, dy, s.oc, dw)
		return
	}
	if t := s.winograd(); t != nil {
		t.gradW(g, dw, x, dy)
		return
	}
	const rows = 256 // output pixels gathered at a time
	ins, outs := s.c/s.groups, s.oc/s.groups
	k := s.kw * ins
	parts := splits(s.pixels(), len(dw), ceilDiv(tasks, s.kh))
	length := ceilDiv(s.pixels(), parts)
	partial := dw
	if parts > 1 {
		partial = g.Scratch(parts * len(dw))
	}
	parallel.ForScratch(parts*s.kh, rows*k+simd.GemmWork(k, outs, rows), func(task int, scratch []float32) {
		columns, work := scratch[:rows*k], scratch[rows*k:]
		part, ky := task/s.kh, task%s.kh
		sum := partial[part*len(dw)+ky*k*s.oc:][:k*s.oc]
		clear(sum)
		end := min((part+1)*length, s.pixels())
		for lo := part * length; lo < end; lo += rows {
			hi := min(lo+rows, end)
			for group := range s.groups {
				s.gather(columns, x, group, lo, hi, ky, ky+1)
				simd.Gemm(true, false, k, outs, hi-lo,
					1, columns, k, dy[lo*s.oc+group*outs:], s.oc, 1, sum[group*outs:], s.oc, work)
			}
		}
	})
	if parts > 1 {
		addParts(dw, partial, parts)
	}
}
