package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// A Mask sets the bits of keep, one for each element of a tensor in memory order,
// bit i mod 32 of word i/32 for element i: 1 keeps the element. It writes every
// word, which is uninitialised before; bits behind the last element are ignored.
// It returns the factor that the kept elements are multiplied by, which is never
// negative.
type Mask func(keep []uint32) (factor float32)

// Dropout multiplies the elements of x that mask keeps by its factor and sets the
// others to 0. The mask is called once; the backward pass uses the same bits.
func Dropout(x *autograd.Tensor, mask Mask) *autograd.Tensor {
	d := &dropout{inputs: [...]*autograd.Tensor{x}, fill: mask}
	return autograd.Do(autograd.Op{Name: "ops.Dropout", Inputs: d.inputs[:], Shape: x.Shape(), Passes: d})
}

// dropout is one dropout of its input.
type dropout struct {
	inputs [1]*autograd.Tensor
	fill   Mask
	mask   masking
}

func (d *dropout) Forward(y *autograd.Output) {
	d.mask.bits = y.KeepBits(y.Len())
	d.mask.factor = d.fill(d.mask.bits)
	d.mask.run(y.Data(), d.inputs[0].Data())
}

func (d *dropout) Backward(g *autograd.Grad) { d.mask.run(g.New(0).Data(), g.Dy().Data()) }

// masking multiplies by factor where a bit is set and by 0 elsewhere.
type masking struct {
	bits     []uint32
	factor   float32
	dst, src []float32
}

func (m *masking) run(dst, src []float32) {
	m.dst, m.src = dst, src
	parallel.EachRange(len(dst), grain, 0, m, (*masking).part)
}

func (m *masking) part(lo, hi int, _ []float32) {
	simd.MaskScale(m.dst[lo:hi], m.src[lo:hi], m.bits[lo/32:], m.factor)
}
