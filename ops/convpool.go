package ops

import (
	"autodropout/autograd"
)

// Conv2DMaxPool returns the maxima over the windows of pool of the convolution of x with w,
// see [Conv2D] and [MaxPool2D]. Where a convolution by Winograd's algorithm comes before
// windows of 2x2 pixels without padding, each maximum is taken where the convolution has just
// written: the convolution's output, four times as large, is never in memory, and neither is
// its gradient.
func Conv2DMaxPool(x, w *autograd.Tensor, conv ConvSpec, pool PoolSpec) *autograd.Tensor {
	s := newPooledConv(newConv("ops.Conv2DMaxPool", x, w, conv), pool)
	if s == nil {
		return MaxPool2D(Conv2D(x, w, conv), pool)
	}
	s.Conv, s.Pool = conv, PoolSpec{Size: 2, Stride: 2}
	s.inputs = [...]*autograd.Tensor{x, w}
	s.shape = [...]int{s.n, s.oh / 2, s.ow / 2, s.oc}
	return autograd.Do(autograd.Op{
		Name:   "ops.Conv2DMaxPool",
		Inputs: s.inputs[:],
		Spec:   &s.Conv2DMaxPoolArgs,
		Shape:  s.shape[:],
		Saves:  productSaves(s.saves[:0], x, w),
		Passes: s,
	})
}

// pooledConv is a convolution of its inputs, x and w, whose maxima over squares of 2x2
// pixels are all that is wanted. It has no row and no column that is in no square.
type pooledConv struct {
	conv
	Conv2DMaxPoolArgs
	inputs, saves [2]*autograd.Tensor
	shape         [4]int
	from          []byte // which pixel of its square each maximum comes from
}

// newPooledConv returns nil where the operations are to run one by one.
func newPooledConv(s conv, pool PoolSpec) *pooledConv {
	if pool.Size != 2 || pool.Pad != 0 || pool.Stride != 0 && pool.Stride != 2 {
		return nil
	}
	s.oh, s.ow = s.oh&^1, s.ow&^1
	if s.winograd() == nil {
		return nil
	}
	if back := s.reverse(); back.winograd() == nil {
		return nil
	}
	return &pooledConv{conv: s}
}

func (s *pooledConv) Forward(y *autograd.Output) {
	s.from = y.KeepBytes(y.Len())
	t := s.winograd()
	t.outputFrom = s.from
	t.forward(y, y.Data(), s.inputs[0].Data(), s.inputs[1].Data(), nil)
}

func (s *pooledConv) Backward(g *autograd.Grad) {
	dy := g.Dy().Data()
	if g.Needs(0) {
		back := s.reverse()
		t := back.winograd()
		t.flipped, t.inputFrom = true, s.from
		t.forward(g, g.New(0).Data(), dy, s.inputs[1].Data(), nil)
	}
	if g.Needs(1) {
		t := s.winograd()
		t.outputFrom = s.from
		t.gradW(g, g.New(1).Data(), s.inputs[0].Data(), dy)
	}
}
