package onnx

import (
	"fmt"
	"math"
	"slices"

	"autodropout/autograd"
	"autodropout/internal/onnxfile"
	"autodropout/ops"
)

// together returns inputs of real numbers that are broadcast, in one order of axes, and
// whether the channels are last in it.
func (c *call) together(indices ...int) (in []*autograd.Tensor, last bool, err error) {
	rank := 0
	for _, i := range indices {
		if i >= len(c.in) || c.in[i].real == nil {
			return nil, false, fmt.Errorf("its input number %d must be of real numbers", i)
		}
		last = last || c.in[i].last
		rank = max(rank, c.in[i].real.Rank())
	}
	var shapes [][]int
	for _, i := range indices {
		d := c.in[i]
		x := d.real
		switch {
		case !last || d.last && x.Rank() == rank:
		case x.Len() == 1:
			x = ops.Reshape(x)
		default:
			x = d.firstTensor()
			if missing := rank - x.Rank(); missing > 0 {
				x = ops.Reshape(x, slices.Concat(slices.Repeat([]int{1}, missing), x.Shape())...)
			}
			x = (&datum{real: x}).lastTensor()
		}
		shapes = append(shapes, x.Shape())
		in = append(in, x)
	}
	return in, last, c.room(broadcastShape(shapes...)...)
}

// broadcastShape returns the shape of what is broadcast; axes that do not fit are left to
// the operation to complain about.
func broadcastShape(shapes ...[]int) []int {
	var out []int
	for _, shape := range shapes {
		for len(out) < len(shape) {
			out = append([]int{1}, out...)
		}
	}
	for _, shape := range shapes {
		for i, d := range shape {
			if at := len(out) - len(shape) + i; d != 1 {
				out[at] = d
			}
		}
	}
	return out
}

// asReal returns whole numbers as real ones, for comparisons.
func (d *datum) asReal() *autograd.Tensor {
	if d.real != nil {
		return d.real
	}
	data := make([]float32, len(d.whole.data))
	for i, v := range d.whole.data {
		data[i] = float32(v)
	}
	return autograd.FromSlice(data, d.whole.shape...)
}

// each applies f to whole numbers that are broadcast.
func (c *call) each(in []*wholes, f func(v []int) int) ([]datum, error) {
	var shapes [][]int
	for _, w := range in {
		shapes = append(shapes, w.shape)
	}
	shape := broadcastShape(shapes...)
	if err := c.room(shape...); err != nil {
		return nil, err
	}
	n, _ := elements(shape)
	out := &wholes{shape: shape, data: make([]int, n)}
	v := make([]int, len(in))
	for i := range out.data {
		for k, w := range in {
			at, step, rest := 0, 1, i
			for a := len(shape) - 1; a >= 0; a-- {
				place := rest % shape[a]
				rest /= shape[a]
				if own := a - (len(shape) - len(w.shape)); own >= 0 {
					if d := w.shape[own]; d != 1 {
						if d != shape[a] {
							return nil, fmt.Errorf("its inputs have shapes %v that do not fit each other", shapes)
						}
						at += place * step
					}
					step *= w.shape[own]
				}
			}
			v[k] = w.data[at]
		}
		out.data[i] = f(v)
	}
	return []datum{{whole: out}}, nil
}

