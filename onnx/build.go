package onnx

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"autodropout/autograd"
	"autodropout/internal/onnxfile"
	"autodropout/layers"
)

// mostElements is how many a value of a pass may have: 1 GB of them. The pictures of a
// large batch have fewer, and what a stranger's file asks for beyond them would take all
// memory.
const mostElements = 1 << 28

// builder makes a network of a file.
type builder struct {
	*Network
	scope   *layers.Scope
	tensors map[string]*onnxfile.Tensor
	slot    map[string]int // of what is computed, by name
	params  map[string]*autograd.Param
	kernels map[string]bool // matrices that only convolutions read
	taken   map[string]bool // names of parameters
	biases  int             // convolutions with a bias
	batched int             // batch normalisations
}

// build makes the network of a model, whose tensors may be changed by it later.
func build(m *onnxfile.Model) (*Network, error) {
	n := &Network{Producer: strings.TrimSpace(m.Producer + " " + m.Version), Opset: int(m.Opset), Metadata: map[string]string{}, most: mostElements}
	for _, e := range m.Metadata {
		n.Metadata[e.Key] = e.Value
	}
	if m.Opset < oldestOpset || m.Opset > newestOpset {
		return nil, fmt.Errorf("its operations are of version %d: those from %d to %d are known; export it with opset_version=%d", m.Opset, oldestOpset, newestOpset, opset)
	}
	b := &builder{
		Network: n, scope: layers.NewScope(0), tensors: map[string]*onnxfile.Tensor{}, slot: map[string]int{},
		params: map[string]*autograd.Param{}, taken: map[string]bool{},
	}
	n.params = b.scope.Params()
	for i := range m.Graph.Initializers {
		t := &m.Graph.Initializers[i]
		if b.tensors[t.Name] != nil || t.Name == "" {
			return nil, fmt.Errorf("two of its tensors are called %q, or one has no name", t.Name)
		}
		if len(t.Shape) > autograd.MaxRank {
			return nil, fmt.Errorf("its tensor %q has %d axes: at most %d are possible here", t.Name, len(t.Shape), autograd.MaxRank)
		}
		b.tensors[t.Name] = t
	}
	if err := b.declare(&m.Graph); err != nil {
		return nil, err
	}
	const most = 100_000 // a pass of a chain of as many takes no more stack than there is
	if len(m.Graph.Nodes) > most {
		return nil, fmt.Errorf("it has %d nodes: at most %d are possible", len(m.Graph.Nodes), most)
	}
	b.kernels = convolved(&m.Graph)
	var nodes []*node
	for i := range m.Graph.Nodes {
		made, err := b.node(&m.Graph.Nodes[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", &m.Graph.Nodes[i], err)
		}
		nodes = append(nodes, made)
	}
	if len(m.Graph.Outputs) == 0 {
		return nil, fmt.Errorf("it has no outputs")
	}
	for _, out := range m.Graph.Outputs {
		o, err := b.operand(out.Name, false)
		if err != nil {
			return nil, err
		}
		n.outputs = append(n.outputs, o)
		n.Outputs = append(n.Outputs, out.Name)
	}
	n.cut(nodes)
	b.note()
	n.params.Flat()
	return n, nil
}

// The versions of the operations that are known. Between them some have changed: those
// that did so are read as the file's version has them.
const oldestOpset, newestOpset = 9, 26

// declare adds the inputs.
func (b *builder) declare(g *onnxfile.Graph) error {
	for _, v := range g.Inputs {
		if b.tensors[v.Name] != nil {
			continue // old files list their initializers as well
		}
		in := Input{Name: v.Name}
		for i, d := range v.Shape {
			if i > 0 {
				in.Shape = append(in.Shape, d.Size)
			}
		}
		if picture(append([]int{0}, in.Shape...)) {
			in.Shape = append(in.Shape[1:len(in.Shape):len(in.Shape)], in.Shape[0])
		}
		if !v.Type.Real() {
			in.Below = 1 // any, as far as the file says
		}
		rank := len(v.Shape)
		if rank == 0 {
			rank = -1
		}
		if _, twice := b.slot[v.Name]; twice || v.Name == "" {
			return fmt.Errorf("two of its inputs are called %q, or one has no name", v.Name)
		}
		b.slot[v.Name] = b.slots
		b.slots++
		b.Inputs = append(b.Inputs, in)
		b.inputs = append(b.inputs, valueType{real: v.Type.Real(), rank: rank})
	}
	return nil
}

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
	if t.Type.Real() && (weight || len(t.Floats) > 1 && !generated.MatchString(name)) {
		return operand{slot: -1, param: b.param(t, name), kernel: b.kernels[name] && len(t.Shape) == 4}, nil
	}
	d := constantOf(t)
	return operand{slot: -1, constant: &d}, nil
}

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
func reordered(data []float32, shape, order []int) ([]int, []float32) {
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
	out := make([]float32, 0, len(data))
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

// node makes one of a file's.
func (b *builder) node(f *onnxfile.Node) (*node, error) {
	kind, known := kinds[f.Op]
	if f.Domain != "" || !known {
		return nil, fmt.Errorf("the operation is not known here: write the model with others, or leave this part out of the export")
	}
	if len(f.Inputs) < kind.needs || len(f.Outputs) == 0 || len(f.Outputs) > max(1, kind.outputs) {
		return nil, fmt.Errorf("it has %d inputs and %d outputs, which is not known here", len(f.Inputs), len(f.Outputs))
	}
	n := &node{Node: f}
	for i, name := range f.Inputs {
		if kind.own && i > 0 {
			break
		}
		o, err := b.operand(name, slices.Contains(kind.weights, i))
		if err != nil {
			return nil, err
		}
		n.operand = append(n.operand, o)
	}
	for i := range n.operand {
		if i < kind.needs && !n.operand[i].there() {
			return nil, fmt.Errorf("it has no input number %d", i)
		}
	}
	run, err := kind.make(b, n)
	if err != nil {
		return nil, err
	}
	n.run = run
	for _, name := range f.Outputs {
		if name == "" {
			n.out = append(n.out, -1)
			continue
		}
		if _, twice := b.slot[name]; twice || b.tensors[name] != nil {
			return nil, fmt.Errorf("its output %q has the name of another value", name)
		}
		b.slot[name] = b.slots
		n.out = append(n.out, b.slots)
		b.slots++
	}
	return n, nil
}

// cut divides the nodes into parts with a single value of all that was computed going from
// one to the next, so that a pass holds the values of one part.
func (n *Network) cut(nodes []*node) {
	reads := make([]int, n.slots) // the last node that reads a slot
	for i, node := range nodes {
		for _, o := range node.operand {
			if o.slot >= 0 {
				reads[o.slot] = i
			}
		}
	}
	for _, o := range n.outputs {
		if o.slot >= 0 {
			reads[o.slot] = len(nodes)
		}
	}
	live := map[int]bool{}
	var part []*node
	for i, node := range nodes {
		part = append(part, node)
		for _, slot := range node.out {
			if slot >= 0 && reads[slot] > i {
				live[slot] = true
			}
		}
		for _, o := range node.operand {
			if o.slot >= 0 && reads[o.slot] <= i {
				delete(live, o.slot)
			}
		}
		if len(live) == 1 && i+1 < len(nodes) {
			for slot := range live {
				n.links = append(n.links, slot)
			}
			n.chain, part = append(n.chain, part), nil
		}
	}
	n.chain, n.links = append(n.chain, part), append(n.links, -1)
}

// note says what the file has lost.
func (b *builder) note() {
	if b.biases > 0 && b.batched == 0 {
		b.notes = append(b.notes, fmt.Sprintf("%d convolutions have a bias and no batch normalisation follows any: where the network had normalisations, the program that wrote the file has multiplied them into the weights, and what is trained further has none", b.biases))
	}
}
