package onnx

import (
	"math"

	"autodropout/autograd"
	"autodropout/ops"
)

func (o *operation) linear() error {
	x, w := o.in[0], o.in[1]
	if x.rank() == 2 {
		inputs := []string{o.last(x), o.last(w)}
		if len(o.in) > 2 {
			inputs = append(inputs, o.last(o.in[2]))
		}
		o.out.last = o.node("Gemm", inputs, attrInt("transB", 1))
		return nil
	}
	y := o.node("MatMul", []string{o.last(x), o.transpose(o.last(w), []int{1, 0})})
	if len(o.in) > 2 {
		y = o.node("Add", []string{y, o.last(o.in[2])})
	}
	o.out.last = y
	return nil
}

func (o *operation) matMul() error {
	spec := o.spec.(*ops.MatMulSpec)
	operand := func(v *value, swap bool) string {
		if !swap {
			return o.last(v)
		}
		order := make([]int, v.rank())
		for i := range order {
			order[i] = i
		}
		n := len(order)
		order[n-1], order[n-2] = n-2, n-1
		return o.transpose(o.last(v), order)
	}
	o.out.last = o.node("MatMul", []string{operand(o.in[0], spec.TransA), operand(o.in[1], spec.TransB)})
	return nil
}

func (o *operation) layerNorm() error {
	o.out.last = o.node("LayerNormalization", []string{o.last(o.in[0]), o.last(o.in[1]), o.last(o.in[2])}, attrInt("axis", -1), attrFloat("epsilon", *o.spec.(*float32)))
	return nil
}

func (o *operation) rmsNorm() error {
	x := o.last(o.in[0])
	mean := o.node("ReduceMean", []string{o.node("Mul", []string{x, x})}, attrInts("axes", -1), attrInt("keepdims", 1))
	root := o.node("Sqrt", []string{o.node("Add", []string{mean, o.scalar(*o.spec.(*float32))})})
	o.out.last = o.node("Mul", []string{o.node("Div", []string{x, root}), o.last(o.in[1])})
	return nil
}

func (o *operation) embedding() error {
	name, err := o.idsOf(o.spec.(ops.IDs))
	if err != nil {
		return err
	}
	last := o.out.rank() - 1
	shape, err := o.shapeFor(o.out.shape[:last], o.out.axes[:last])
	if err != nil {
		return err
	}
	o.out.last = o.node("Gather", []string{o.last(o.in[0]), o.node("Reshape", []string{name, shape})}, attrInt("axis", 0))
	return nil
}

// idsOf returns the name of the input that whole numbers are.
func (o *operation) idsOf(ids []int) (string, error) {
	for i, in := range o.few.inputs {
		if in.IDs != nil && len(ids) == len(in.IDs) && place(ids) == place(in.IDs) {
			return o.export.Inputs[i].Name, nil
		}
	}
	return "", o.wrong("it reads whole numbers that are no input: give it the slice of one as it is")
}

// heads returns q, k or v (N, T, heads*D) as (N, heads, T, D), and where transposed as
// (N, heads, D, T).
func (o *operation) heads(x string, length, heads, width int, transposed bool) string {
	x = o.node("Reshape", []string{x, o.ints(-1, length, heads, width)})
	if transposed {
		return o.transpose(x, []int{0, 2, 3, 1})
	}
	return o.transpose(x, []int{0, 2, 1, 3})
}

// attended returns what follows the scores (N, heads, T, S) of queries and keys.
func (o *operation) attended(scores string, spec *ops.AttentionSpec) error {
	heads := max(1, spec.Heads)
	t, s := o.in[0].shape[1], o.in[1].shape[1]
	if spec.Causal {
		mask := make([]float32, t*s)
		for i := range t {
			for j := s - t + i + 1; j < s; j++ {
				mask[i*s+j] = float32(math.Inf(-1))
			}
		}
		scores = o.node("Add", []string{scores, o.floats([]int{t, s}, mask)})
	}
	if spec.Lengths != nil {
		lengths, err := o.idsOf(spec.Lengths)
		if err != nil {
			return err
		}
		place := make([]int, s)
		for i := range place {
			place[i] = i
		}
		inside := o.node("Less", []string{o.ints(place...), o.node("Unsqueeze", []string{lengths, o.ints(1, 2, 3)})})
		scores = o.node("Where", []string{inside, scores, o.scalar(float32(math.Inf(-1)))})
	}
	width := o.in[2].shape[2]
	values := o.heads(o.last(o.in[2]), s, heads, width/heads, false)
	y := o.node("MatMul", []string{o.node("Softmax", []string{scores}, attrInt("axis", -1)), values})
	o.out.last = o.node("Reshape", []string{o.transpose(y, []int{0, 2, 1, 3}), o.ints(-1, t, width)})
	return nil
}

// scaled multiplies scores by what a specification says.
func (o *operation) scaled(scores string, spec *ops.AttentionSpec, width int) string {
	scale := spec.Scale
	if scale == 0 {
		scale = float32(1 / math.Sqrt(float64(width)))
	}
	return o.node("Mul", []string{scores, o.scalar(scale)})
}

func (o *operation) attention() error {
	spec, q, k := o.spec.(*ops.AttentionSpec), o.in[0], o.in[1]
	heads := max(1, spec.Heads)
	width := q.shape[2] / heads
	queries, keys := o.heads(o.last(q), q.shape[1], heads, width, false), o.heads(o.last(k), k.shape[1], heads, width, true)
	return o.attended(o.scaled(o.node("MatMul", []string{queries, keys}), spec, width), spec)
}

