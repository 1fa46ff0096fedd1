package onnx

import (
	"errors"
	"fmt"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/ops"
)

// run is one pass of a network.
type run struct {
	network *Network
	ctx     *layers.Ctx
	values  []datum // by slot
	shapes  [][]int // by part: of the picture that goes on, channels last; nil: nobody asks

	examples int // of the batch
}

// datum is a value in a pass.
type datum struct {
	real  *autograd.Tensor
	last  bool    // the tensor has the channels last, where files have them behind the first axis
	whole *wholes // whole numbers and truth values, where real is nil
}

// wholes is an array of whole numbers.
type wholes struct {
	shape []int
	data  []int
}

// part runs the nodes up to a part of the chain. What a part computed goes back to the
// tape when the next one is done, as in [layers.Chain].
func (r *run) part(i int) error {
	if i < 0 {
		return nil
	}
	var err error
	nodes := func() {
		if err = r.part(i - 1); err != nil {
			return
		}
		for _, n := range r.network.chain[i] {
			if err = r.node(n); err != nil {
				err = fmt.Errorf("%s: %w", n, err)
				return
			}
		}
		r.pass(i)
	}
	if link := r.network.links[i]; link < 0 {
		nodes()
	} else {
		r.ctx.Tape.Block(func() *autograd.Tensor {
			nodes()
			return r.values[link].real // nil after an error, or of whole numbers
		})
	}
	return err
}

// explain adds to an error what may be its reason: that the file was exported for another number of examples.
func (r *run) explain(err error) error {
	if fixed := r.network.fixed; fixed != 0 && r.examples != fixed {
		return fmt.Errorf("%w (the file says that the first axis of its input has %d, and here it has %d: if that is why, export it for any number)", err, fixed, r.examples)
	}
	return err
}

// pass looks at the value that goes on from a part, and drops of it what the site there says.
func (r *run) pass(i int) {
	link := r.network.links[i]
	if link < 0 || !r.values[link].last || r.values[link].real.Rank() != 4 {
		return
	}
	d := &r.values[link]
	if r.shapes != nil {
		r.shapes[i] = d.real.Shape()
	}
	if drops := r.network.drops; drops != nil && drops[i] != "" {
		d.real = r.ctx.Drop(drops[i], d.real)
	}
}

// node runs a node. What operations panic with is what does not fit in the file: they
// check everything, and so need not be asked before.
func (r *run) node(n *node) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *autograd.ShapeError:
			err = p
		default:
			panic(p)
		}
	}()
	c := &call{run: r, node: n}
	for i := range n.operand {
		if n.operand[i].kernel { // convolutions, and nothing else, read it where it is
			c.in = append(c.in, datum{})
			continue
		}
		c.in = append(c.in, r.datum(&n.operand[i]))
	}
	out, err := n.run(c)
	if err != nil {
		return err
	}
	for i, slot := range n.out {
		if slot < 0 {
			continue
		}
		if i >= len(out) {
			return fmt.Errorf("its output number %d is not computed here", i)
		}
		if out[i].real == nil && out[i].whole == nil {
			return errOperand
		}
		r.values[slot] = out[i]
	}
	return nil
}

func (r *run) datum(o *operand) datum {
	switch {
	case o.param != nil && o.kernel:
		return datum{real: ops.Transpose(r.ctx.Use(o.param), 3, 2, 0, 1)}
	case o.param != nil:
		return datum{real: r.ctx.Use(o.param)}
	case o.constant != nil:
		return *o.constant
	case o.slot >= 0:
		return r.values[o.slot]
	}
	return datum{}
}

// call is one pass of a node.
type call struct {
	*run
	*node
	in []datum
}

// has reports whether an input is there.
func (c *call) has(i int) bool { return i < len(c.in) && (c.in[i].real != nil || c.in[i].whole != nil) }

// real returns an input of real numbers in the file's order of axes.
func (c *call) real(i int) (*autograd.Tensor, error) {
	if i >= len(c.in) || c.in[i].real == nil {
		return nil, fmt.Errorf("its input number %d must be of real numbers", i)
	}
	return c.in[i].firstTensor(), nil
}

// images returns an input of real numbers with its channels last.
func (c *call) images(i int) (*autograd.Tensor, error) {
	if i >= len(c.in) || c.in[i].real == nil || c.in[i].real.Rank() != 4 {
		return nil, fmt.Errorf("its input number %d must be pictures, real numbers of four axes: only these are convolved and pooled", i)
	}
	return c.in[i].lastTensor(), nil
}

// whole returns an input of whole numbers.
func (c *call) whole(i int) (*wholes, error) {
	if i >= len(c.in) || c.in[i].whole == nil {
		return nil, fmt.Errorf("its input number %d must be of whole numbers", i)
	}
	return c.in[i].whole, nil
}

// room returns an error where a result would have too many elements.
func (c *call) room(shape ...int) error {
	n := 1
	for _, d := range shape {
		if d < 0 || d > 0 && n > c.network.most/d {
			return fmt.Errorf("its result would be of shape %v, more than %d elements: take a smaller batch, if the file is right", shape, c.network.most)
		}
		n *= d
	}
	if len(shape) > autograd.MaxRank {
		return fmt.Errorf("its result would have %d axes: at most %d are supported", len(shape), autograd.MaxRank)
	}
	return nil
}

// firstTensor returns real numbers in the file's order of axes.
func (d *datum) firstTensor() *autograd.Tensor {
	if !d.last {
		return d.real
	}
	shape := d.real.Shape()
	if pixels := d.real.Len(); len(shape) > 2 && pixels == shape[0]*shape[len(shape)-1] {
		return ops.Reshape(d.real, channelsFirst(shape)...) // each picture is one pixel
	}
	return ops.Transpose(d.real, toFirst(len(shape))...)
}

// lastTensor returns real numbers with the channels last.
func (d *datum) lastTensor() *autograd.Tensor {
	if d.last || d.real.Rank() < 3 {
		return d.real
	}
	return ops.Transpose(d.real, fromFirst(d.real.Rank())...)
}

// shape returns the file's shape of a value.
func (d *datum) shape() []int {
	switch {
	case d.whole != nil:
		return d.whole.shape
	case d.last:
		return channelsFirst(d.real.Shape())
	}
	return d.real.Shape()
}

// one returns the only result of a node.
func one(y *autograd.Tensor, last bool) ([]datum, error) { return []datum{{real: y, last: last}}, nil }

var errOperand = errors.New("an input that it needs is missing")
