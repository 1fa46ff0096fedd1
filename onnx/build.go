package onnx

import (
	"fmt"
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
	kernels map[string]bool  // matrices that only convolutions read
	read    map[string]bool  // values that a node reads, or that are outputs
	taken   map[string]bool  // names of parameters
	written map[string]datum // what nodes called Constant hold, by the names of their outputs
	biases  int              // convolutions with a bias
	batched int              // batch normalisations
}

// build makes the network of a model, with its parameters in a scope.
func build(m *onnxfile.Model, scope *layers.Scope) (*Network, error) {
	n := &Network{Name: m.Graph.Name, Producer: strings.TrimSpace(m.Producer + " " + m.Version), Opset: int(m.Opset), Metadata: map[string]string{}, most: mostElements}
	for _, e := range m.Metadata {
		n.Metadata[e.Key] = e.Value
	}
	if m.Opset < oldestOpset || m.Opset > newestOpset {
		return nil, fmt.Errorf("its operations are of version %d: those from %d to %d are supported; export it with opset_version=%d", m.Opset, oldestOpset, newestOpset, opset)
	}
	b := &builder{
		Network: n, scope: scope, tensors: map[string]*onnxfile.Tensor{}, slot: map[string]int{},
		params: map[string]*autograd.Param{}, taken: map[string]bool{}, written: map[string]datum{}, read: read(&m.Graph),
	}
	n.params = scope.Params()
	for i := range m.Graph.Initializers {
		t := &m.Graph.Initializers[i]
		if b.tensors[t.Name] != nil || t.Name == "" {
			return nil, fmt.Errorf("two of its tensors are called %q, or one has no name", t.Name)
		}
		if len(t.Shape) > autograd.MaxRank {
			return nil, fmt.Errorf("its tensor %q has %d axes: at most %d are supported", t.Name, len(t.Shape), autograd.MaxRank)
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
		if !o.there() {
			return nil, fmt.Errorf("one of its outputs has no name")
		}
		n.outputs = append(n.outputs, o)
		n.Outputs = append(n.Outputs, out.Name)
	}
	n.cut(nodes)
	b.note()
	return n, nil
}

// The versions of the operations that are known. Between them some have changed: those
// that did so are read as the file's version has them.
const oldestOpset, newestOpset = 7, 24

// read returns the names of the values that a node reads, or that are outputs.
func read(g *onnxfile.Graph) map[string]bool {
	names := map[string]bool{}
	for _, n := range g.Nodes {
		for _, name := range n.Inputs {
			names[name] = true
		}
	}
	for _, out := range g.Outputs {
		names[out.Name] = true
	}
	delete(names, "") // an input that is left out
	return names
}

// declare adds the inputs.
func (b *builder) declare(g *onnxfile.Graph) error {
	for _, v := range g.Inputs {
		if b.tensors[v.Name] != nil {
			continue // old files list their initializers as well
		}
		if len(b.Inputs) == 0 && len(v.Shape) > 0 {
			b.fixed = v.Shape[0].Size
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

// node makes one of a file's.
func (b *builder) node(f *onnxfile.Node) (*node, error) {
	kind, known := kinds[f.Op]
	if f.Domain != "" || !known {
		return nil, fmt.Errorf("the operation is not supported: write the model with others, or leave this part out of the export")
	}
	if len(f.Inputs) < kind.needs || len(f.Outputs) == 0 || len(f.Outputs) > max(1, kind.outputs) {
		return nil, fmt.Errorf("it has %d inputs and %d outputs, which is not supported", len(f.Inputs), len(f.Outputs))
	}
	n, before := &node{Node: f}, len(b.Network.params.All())
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
	n.params = slices.Clone(b.Network.params.All()[before:])
	for _, name := range f.Outputs {
		if !b.read[name] { // such as the statistics of a normalisation that was exported in training mode
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
