package onnx

import (
	"fmt"
	"slices"

	"autodropout/autograd"
	"autodropout/ops"
)

func concat(c *call) ([]datum, error) {
	for i := range c.in {
		if !c.has(i) {
			return nil, errOperand
		}
	}
	shape := slices.Clone(c.in[0].shape())
	at, err := axis(c.int("axis", 0), len(shape))
	if err != nil {
		return nil, err
	}
	if c.in[0].whole != nil {
		return c.concatWholes()
	}
	last := slices.ContainsFunc(c.in, func(d datum) bool { return d.last })
	var parts []*autograd.Tensor
	shape[at] = 0
	for _, d := range c.in {
		if d.real == nil || len(d.shape()) != len(shape) {
			return nil, fmt.Errorf("its inputs differ in their number of axes, or only some are of real numbers")
		}
		if shape[at] += d.shape()[at]; last {
			parts = append(parts, d.lastTensor())
		} else {
			parts = append(parts, d.real)
		}
	}
	if err := c.room(shape...); err != nil {
		return nil, err
	}
	if last {
		at = toFirst(len(shape))[at]
	}
	return one(ops.Concat(at, parts...), last)
}

// concatWholes joins lists.
func (c *call) concatWholes() ([]datum, error) {
	var data []int
	for i := range c.in {
		w, err := c.whole(i)
		if err != nil {
			return nil, err
		}
		if len(w.shape) != 1 {
			return nil, fmt.Errorf("it is supported for lists of whole numbers, not for other shapes of them")
		}
		data = append(data, w.data...)
	}
	return list(data), c.room(len(data))
}

// cutOut returns the part [lo, hi) of an axis.
func cutOut(d datum, at, lo, hi int) datum {
	if w := d.whole; w != nil {
		inner, _ := elements(w.shape[at+1:])
		row := inner * w.shape[at]
		out := &wholes{shape: slices.Clone(w.shape)}
		out.shape[at] = hi - lo
		for from := 0; row > 0 && from < len(w.data); from += row {
			out.data = append(out.data, w.data[from+lo*inner:from+hi*inner]...)
		}
		return datum{whole: out}
	}
	if d.last {
		at = toFirst(d.real.Rank())[at]
	}
	return datum{real: ops.Slice(d.real, at, lo, hi), last: d.last}
}

// places returns which elements of an axis of that length a slice takes. Start and end are from the back where they are
// negative, and may lie outside.
func places(length, start, end, step int) (at []int) {
	least, most := 0, length // of start and end
	if step < 0 {
		least, most = -1, length-1
	}
	inside := func(p int) int {
		if p < 0 {
			p += length
		}
		return max(least, min(most, p))
	}
	step = max(-length-1, min(length+1, step)) // more is the same, and could not be added
	for p, end := inside(start), inside(end); step > 0 && p < end || step < 0 && p > end; p += step {
		at = append(at, p)
	}
	return at
}

// choose returns the elements of an axis at some places.
func choose(d datum, along int, at []int) datum {
	if w := d.whole; w != nil {
		to := slices.Clone(w.shape)
		to[along] = len(at)
		return datum{whole: w.gather(along, at, to)}
	}
	if d.last {
		along = toFirst(d.real.Rank())[along]
	}
	return datum{real: ops.Select(d.real, along, at), last: d.last}
}

// lists returns the list that is an input, or in older versions an attribute.
func (c *call) lists(input int, name string) ([]int, error) {
	if c.has(input) {
		w, err := c.whole(input)
		if err != nil {
			return nil, err
		}
		return w.data, nil
	}
	return c.ints(name), nil
}

func slice(c *call) ([]datum, error) {
	var args [4][]int
	for i, name := range []string{"starts", "ends", "axes", "steps"} {
		var err error
		if args[i], err = c.lists(i+1, name); err != nil {
			return nil, err
		}
	}
	starts, ends, along, steps := args[0], args[1], args[2], args[3]
	d := c.in[0]
	rank := len(d.shape())
	if along == nil {
		for i := range starts {
			along = append(along, i)
		}
	}
	along, err := axes(along, rank)
	if err != nil {
		return nil, err
	}
	if len(starts) != len(along) || len(ends) != len(along) || steps != nil && len(steps) != len(along) {
		return nil, fmt.Errorf("it has %d starts and %d ends for %d axes", len(starts), len(ends), len(along))
	}
	for i, at := range along {
		step := 1
		if steps != nil {
			step = steps[i]
		}
		if step == 0 {
			return nil, fmt.Errorf("its step is 0: a slice needs another")
		}
		chosen := places(d.shape()[at], starts[i], ends[i], step)
		switch {
		case len(chosen) == 0:
			d = cutOut(d, at, 0, 0)
		case step == 1:
			d = cutOut(d, at, chosen[0], chosen[0]+len(chosen))
		default:
			d = choose(d, at, chosen)
		}
	}
	return []datum{d}, nil
}

