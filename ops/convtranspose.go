package ops

import "autodropout/autograd"

// ConvTransposeSpec is how a transposed convolution moves: as the convolution that it
// is the gradient of.
type ConvTransposeSpec struct {
	ConvSpec

	// Extra rows and columns at the bottom and at the right, where a convolution with a
	// stride has inputs that it does not reach the end of. They are less than the
	// larger of stride and dilation.
	ExtraRows, ExtraCols int
}

// ConvTranspose2D returns the transposed convolution of images x (N, H, W, Cin) with
// kernels w (KH, KW, Cout/Groups, Cin), which is (N, OH, OW, Cout): the gradient with
// respect to its input of a convolution that takes Cout channels to Cin (Zeiler et al.
// 2010). OH is (H-1)*Stride - 2*Pad + Dilation*(KH-1) + 1 + ExtraRows, and OW likewise.
func ConvTranspose2D(x, w *autograd.Tensor, spec ConvTransposeSpec) *autograd.Tensor {
	s := newConvTranspose(x, w, spec)
	return autograd.Do(autograd.Op{
		Name:   "ops.ConvTranspose2D",
		Inputs: []*autograd.Tensor{x, w},
		Spec:   &spec,
		Shape:  []int{s.n, s.h, s.w, s.c},
		Saves:  productSaves(nil, x, w),
		Forward: func(y *autograd.Output) {
			s.gradX(y, y.Data(), 0, x.Data(), w.Data())
		},
		Backward: func(g *autograd.Grad) {
			dy := g.Dy().Data()
			if g.Needs(0) {
				s.forward(g, g.New(0).Data(), dy, w.Data(), nil)
			}
			if g.Needs(1) {
				s.gradW(g, g.New(1).Data(), dy, x.Data())
			}
		},
	})
}

// newConvTranspose returns the convolution of the result with w, which has the size of
// x.
func newConvTranspose(x, w *autograd.Tensor, spec ConvTransposeSpec) conv {
	const name = "ops.ConvTranspose2D"
	if x.Rank() != 4 || w.Rank() != 4 || spec.negative() {
		panic(autograd.NewShapeError(name, "x (N, H, W, Cin), w (KH, KW, Cout/Groups, Cin), and no negative number in the spec", x, w))
	}
	s := conv{
		n: x.Dim(0), oh: x.Dim(1), ow: x.Dim(2), oc: x.Dim(3),
		kh: w.Dim(0), kw: w.Dim(1),
		groups: max(1, spec.Groups),
	}
	s.vert, s.horiz = spec.axes()
	s.c = w.Dim(2) * s.groups
	if s.oc != w.Dim(3) || s.oc%s.groups != 0 {
		panic(autograd.NewShapeError(name, "w (KH, KW, Cout/Groups, Cin) with Cin of x and groups that divide it"+channelsFirst(x, w.Dim(3)), x, w))
	}
	if min(s.c, s.oc) < 1 {
		panic(autograd.NewShapeError(name, "images and kernels with at least one channel", x, w))
	}
	s.h, s.w = s.vert.inputs(s.oh, s.kh)+spec.ExtraRows, s.horiz.inputs(s.ow, s.kw)+spec.ExtraCols
	if min(s.oh, s.ow, s.kh, s.kw, s.h, s.w) < 1 || !s.vert.allows(spec.ExtraRows) || !s.horiz.allows(spec.ExtraCols) {
		panic(autograd.NewShapeError(name, "images and kernels that give at least one pixel, and fewer extra rows and columns than the stride or the dilation", x, w))
	}
	return s
}

// inputs returns the least length along an axis for a window of size taps to have so
// many places.
func (a ConvAxis) inputs(outputs, size int) int {
	return (outputs-1)*a.Stride - 2*a.Pad + a.Dilation*(size-1) + 1
}

// allows reports whether an axis may be that much longer.
func (a ConvAxis) allows(extra int) bool {
	return extra >= 0 && extra < max(a.Stride, a.Dilation, 1) || extra == 0
}

// Conv1D returns the convolution of sequences x (N, T, Cin) with kernels w
// (K, Cin/Groups, Cout), which is (N, OT, Cout), with OT as OH of [Conv2D].
func Conv1D(x, w *autograd.Tensor, spec ConvSpec) *autograd.Tensor {
	if x.Rank() != 3 || w.Rank() != 3 || spec.Across != nil {
		panic(autograd.NewShapeError("ops.Conv1D", "x (N, T, Cin) and w (K, Cin/Groups, Cout), without Across", x, w))
	}
	along := spec
	along.Stride, along.Pad, along.Dilation = 1, 0, 1
	along.Across = &ConvAxis{Stride: spec.Stride, Pad: spec.Pad, Dilation: spec.Dilation}
	y := Conv2D(Reshape(x, x.Dim(0), 1, x.Dim(1), x.Dim(2)), Reshape(w, 1, w.Dim(0), w.Dim(1), w.Dim(2)), along)
	return Reshape(y, y.Dim(0), y.Dim(2), y.Dim(3))
}
