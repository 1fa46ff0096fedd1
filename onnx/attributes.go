package onnx

import (
	"fmt"

	"autodropout/internal/onnxfile"
)

// attribute returns the one of that name, nil where there is none.
func (n *node) attribute(name string) *onnxfile.Attribute {
	for i := range n.Attributes {
		if n.Attributes[i].Name == name {
			return &n.Attributes[i]
		}
	}
	return nil
}

// int returns a whole number, otherwise where there is none.
func (n *node) int(name string, otherwise int) int {
	if a := n.attribute(name); a != nil && a.Kind == onnxfile.Int {
		return clampInt(a.Int)
	}
	return otherwise
}

func (n *node) float(name string, otherwise float32) float32 {
	if a := n.attribute(name); a != nil && a.Kind == onnxfile.Float {
		return a.Float
	}
	return otherwise
}

func (n *node) text(name, otherwise string) string {
	if a := n.attribute(name); a != nil && a.Kind == onnxfile.String {
		return a.String
	}
	return otherwise
}

// ints returns a list, nil where there is none.
func (n *node) ints(name string) []int {
	a := n.attribute(name)
	if a == nil || a.Kind != onnxfile.Ints {
		return nil
	}
	list := make([]int, len(a.Ints))
	for i, v := range a.Ints {
		list[i] = clampInt(v)
	}
	return list
}

// only returns an error where an attribute has another value than the ones that are known.
func (n *node) only(name string, known ...string) error {
	got := n.text(name, known[0])
	for _, v := range known {
		if got == v {
			return nil
		}
	}
	return fmt.Errorf("its attribute %s is %q: only %q is supported", name, got, known)
}

// axis makes an axis from the front of one that may be from the back.
func axis(i, rank int) (int, error) {
	if i < 0 {
		i += rank
	}
	if i < 0 || i >= rank {
		return 0, fmt.Errorf("the axis %d is not one of %d axes", i, rank)
	}
	return i, nil
}

// axes makes axes from the front, which differ.
func axes(list []int, rank int) ([]int, error) {
	seen := make([]bool, rank)
	out := make([]int, 0, len(list))
	for _, i := range list {
		i, err := axis(i, rank)
		if err != nil {
			return nil, err
		}
		if seen[i] {
			return nil, fmt.Errorf("the axis %d is named twice", i)
		}
		seen[i] = true
		out = append(out, i)
	}
	return out, nil
}

// axesOf returns the axes of a node: an input in newer versions, an attribute in older
// ones. None of both is nil.
func (c *call) axesOf(input, rank int) ([]int, error) {
	list := c.ints("axes")
	if c.has(input) {
		w, err := c.whole(input)
		if err != nil {
			return nil, err
		}
		list = w.data
	}
	if list == nil {
		return nil, nil
	}
	return axes(list, rank)
}
