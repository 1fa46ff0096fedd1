package onnx

import (
	"fmt"
	"slices"

	"autodropout/autograd"
	"autodropout/ops"
)

// wanted returns the shape that a Reshape asks for.
func wanted(shape, from []int, keepZeros bool) ([]int, error) {
	total, ok := elements(from)
	out := slices.Clone(shape)
	rest, open := 1, -1
	for i, d := range out {
		switch {
		case d == 0 && !keepZeros:
			if i >= len(from) {
				return nil, fmt.Errorf("its shape %v keeps axis %d, which the input of shape %v does not have", shape, i, from)
			}
			out[i] = from[i]
		case d == -1 && open >= 0 || d < -1:
			return nil, fmt.Errorf("its shape is %v: one -1 is possible, and no other negative number", shape)
		case d == -1:
			open = i
			continue
		}
		rest *= out[i]
		if rest > mostElements {
			return nil, fmt.Errorf("its shape is %v, more than %d elements", shape, mostElements)
		}
	}
	if open >= 0 {
		if rest == 0 || total%rest != 0 {
			return nil, fmt.Errorf("the elements of an input of shape %v do not fill the shape %v", from, shape)
		}
		out[open] = total / rest
		rest *= out[open]
	}
	if !ok || rest != total || len(out) > autograd.MaxRank {
		return nil, fmt.Errorf("the elements of an input of shape %v do not fill the shape %v", from, shape)
	}
	return out, nil
}

// ofBatch returns the shape that a Reshape or a Resize asks for in this pass. A file that was exported for a fixed number
// of examples has that number in its constants, where other files have -1 or compute it.
func (c *call) ofBatch(shape []int) []int {
	fixed, from := c.network.fixed, c.in[0].shape()
	if fixed == 0 || c.operand[0].slot < 0 || len(shape) == 0 || len(from) == 0 || shape[0] != fixed || from[0] != c.examples {
		return shape
	}
	return append([]int{c.examples}, shape[1:]...)
}

// reshaped gives a value another shape.
func reshaped(d datum, shape []int) ([]datum, error) {
	if d.whole != nil {
		return []datum{{whole: &wholes{shape, d.whole.data}}}, nil
	}
	return one(ops.Reshape(d.firstTensor(), shape...), false)
}

func reshape(c *call) ([]datum, error) {
	shape, err := c.whole(1)
	if err != nil {
		return nil, err
	}
	if !c.has(0) {
		return nil, errOperand
	}
	to, err := wanted(c.ofBatch(shape.data), c.in[0].shape(), c.int("allowzero", 0) != 0)
	if err != nil {
		return nil, err
	}
	return reshaped(c.in[0], to)
}

func makeFlatten(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	return func(c *call) ([]datum, error) {
		shape := c.in[0].shape()
		at := c.int("axis", 1)
		if at < 0 {
			at += len(shape)
		}
		if at < 0 || at > len(shape) {
			return nil, fmt.Errorf("it flattens from axis %d an input of %d axes", at, len(shape))
		}
		rows, _ := elements(shape[:at])
		cols, _ := elements(shape[at:])
		return reshaped(c.in[0], []int{rows, cols})
	}, nil
}

func transpose(c *call) ([]datum, error) {
	rank := len(c.in[0].shape())
	order := c.ints("perm")
	if order == nil {
		for i := range rank {
			order = append(order, rank-1-i)
		}
	}
	order, err := axes(order, rank)
	if err != nil {
		return nil, err
	}
	if len(order) != rank {
		return nil, fmt.Errorf("it orders %d axes of an input of %d", len(order), rank)
	}
	if w := c.in[0].whole; w != nil {
		shape, data := reordered(w.data, w.shape, order)
		return []datum{{whole: &wholes{shape, data}}}, nil
	}
	if c.in[0].last && slices.Equal(order, fromFirst(rank)) {
		return one(c.in[0].real, false)
	}
	return one(ops.Transpose(c.in[0].firstTensor(), order...), false)
}

func squeeze(c *call) ([]datum, error) {
	shape := c.in[0].shape()
	list, err := c.axesOf(1, len(shape))
	if err != nil {
		return nil, err
	}
	var to []int
	for i, d := range shape {
		gone := slices.Contains(list, i) || list == nil && d == 1
		if gone && d != 1 {
			return nil, fmt.Errorf("it removes axis %d of an input of shape %v, which is longer than 1", i, shape)
		}
		if !gone {
			to = append(to, d)
		}
	}
	return reshaped(c.in[0], to)
}

func unsqueeze(c *call) ([]datum, error) {
	shape := c.in[0].shape()
	count := len(c.ints("axes"))
	if c.has(1) {
		w, err := c.whole(1)
		if err != nil {
			return nil, err
		}
		count = len(w.data)
	}
	rank := len(shape) + count
	if rank > autograd.MaxRank {
		return nil, fmt.Errorf("its result would have %d axes: at most %d are supported", rank, autograd.MaxRank)
	}
	list, err := c.axesOf(1, rank)
	if err != nil {
		return nil, err
	}
	to, next := make([]int, rank), 0
	for i := range to {
		if to[i] = 1; !slices.Contains(list, i) {
			to[i] = shape[next]
			next++
		}
	}
	return reshaped(c.in[0], to)
}

func expand(c *call) ([]datum, error) {
	shape, err := c.whole(1)
	if err != nil {
		return nil, err
	}
	to := broadcastShape(c.in[0].shape(), shape.data)
	if err := c.room(to...); err != nil {
		return nil, err
	}
	if w := c.in[0].whole; w != nil {
		n, _ := elements(to)
		return c.each([]*wholes{w, {to, make([]int, n)}}, func(v []int) int { return v[0] })
	}
	x, err := c.real(0)
	if err != nil {
		return nil, err
	}
	return one(ops.Add(x, autograd.New(to...)), false)
}

// reduction does away with axes, or leaves them with a length of 1.
func reduction(f func(x *autograd.Tensor, axes ...int) *autograd.Tensor) kind {
	return simple(1, func(c *call) ([]datum, error) {
		if c.in[0].real == nil {
			return nil, fmt.Errorf("it is supported for real numbers only")
		}
		shape := c.in[0].shape()
		list, err := c.axesOf(1, len(shape))
		if err != nil {
			return nil, err
		}
		keep := c.int("keepdims", 1) != 0
		if len(list) == 0 {
			if c.int("noop_with_empty_axes", 0) != 0 {
				return c.in[:1], nil
			}
			for i := range shape {
				list = append(list, i)
			}
		}
		if x := c.in[0]; x.last && len(shape) == 4 && slices.Equal(slices.Sorted(slices.Values(list)), []int{2, 3}) {
			y := f(x.real, 1, 2) // (N, C)
			if keep {
				return one(ops.Reshape(y, y.Dim(0), 1, 1, y.Dim(1)), true)
			}
			return one(y, false)
		}
		y := f(c.in[0].firstTensor(), list...)
		if keep {
			to := slices.Clone(shape)
			for _, i := range list {
				to[i] = 1
			}
			y = ops.Reshape(y, to...)
		}
		return one(y, false)
	})
}
