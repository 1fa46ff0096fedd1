package onnx

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"slices"

	"autodropout/internal/onnxfile"
	"autodropout/layers"
)

// initializer writes a parameter or a buffer, once.
func (w *writer) initializer(a layers.Array) string {
	if w.written[a.Name] == "" {
		w.written[a.Name] = a.Name
		w.graph.Initializers = append(w.graph.Initializers, onnxfile.Tensor{Name: a.Name, Type: onnxfile.Float32, Shape: a.Shape, Floats: a.Data})
	}
	return a.Name
}

// floats writes a constant, those of equal elements once.
func (w *writer) floats(shape []int, data []float32) string {
	h := fnv.New128a()
	for _, v := range data {
		_ = binary.Write(h, binary.LittleEndian, math.Float32bits(v))
	}
	key := fmt.Sprintf("constant of reals %v %x", shape, h.Sum(nil))
	return w.shared(key, onnxfile.Tensor{Type: onnxfile.Float32, Shape: slices.Clone(shape), Floats: slices.Clone(data)})
}

// scalar writes a constant.
func (w *writer) scalar(v float32) string { return w.floats(nil, []float32{v}) }

// ints writes a list of whole numbers.
func (w *writer) ints(list ...int) string {
	t := onnxfile.Tensor{Type: onnxfile.Int64, Shape: []int{len(list)}, Ints: make([]int64, len(list))}
	for i, v := range list {
		t.Ints[i] = int64(v)
	}
	return w.shared(fmt.Sprintf("constant of wholes %v", list), t)
}

func (w *writer) shared(key string, t onnxfile.Tensor) string {
	if w.written[key] == "" {
		t.Name = w.fresh("constant")
		w.written[key] = t.Name
		w.graph.Initializers = append(w.graph.Initializers, t)
	}
	return w.written[key]
}

// fresh returns a name that nothing has.
func (w *writer) fresh(kind string) string {
	for {
		w.nodes++
		if name := fmt.Sprintf("%s%s/%d", ownNames, kind, w.nodes); !w.taken[name] {
			return name
		}
	}
}

// ownNames is what the names begin with that are given here, to nodes and constants.
const ownNames = "/"

// node adds an operation with one output, and returns that.
func (w *writer) node(op string, inputs []string, attributes ...onnxfile.Attribute) string {
	name := w.fresh(op)
	w.graph.Nodes = append(w.graph.Nodes, onnxfile.Node{Name: name, Op: op, Inputs: inputs, Outputs: []string{name}, Attributes: attributes})
	return name
}

func attrInt(name string, v int) onnxfile.Attribute {
	return onnxfile.Attribute{Name: name, Kind: onnxfile.Int, Int: int64(v)}
}

func attrInts(name string, list ...int) onnxfile.Attribute {
	a := onnxfile.Attribute{Name: name, Kind: onnxfile.Ints}
	for _, v := range list {
		a.Ints = append(a.Ints, int64(v))
	}
	return a
}

func attrFloat(name string, v float32) onnxfile.Attribute {
	return onnxfile.Attribute{Name: name, Kind: onnxfile.Float, Float: v}
}

func attrText(name, v string) onnxfile.Attribute {
	return onnxfile.Attribute{Name: name, Kind: onnxfile.String, String: v}
}

// last returns the name of a value in the order of axes that it has here.
func (w *writer) last(v *value) string {
	if v.last == "" {
		switch {
		case v.parameter != nil:
			v.last = w.transpose(v.parameter.Name, inverse(v.parameter.axes))
		case v.rank() < 3:
			v.last = v.first
		default:
			v.last = w.transpose(v.first, fromFirst(v.rank()))
		}
	}
	return v.last
}

// first returns the name of a value with the channels behind the first axis.
func (w *writer) first(v *value) string {
	if v.first == "" {
		if v.first = w.last(v); v.rank() > 2 {
			v.first = w.transpose(v.first, toFirst(v.rank()))
		}
	}
	return v.first
}

// kernel returns the name of the weight of a convolution, in the order of axes of files.
func (w *writer) kernel(v *value) string {
	order := []int{3, 2, 0, 1}
	if v.parameter != nil && slices.Equal(v.parameter.axes, order) {
		return v.parameter.Name
	}
	return w.transpose(w.last(v), order)
}

func (w *writer) transpose(name string, axes []int) string {
	return w.node("Transpose", []string{name}, attrInts("perm", axes...))
}

// toFirst is the order of axes that moves the last one behind the first; fromFirst undoes
// it.
func toFirst(rank int) []int {
	order := make([]int, rank)
	for i := range order {
		order[i] = i
	}
	return channelsFirst(order)
}

func fromFirst(rank int) []int { return inverse(toFirst(rank)) }

// inverse returns the order of axes that undoes another.
func inverse(axes []int) []int {
	inv := make([]int, len(axes))
	for i, axis := range axes {
		inv[axis] = i
	}
	return inv
}
