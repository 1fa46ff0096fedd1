package onnx

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"

	"autodropout/autograd"
	"autodropout/internal/onnxfile"
)

// convolved returns the tensors that are nothing but weights of two-dimensional
// convolutions.
func convolved(g *onnxfile.Graph) map[string]bool {
	kernels := map[string]bool{}
	for _, n := range g.Nodes {
		for i, name := range n.Inputs {
			before, seen := kernels[name]
			kernels[name] = (n.Op == "Conv" || n.Op == "ConvTranspose") && i == 1 && (before || !seen)
		}
	}
	return kernels
}

// unwrap makes initializers of the weights that nodes called Constant hold, so that they are read, and trained,
// as others are. Their other readers find them there too.
func unwrap(g *onnxfile.Graph) {
	weights := map[string]bool{}
	for _, n := range slices.Backward(g.Nodes) { // a weight may have another name behind a node
		again := n.Op == "Identity" && slices.ContainsFunc(n.Outputs, func(name string) bool { return weights[name] })
		for i, name := range n.Inputs {
			if name != "" && n.Domain == "" && (again || slices.Contains(kinds[n.Op].weights, i)) {
				weights[name] = true
			}
		}
	}
	g.Nodes = slices.DeleteFunc(g.Nodes, func(n onnxfile.Node) bool {
		if n.Op != "Constant" || n.Domain != "" || len(n.Outputs) != 1 || !weights[n.Outputs[0]] {
			return false
		}
		i := slices.IndexFunc(n.Attributes, func(a onnxfile.Attribute) bool { return a.Name == "value" && a.Tensor != nil && a.Tensor.Type.Real() })
		if i < 0 {
			return false
		}
		t := *n.Attributes[i].Tensor
		t.Name = n.Outputs[0]
		g.Initializers = append(g.Initializers, t)
		return true
	})
}

// unshare takes out nodes that only give an initializer another name: PyTorch's exporter
// writes equal ones once. A vector gets each name, and with it a copy of its own; what reads
// a matrix under another name reads the one that is there.
func unshare(g *onnxfile.Graph) {
	wanted, index, matrices := map[string]bool{}, map[string]int{}, map[string]string{}
	for _, out := range g.Outputs {
		wanted[out.Name] = true
	}
	for i, t := range g.Initializers {
		index[t.Name] = i
	}
	var nodes []onnxfile.Node
	for _, n := range g.Nodes {
		for i, name := range n.Inputs {
			n.Inputs[i] = cmp.Or(matrices[name], name)
		}
		i, constant := 0, false
		if n.Op == "Identity" && n.Domain == "" && len(n.Inputs) == 1 && len(n.Outputs) == 1 && !wanted[n.Outputs[0]] {
			i, constant = index[n.Inputs[0]]
		}
		switch {
		case !constant:
			nodes = append(nodes, n)
		case len(g.Initializers[i].Shape) > 1:
			matrices[n.Outputs[0]] = n.Inputs[0]
		default:
			t := g.Initializers[i]
			t.Name = n.Outputs[0]
			index[t.Name] = len(g.Initializers)
			g.Initializers = append(g.Initializers, t)
		}
	}
	g.Nodes = nodes
}

// generated are names that exporters give to what has none.
var generated = regexp.MustCompile(`^(/|_|val_\d|onnx::|\d+$)`)

// operand returns what a node reads. weight says that it is the weight of an operation.
func (b *builder) operand(name string, weight bool) (operand, error) {
	none := operand{slot: -1}
	if name == "" {
		return none, nil
	}
	if slot, ok := b.slot[name]; ok {
		return operand{slot: slot}, nil
	}
	t := b.tensors[name]
	if t == nil {
		return none, fmt.Errorf("it reads %q, which nothing before it computes", name)
	}
	if t.Type.Real() && (weight || len(t.Floats) > 1 && !generated.MatchString(name) && !slices.ContainsFunc(t.Floats, infinite)) {
		return operand{slot: -1, param: b.param(t, name), kernel: b.kernels[name] && len(t.Shape) == 4}, nil
	}
	d := constantOf(t)
	return operand{slot: -1, constant: &d}, nil
}

// infinite reports whether a number is what masks of attention have and no training arrives at.
func infinite(v float32) bool { return math.IsInf(float64(v), 0) }

// constantOf returns the value of a tensor that is not trained.
func constantOf(t *onnxfile.Tensor) datum {
	if t.Type.Real() {
		return datum{real: autograd.FromSlice(t.Floats, t.Shape...)}
	}
	w := &wholes{shape: t.Shape, data: make([]int, len(t.Ints))}
	for i, v := range t.Ints {
		w.data[i] = clampInt(v)
	}
	return datum{whole: w}
}

// clampInt keeps numbers that stand for "to the end" what they are on 32 bits.
func clampInt(v int64) int {
	const most = 1<<(32-1) - 1
	return int(max(-most, min(most, v)))
}

// param returns the parameter of a tensor: a matrix is one, whoever reads it, and a vector
// is copied.
func (b *builder) param(t *onnxfile.Tensor, name string) *autograd.Param {
	matrix := len(t.Shape) > 1
	if p := b.params[name]; p != nil && matrix {
		return p
	}
	data := t.Floats
	shape := t.Shape
	var axes []int
	if len(shape) == 4 && b.kernels[name] {
		axes = []int{3, 2, 0, 1}
		shape, data = reordered(t.Floats, t.Shape, []int{2, 3, 1, 0})
	}
	p := b.scope.Param(b.unused(name), func(_ *rand.Rand, w []float32) { copy(w, data) }, shape...)
	p.FileAxes = axes
	b.params[name] = p
	return p
}

// reordered returns an array with its axes in another order: axis i of the result is axis
// order[i].
func reordered[T any](data []T, shape, order []int) ([]int, []T) {
	to := make([]int, len(shape))
	strides := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	for i, axis := range order {
		to[i] = shape[axis]
	}
	out := make([]T, 0, len(data))
	var walk func(axis, from int)
	walk = func(axis, from int) {
		if axis == len(order) {
			out = append(out, data[from])
			return
		}
		for i := range to[axis] {
			walk(axis+1, from+i*strides[order[axis]])
		}
	}
	walk(0, 0)
	return to, out
}

// unused returns a name that no parameter has yet, which begins with the given one.
func (b *builder) unused(name string) string {
	free := name
	for i := 2; b.taken[free]; i++ {
		free = fmt.Sprintf("%s.%d", name, i)
	}
	b.taken[free] = true
	return free
}
