package onnx

import (
	"fmt"
	"slices"

	"autodropout/internal/onnxfile"
	"autodropout/layers"
)

// Arrays returns the arrays of real numbers of a file with their names. For a file that
// [Export.Save] wrote they are the state of the network.
func Arrays(path string) ([]layers.Array, error) {
	m, err := onnxfile.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the network: %w", err)
	}
	var arrays []layers.Array
	for _, t := range m.Graph.Initializers {
		if t.Type.Real() && !generated.MatchString(t.Name) {
			arrays = append(arrays, layers.Array{Name: t.Name, Shape: t.Shape, Data: t.Floats})
		}
	}
	return arrays, nil
}

// behead takes the last linear layer of a network out of its file, with all that only it
// needs: its input becomes the only output.
func behead(m *onnxfile.Model) error {
	g := &m.Graph
	if len(g.Outputs) == 0 {
		return fmt.Errorf("it has no outputs")
	}
	made := map[string]*onnxfile.Node{}
	for i := range g.Nodes {
		for _, name := range g.Nodes[i].Outputs {
			made[name] = &g.Nodes[i]
		}
	}
	constant := map[string]bool{}
	for _, t := range g.Initializers {
		constant[t.Name] = true
	}
	at := g.Outputs[0].Name
	for range g.Nodes {
		n := made[at]
		if n == nil || len(n.Inputs) == 0 {
			break
		}
		from := n.Inputs[0]
		if len(n.Inputs) > 1 && constant[from] { // as a bias may come first
			from = n.Inputs[1]
		}
		if n.Op == "Gemm" || n.Op == "MatMul" {
			g.Outputs = []onnxfile.Value{{Name: from, Type: onnxfile.Float32}}
			prune(g)
			return nil
		}
		at = from
	}
	return fmt.Errorf("its output %q is not what a linear layer makes, with operations on its elements behind it: there is no classifier to leave out", g.Outputs[0].Name)
}

// prune leaves out nodes and initializers that no output depends on.
func prune(g *onnxfile.Graph) {
	needed := map[string]bool{}
	for _, out := range g.Outputs {
		needed[out.Name] = true
	}
	var nodes []onnxfile.Node
	for _, n := range slices.Backward(g.Nodes) {
		if slices.ContainsFunc(n.Outputs, func(name string) bool { return needed[name] }) {
			nodes = append(nodes, n)
			for _, name := range n.Inputs {
				needed[name] = true
			}
		}
	}
	slices.Reverse(nodes)
	g.Nodes = nodes
	g.Initializers = slices.DeleteFunc(g.Initializers, func(t onnxfile.Tensor) bool { return !needed[t.Name] })
}
