package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// Dropout keeps some elements of x, times a factor, and sets the others to 0.
// fill sets the bits of the kept elements, bit i mod 32 of word i/32 for element
// i (least significant first), and returns the factor. It must write every word
// of keep, which is uninitialised; bits behind the last element are ignored. It
// is called once; the backward pass uses the same bits.
func Dropout(x *autograd.Tensor, fill func(keep []uint32) (factor float32)) *autograd.Tensor {
	d := &dropout{inputs: [...]*autograd.Tensor{x}, fill: fill}
	return autograd.Do(autograd.Op{Name: "ops.Dropout", Inputs: d.inputs[:], Shape: x.Shape(), Passes: d})
}

// dropout is one dropout of its input.
type dropout struct {
	inputs [1]*autograd.Tensor
	fill   func(keep []uint32) (factor float32)
	mask   masking
}

func (d *dropout) Forward(y *autograd.Tensor) {
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
	parallel.Each(ceilDiv(len(dst), grain), 0, m, (*masking).part)
}

func (m *masking) part(task int, _ []float32) {
	lo, hi := task*grain, min((task+1)*grain, len(m.dst))
	simd.MaskScale(m.dst[lo:hi], m.src[lo:hi], m.bits[lo/32:], m.factor)
}