// arithmetic is an operation on two or more inputs of one type; real may be nil.
func arithmetic(real func(a, b *autograd.Tensor) *autograd.Tensor, whole func(a, b int) int) kind {
	return simple(1, func(c *call) ([]datum, error) {
		out := c.in[:1]
		for i := 1; i < len(c.in); i++ {
			pair := &call{run: c.run, node: c.node, in: []datum{out[0], c.in[i]}}
			var err error
			switch {
			case pair.in[0].whole != nil && pair.in[1].whole != nil:
				out, err = pair.each([]*wholes{pair.in[0].whole, pair.in[1].whole}, func(v []int) int { return whole(v[0], v[1]) })
			case real == nil:
				return nil, fmt.Errorf("it is supported for whole numbers and truth values only")
			default:
				var in []*autograd.Tensor
				var last bool
				if in, last, err = pair.together(0, 1); err == nil {
					out, err = one(real(in[0], in[1]), last)
				}
			}
			if err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

// quotient divides whole numbers towards 0. Division by 0, which has no result, gives 0.
func quotient(a, b int) int {
	if b == 0 {
		return 0
	}
	return a / b
}

// makeMod gives what is left of a division: with the sign of the divisor, or with fmod that
// of the dividend.
func makeMod(b *builder, n *node) (func(c *call) ([]datum, error), error) {
	fmod := n.int("fmod", 0) != 0
	return arithmetic(nil, func(a, b int) int {
		switch {
		case b == 0:
			return 0
		case fmod:
			return a % b
		}
		return ((a % b) + b) % b
	}).make(b, n)
}

// wholeOrReal is an operation on every element.
func wholeOrReal(real func(x *autograd.Tensor) *autograd.Tensor, whole func(v int) int) kind {
	return simple(1, func(c *call) ([]datum, error) {
		if w := c.in[0].whole; w != nil {
			return c.each([]*wholes{w}, func(v []int) int { return whole(v[0]) })
		}
		return one(real(c.in[0].real), c.in[0].last)
	})
}

func not(c *call) ([]datum, error) {
	w, err := c.whole(0)
	if err != nil {
		return nil, err
	}
	return c.each([]*wholes{w}, func(v []int) int { return truth(v[0] == 0) })
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// comparison gives truth values. Real numbers are compared as they are now.
func comparison(f func(a, b float64) bool) kind {
	return simple(2, func(c *call) ([]datum, error) {
		a, b := c.in[0].whole, c.in[1].whole
		if a != nil && b != nil {
			return c.each([]*wholes{a, b}, func(v []int) int { return truth(f(float64(v[0]), float64(v[1]))) })
		}
		in, last, err := c.together(0, 1)
		if err != nil {
			return nil, err
		}
		zeros := autograd.New(broadcastShape(in[0].Shape(), in[1].Shape())...)
		x, y := ops.Add(in[0], zeros), ops.Add(in[1], zeros)
		first := datum{real: x, last: last}
		w := &wholes{shape: slices.Clone(first.shape()), data: make([]int, x.Len())}
		other := datum{real: y, last: last}
		p, q := first.firstTensor().Data(), other.firstTensor().Data()
		for i := range w.data {
			w.data[i] = truth(f(float64(p[i]), float64(q[i])))
		}
		return []datum{{whole: w}}, nil
	})
}

func where(c *call) ([]datum, error) {
	condition, err := c.whole(0)
	if err != nil {
		return nil, err
	}
	if a, b := c.in[1].whole, c.in[2].whole; a != nil && b != nil {
		return c.each([]*wholes{condition, a, b}, func(v []int) int {
			if v[0] != 0 {
				return v[1]
			}
			return v[2]
		})
	}
	c.in[0] = datum{real: c.in[0].asReal()}
	in, last, err := c.together(0, 1, 2)
	if err != nil {
		return nil, err
	}
	return one(ops.Where(in[0], in[1], in[2]), last)
}

// power raises to a power that is one number.
func power(c *call) ([]datum, error) {
	exponent := c.in[1].asReal()
	if c.in[0].real == nil || exponent.Len() != 1 {
		return nil, fmt.Errorf("it is supported for real numbers to the power of a single number only")
	}
	x, p := c.in[0], exponent.Data()[0]
	if p == 2 {
		return one(ops.Mul(x.real, x.real), x.last)
	}
	return one(ops.Pow(x.real, p), x.last)
}

// makeCast changes the type of numbers.
func makeCast(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	to := onnxfile.Type(n.int("to", 0))
	return func(c *call) ([]datum, error) {
		x := c.in[0]
		switch {
		case to.Real() && x.real != nil, !to.Real() && to != onnxfile.Bool && x.whole != nil:
			return c.in[:1], nil
		case to.Real():
			return one(x.asReal(), false)
		case to == onnxfile.Bool && x.whole != nil:
			return c.each([]*wholes{x.whole}, func(v []int) int { return truth(v[0] != 0) })
		}
		t := x.firstTensor()
		w := &wholes{shape: slices.Clone(t.Shape()), data: make([]int, t.Len())}
		for i, v := range t.Data() {
			if to == onnxfile.Bool {
				w.data[i] = truth(v != 0)
			} else if v == v {
				w.data[i] = int(max(math.MinInt32, min(math.MaxInt32, float64(v))))
			}
		}
		return []datum{{whole: w}}, nil
	}, nil
}
