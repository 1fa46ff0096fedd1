package onnx

import (
	"fmt"
	"slices"

	"autodropout/autograd"
	"autodropout/internal/onnxfile"
)

func makeConstant(b *builder, n *node) (func(c *call) ([]datum, error), error) {
	var d datum
	for i := range n.Attributes {
		switch a := &n.Attributes[i]; {
		case a.Name == "value" && a.Tensor != nil:
			if len(a.Tensor.Shape) > autograd.MaxRank {
				return nil, fmt.Errorf("its value has %d axes: at most %d are supported", len(a.Tensor.Shape), autograd.MaxRank)
			}
			d = constantOf(a.Tensor)
		case a.Name == "value_float":
			d = datum{real: autograd.FromSlice([]float32{a.Float})}
		case a.Name == "value_floats":
			d = datum{real: autograd.FromSlice(a.Floats, len(a.Floats))}
		case a.Name == "value_int":
			d = datum{whole: &wholes{data: []int{clampInt(a.Int)}}}
		case a.Name == "value_ints":
			d = datum{whole: &wholes{shape: []int{len(a.Ints)}, data: n.ints(a.Name)}}
		}
	}
	if d.real == nil && d.whole == nil || len(n.Outputs) != 1 {
		return nil, fmt.Errorf("it has no value of numbers")
	}
	b.written[n.Outputs[0]] = d
	return func(*call) ([]datum, error) { return []datum{d}, nil }, nil
}

func makeConstantOfShape(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	value := &onnxfile.Tensor{Type: onnxfile.Float32, Floats: []float32{0}}
	if a := n.attribute("value"); a != nil && a.Tensor != nil {
		value = a.Tensor
	}
	if len(value.Floats)+len(value.Ints) != 1 {
		return nil, fmt.Errorf("its value has %d elements: it must have 1", len(value.Floats)+len(value.Ints))
	}
	return func(c *call) ([]datum, error) {
		shape, err := c.whole(0)
		if err != nil {
			return nil, err
		}
		if err := c.room(shape.data...); err != nil {
			return nil, err
		}
		if len(value.Ints) == 1 {
			n, _ := elements(shape.data)
			return []datum{{whole: &wholes{shape.data, slices.Repeat([]int{clampInt(value.Ints[0])}, n)}}}, nil
		}
		x := autograd.New(shape.data...)
		for i := range x.Data() {
			x.Data()[i] = value.Floats[0]
		}
		return one(x, false)
	}, nil
}

func makeShape(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	return func(c *call) ([]datum, error) {
		if !c.has(0) {
			return nil, errOperand
		}
		shape := c.in[0].shape()
		rank := len(shape)
		start, end := c.int("start", 0), c.int("end", rank)
		clamp := func(i int) int {
			if i < 0 {
				i += rank
			}
			return max(0, min(rank, i))
		}
		lo, hi := clamp(start), clamp(end)
		return list(slices.Clone(shape[lo:max(lo, hi)])), nil
	}, nil
}

// list is a datum of a list of whole numbers.
func list(data []int) []datum { return []datum{{whole: &wholes{[]int{len(data)}, data}}} }

func size(c *call) ([]datum, error) {
	n, _ := elements(c.in[0].shape())
	return []datum{{whole: &wholes{data: []int{n}}}}, nil
}

func rangeOf(c *call) ([]datum, error) {
	var v [3]int
	for i := range v {
		w, err := c.whole(i)
		if err != nil {
			return nil, err
		}
		if len(w.data) != 1 {
			return nil, errOperand
		}
		v[i] = w.data[0]
	}
	if v[2] == 0 {
		return nil, fmt.Errorf("its step is 0: a range needs another")
	}
	n := max(0, (v[1]-v[0]+v[2]-sign(v[2]))/v[2])
	if err := c.room(n); err != nil {
		return nil, err
	}
	data := make([]int, n)
	for i := range data {
		data[i] = v[0] + i*v[2]
	}
	return list(data), nil
}

func sign(v int) int {
	if v < 0 {
		return -1
	}
	return 1
}
