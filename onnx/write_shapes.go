package onnx

import (
	"slices"

	"autodropout/ops"
)

// shapeFor returns the shape of a value for a Reshape, in which one axis may be -1: that
// which has the examples.
func (o *operation) shapeFor(shape, axes []int) (string, error) {
	shape = slices.Clone(shape)
	found := false
	for i, k := range axes {
		if k == 0 {
			continue
		}
		if found {
			return "", o.wrong("its result has the examples in two axes")
		}
		found, shape[i] = true, -1
	}
	return o.ints(shape...), nil
}

func (o *operation) reshape() error {
	if s := o.in[0].states; s != nil {
		o.out.states = s // see slice
		return nil
	}
	shape, err := o.shapeFor(o.out.shape, o.out.axes)
	if err != nil {
		return err
	}
	o.out.last = o.node("Reshape", []string{o.last(o.in[0]), shape})
	return nil
}

func (o *operation) transposed() error {
	o.out.last = o.transpose(o.last(o.in[0]), o.spec.(ops.Axes))
	return nil
}

// axis returns an axis in the order of axes with the channels first.
func axisFirst(axis, rank int) int { return slices.Index(toFirst(rank), axis) }

// along returns the names of the inputs, in the order of axes of the first one, and an
// axis of them in it.
func (o *operation) along(axis int) (names []string, at int, first bool) {
	first = slices.ContainsFunc(o.in, (*value).isFirst)
	for _, v := range o.in {
		if first {
			names = append(names, o.first(v))
		} else {
			names = append(names, o.last(v))
		}
	}
	if first {
		axis = axisFirst(axis, o.in[0].rank())
	}
	return names, axis, first
}

func (o *operation) concat() error {
	names, axis, first := o.along(o.spec.(ops.Axes)[0])
	o.set(o.node("Concat", names, attrInt("axis", axis)), first)
	return nil
}

func (o *operation) slice() error {
	args := o.spec.(ops.SliceArgs)
	x := o.in[0]
	if x.states != nil {
		return o.sliceStates(args)
	}
	if x.axes[args.Axis] != 0 {
		return o.wrong("it takes some of the examples")
	}
	names, axis, first := o.along(args.Axis)
	o.set(o.sliced(names[0], axis, args.Lo, args.Hi), first)
	return nil
}

// sliced returns the part [lo, hi) of an axis.
func (o *operation) sliced(x string, axis, lo, hi int) string {
	return o.node("Slice", []string{x, o.ints(lo), o.ints(hi), o.ints(axis)})
}

func (o *operation) pad() error {
	args := o.spec.(ops.PadArgs)
	x := o.in[0]
	rank := x.rank()
	before, behind := make([]int, rank), make([]int, rank)
	for i, side := range args.Sides {
		before[i], behind[i] = side[0], side[1]
	}
	if x.axes[0] != 0 && before[0]+behind[0] > 0 {
		return o.wrong("it adds to the examples")
	}
	name, first := "", x.isFirst()
	if first {
		name, before, behind = o.first(x), channelsFirst(before), channelsFirst(behind)
	} else {
		name = o.last(x)
	}
	o.set(o.node("Pad", []string{name, o.ints(slices.Concat(before, behind)...), o.scalar(args.Value)}, attrText("mode", "constant")), first)
	return nil
}

func (o *operation) selected() error {
	args := o.spec.(ops.GatherArgs)
	if o.in[0].axes[args.Axis] != 0 {
		return o.wrong("it takes some of the examples")
	}
	names, axis, first := o.along(args.Axis)
	o.set(o.node("Gather", []string{names[0], o.ints(args.IDs...)}, attrInt("axis", axis)), first)
	return nil
}