// relativeAttention shifts the scores of distances by the trick of the paper's appendix B:
// with a column in front, the rows of a matrix read as rows that are one longer each begin
// a place later.
func (o *operation) relativeAttention() error {
	spec, q, k := *o.spec.(*ops.AttentionSpec), o.in[0], o.in[1]
	heads := max(1, spec.Heads)
	t, s, width := q.shape[1], k.shape[1], q.shape[2]/heads
	queries := o.node("Reshape", []string{o.last(q), o.ints(-1, t, heads, width)})
	with := func(bias *value) string {
		return o.transpose(o.node("Add", []string{queries, o.last(bias)}), []int{0, 2, 1, 3})
	}
	content := o.node("MatMul", []string{with(o.in[4]), o.heads(o.last(k), s, heads, width, true)})
	distances := o.transpose(o.node("Reshape", []string{o.last(o.in[3]), o.ints(s, heads, width)}), []int{1, 2, 0})
	position := o.node("MatMul", []string{with(o.in[5]), distances})
	padded := o.node("Pad", []string{position, o.ints(0, 0, 0, 1, 0, 0, 0, 0), o.scalar(0)}, attrText("mode", "constant"))
	longer := o.node("Reshape", []string{padded, o.ints(-1, heads, s+1, t)})
	shifted := o.node("Reshape", []string{o.sliced(longer, 2, 1, s+1), o.ints(-1, heads, t, s)})
	return o.attended(o.scaled(o.node("Add", []string{content, shifted}), &spec, width), &spec)
}

// states are those of a recurrent layer, of which a file has the hidden ones of all steps
// and the last ones.
type states struct {
	hidden, last, cell string // (T, N, H), (1, N, H), (1, N, H)
	steps              int
	reverse            bool
}

// recurrent writes a layer together with the product of the inputs, which files have as one
// operation.
func (o *operation) recurrent() error {
	spec := o.spec.(*ops.RecurrentArgs)
	product := o.made[o.inputs[0]]
	if product == nil || product.op != "ops.Linear" {
		return o.wrong("its input is not that of ops.Linear, which files have in the same operation")
	}
	if spec.Lengths != nil {
		return o.wrong("lengths of sequences are not written: give it sequences without padding")
	}
	hidden := o.in[1].shape[1]
	order, op := []int{0, 3, 1, 2}, "LSTM" // input, output, forget, cell gate
	if o.op == "ops.GRU" {
		order, op = []int{1, 0, 2}, "GRU" // update, reset, new gate
	}
	var rows []int
	for _, gate := range order {
		for i := range hidden {
			rows = append(rows, gate*hidden+i)
		}
	}
	gates := func(x string) string {
		return o.node("Gather", []string{x, o.ints(rows...)}, attrInt("axis", 0))
	}
	front := func(x string) string { return o.node("Unsqueeze", []string{x, o.ints(0)}) }
	bias := func(v *autograd.Tensor) string {
		if v == nil {
			return o.floats([]int{len(rows)}, make([]float32, len(rows)))
		}
		return gates(o.last(o.values[v]))
	}
	var inBias *autograd.Tensor
	if len(product.inputs) > 2 {
		inBias = product.inputs[2]
	}
	inputs := []string{o.last(o.values[product.inputs[0]]), front(gates(o.last(o.values[product.inputs[1]]))), front(gates(o.last(o.in[1])))}
	inputs = append(inputs, front(o.node("Concat", []string{bias(inBias), bias(spec.Bias)}, attrInt("axis", 0))), "")
	for _, start := range spec.Start {
		if start == nil {
			inputs = append(inputs, "")
		} else {
			inputs = append(inputs, front(o.last(o.values[start])))
		}
	}
	node := o.node(op, inputs, attrInt("hidden_size", hidden), attrText("direction", "forward"))
	n := &o.graph.Nodes[len(o.graph.Nodes)-1]
	if spec.Reverse {
		n.Attributes[1].String = "reverse"
	}
	s := &states{last: o.fresh(op), steps: o.in[0].shape[0], reverse: spec.Reverse}
	n.Outputs = append(n.Outputs, s.last)
	if op == "LSTM" {
		s.cell = o.fresh(op)
		n.Outputs = append(n.Outputs, s.cell)
	} else {
		n.Attributes = append(n.Attributes, attrInt("linear_before_reset", 1))
	}
	s.hidden = o.node("Squeeze", []string{node, o.ints(1)})
	o.out.states = s
	return nil
}

// sliceStates finds the part of the states of a recurrent layer that is wanted: those of
// all steps, or the last of one plane.
func (o *operation) sliceStates(args ops.SliceArgs) error {
	s := o.in[0].states
	from, end := 1, s.steps
	if s.reverse {
		from, end = 0, 0
	}
	part := [2]int{args.Lo, args.Hi}
	planes := s.steps + 1
	switch {
	case args.Axis != 0 || o.in[0].rank() != 3:
	case part == [2]int{from, from + s.steps}:
		o.out.last = s.hidden
		return nil
	case part == [2]int{end, end + 1}:
		o.out.last = s.last
		return nil
	case part == [2]int{planes + end, planes + end + 1} && s.cell != "":
		o.out.last = s.cell
		return nil
	}
	return o.wrong("files have of the states of a recurrent layer those behind all steps, and the last one")
}