func split(c *call) ([]datum, error) {
	sizes, err := c.lists(1, "split")
	if err != nil {
		return nil, err
	}
	d := c.in[0]
	at, err := axis(c.int("axis", 0), len(d.shape()))
	if err != nil {
		return nil, err
	}
	length := d.shape()[at]
	if sizes == nil {
		n := len(c.Outputs)
		each := (length + n - 1) / max(1, n)
		for i := range n {
			sizes = append(sizes, max(0, min(each, length-i*each)))
		}
	}
	var out []datum
	from := 0
	for _, n := range sizes {
		if n < 0 || n > length-from {
			return nil, fmt.Errorf("it splits an axis of %[2]d into parts of %[1]v: they do not fit", sizes, length)
		}
		out = append(out, cutOut(d, at, from, from+n))
		from += n
	}
	return out, nil
}

// makeGather looks up parts along an axis: words in a table, most often.
func makeGather(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	return func(c *call) ([]datum, error) {
		ids, err := c.whole(1)
		if err != nil {
			return nil, err
		}
		d := c.in[0]
		shape := d.shape()
		at, err := axis(c.int("axis", 0), len(shape))
		if err != nil {
			return nil, err
		}
		wanted := slices.Clone(ids.data)
		for i, id := range wanted {
			if id < 0 {
				wanted[i] += shape[at]
			}
			if wanted[i] < 0 || wanted[i] >= shape[at] {
				return nil, fmt.Errorf("it looks up index %d of an axis of %d", id, shape[at])
			}
		}
		to := slices.Concat(shape[:at], ids.shape, shape[at+1:])
		if err := c.room(to...); err != nil {
			return nil, err
		}
		if d.whole != nil {
			return []datum{{whole: d.whole.gather(at, wanted, to)}}, nil
		}
		if len(ids.shape) == 0 && !d.last { // one part
			return reshaped(cutOut(d, at, wanted[0], wanted[0]+1), to)
		}
		x, err := c.real(0)
		if err != nil {
			return nil, err
		}
		order := []int{at}
		for i := range shape {
			if i != at {
				order = append(order, i)
			}
		}
		if at > 0 {
			x = ops.Transpose(x, order...)
		}
		rest := slices.Clone(x.Shape()[1:])
		width, _ := elements(rest)
		y := ops.Embedding(ops.Reshape(x, shape[at], width), wanted)
		y = ops.Reshape(y, slices.Concat(ids.shape, rest)...)
		if at > 0 { // the axes of the ids go back behind those before the axis
			var back []int
			for i := range at {
				back = append(back, len(ids.shape)+i)
			}
			for i := range ids.shape {
				back = append(back, i)
			}
			for i := len(back); i < len(to); i++ {
				back = append(back, i)
			}
			y = ops.Transpose(y, back...)
		}
		return one(y, false)
	}, nil
}

// gather returns the parts at some places along an axis, in a shape.
func (w *wholes) gather(at int, ids, to []int) *wholes {
	outer, _ := elements(w.shape[:at])
	inner, _ := elements(w.shape[at+1:])
	out := &wholes{shape: to}
	for i := range outer {
		for _, id := range ids {
			from := (i*w.shape[at] + id) * inner
			out.data = append(out.data, w.data[from:from+inner]...)
		}
	}
	return out
}

// makePad surrounds with a value; other ways to fill are not known.
func makePad(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	if err := n.only("mode", "constant"); err != nil {
		return nil, err
	}
	return func(c *call) ([]datum, error) {
		sides, err := c.lists(1, "pads")
		if err != nil {
			return nil, err
		}
		value := c.float("value", 0)
		if c.has(2) {
			if v := c.in[2].asReal(); v.Len() == 1 {
				value = v.Data()[0]
			}
		}
		x, err := c.real(0)
		if err != nil {
			return nil, err
		}
		rank := x.Rank()
		along := make([]int, rank)
		for i := range along {
			along[i] = i
		}
		if c.has(3) {
			if along, err = c.axesOf(3, rank); err != nil {
				return nil, err
			}
		}
		if len(sides) != 2*len(along) {
			return nil, fmt.Errorf("it has %d numbers to pad %d axes by: two for each are needed", len(sides), len(along))
		}
		pads := make([][2]int, rank)
		to := slices.Clone(x.Shape())
		for i, at := range along {
			pads[at] = [2]int{max(0, sides[i]), max(0, sides[i+len(along)])}
			lo, hi := max(0, -sides[i]), x.Dim(at)-max(0, -sides[i+len(along)])
			if lo > hi {
				return nil, fmt.Errorf("it cuts %d and %d off axis %d of %d", max(0, -sides[i]), max(0, -sides[i+len(along)]), at, x.Dim(at))
			}
			if lo > 0 || hi < x.Dim(at) {
				x = ops.Slice(x, at, lo, hi)
			}
			to[at] = hi - lo + pads[at][0] + pads[at][1]
		}
		if err := c.room(to...); err != nil {
			return nil, err
		}
		return one(ops.Pad(x, value, pads...), false)
	}, nil
}
