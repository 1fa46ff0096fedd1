package onnx

import (
	"math"
	"slices"

	"autodropout/autograd"
	"autodropout/ops"
)

// operation is an operation that is being written.
type operation struct {
	*writer
	*step
	more *step
	in   []*value
	out  *value
}

// writers are how operations are written, by name.
var writers map[string]func(o *operation) error

func init() {
	unary := func(op string) func(o *operation) error {
		return func(o *operation) error {
			o.same(func(x string) string { return o.node(op, []string{x}) })
			return nil
		}
	}
	binary := func(op string) func(o *operation) error {
		return func(o *operation) error { o.binary(op); return nil }
	}
	scalar := func(op string) func(o *operation) error {
		return func(o *operation) error {
			o.same(func(x string) string { return o.node(op, []string{x, o.scalar(o.spec.(float32))}) })
			return nil
		}
	}
	writers = map[string]func(o *operation) error{
		"ops.ReLU": unary("Relu"), "ops.Sigmoid": unary("Sigmoid"), "ops.Tanh": unary("Tanh"), "ops.Exp": unary("Exp"), "ops.Log": unary("Log"),
		"ops.Abs": unary("Abs"), "ops.Sqrt": unary("Sqrt"), "ops.Neg": unary("Neg"), "onnx.Erf": unary("Erf"),
		"ops.SiLU":  func(o *operation) error { o.same(o.silu); return nil },
		"ops.GELU":  func(o *operation) error { o.same(o.gelu); return nil },
		"ops.Clamp": (*operation).clamp,
		"ops.Scale": scalar("Mul"), "ops.AddScalar": scalar("Add"), "ops.Pow": scalar("Pow"),
		"ops.Add": binary("Add"), "ops.Sub": binary("Sub"), "ops.Mul": binary("Mul"), "ops.Div": binary("Div"), "ops.Maximum": binary("Max"), "ops.Minimum": binary("Min"),
		"ops.Where": (*operation).where, "ops.AddBias": (*operation).addBias, "ops.ScaleChannels": (*operation).scaleChannels,

		"ops.Reshape": (*operation).reshape, "ops.Transpose": (*operation).transposed, "ops.Concat": (*operation).concat, "ops.Slice": (*operation).slice, "ops.Pad": (*operation).pad, "ops.Select": (*operation).selected,
		"ops.Sum": (*operation).sum, "ops.Mean": reduce("ReduceMean"), "ops.Max": reduce("ReduceMax"),
		"ops.Softmax": lastAxis("Softmax"), "ops.LogSoftmax": lastAxis("LogSoftmax"),
		"ops.LayerNorm": (*operation).layerNorm, "ops.RMSNorm": (*operation).rmsNorm, "ops.GroupNorm": (*operation).groupNorm,
		"ops.Linear": (*operation).linear, "ops.MatMul": (*operation).matMul, "ops.Embedding": (*operation).embedding, "ops.EmbeddingDropout": (*operation).embedding,
		"ops.Attention": (*operation).attention, "ops.RelativeAttention": (*operation).relativeAttention,
		"ops.LSTM": (*operation).recurrent, "ops.GRU": (*operation).recurrent,

		"ops.Conv2D": (*operation).conv, "ops.ConvTranspose2D": (*operation).convTranspose, "ops.ConvBatchNorm": (*operation).convBatchNorm, "ops.Conv2DMaxPool": (*operation).convMaxPool,
		"ops.BatchNorm": (*operation).batchNorm, "ops.BatchNormReLU": (*operation).batchNorm, "ops.BatchNormAddReLU": (*operation).batchNorm, "ops.BatchNormSiLU": (*operation).batchNorm, "ops.BatchNormGELU": (*operation).batchNorm,
		"ops.MaxPool2D": (*operation).pool, "ops.AvgPool2D": (*operation).pool, "ops.GlobalAvgPool": (*operation).globalPool,
		"ops.AdaptiveAvgPool2D": adaptive("Average"), "ops.AdaptiveMaxPool2D": adaptive("Max"), "ops.Upsample": (*operation).upsample,
	}
}

// step writes one operation of the traces.
func (w *writer) step() error {
	few, more := &w.few.steps[w.at], &w.more.steps[w.at]
	write := writers[few.op]
	if write == nil {
		return w.wrong("it has no counterpart in files of ONNX; take another operation, or leave it to the program that reads the file")
	}
	o := &operation{writer: w, step: few, more: more, out: &value{}}
	for i, x := range few.inputs {
		v, err := w.value(x, more.inputs[i])
		if err != nil {
			return err
		}
		if v.states != nil && few.op != "ops.Reshape" && few.op != "ops.Slice" {
			return w.wrong("it reads all states of a recurrent layer at once: take those that are wanted with ops.Slice first")
		}
		o.in = append(o.in, v)
	}
	o.out.shape = slices.Clone(few.output.Shape())
	for i, d := range o.out.shape {
		other := more.output.Dim(i)
		switch {
		case d == other:
			o.out.axes = append(o.out.axes, 0)
		case d%2 == 0 && other == d/2*3:
			o.out.axes = append(o.out.axes, d/2)
		default:
			return w.wrong("axis %d of its result is %d long for two examples and %d for three", i, d, other)
		}
	}
	w.values[few.output] = o.out
	return write(o)
}

// isFirst reports whether a value is in the file with its channels first, and only so.
func (v *value) isFirst() bool { return v.first != "" && v.last == "" && v.rank() > 2 }

// same sets the output to what an operation on every element makes of the first input,
// in whichever order of axes that is there.
func (o *operation) same(f func(x string) string) {
	if o.in[0].isFirst() {
		o.out.first = f(o.in[0].first)
	} else {
		o.out.last = f(o.last(o.in[0]))
	}
}

func (o *operation) silu(x string) string {
	return o.node("Mul", []string{x, o.node("Sigmoid", []string{x})})
}

// gelu is the exact form: version 17 has no operation of the name.
func (o *operation) gelu(x string) string {
	half := o.node("Mul", []string{x, o.scalar(0.5)})
	erf := o.node("Erf", []string{o.node("Div", []string{x, o.scalar(math.Sqrt2)})})
	return o.node("Mul", []string{half, o.node("Add", []string{erf, o.scalar(1)})})
}

func (o *operation) clamp() error {
	bounds := o.spec.([2]float32)
	o.same(func(x string) string { return o.node("Clip", []string{x, o.scalar(bounds[0]), o.scalar(bounds[1])}) })
	return nil
}

// aligned returns the names of operands that are broadcast, in one order of axes, and
// whether the channels are first in it.
func (o *operation) aligned(operands ...*value) (names []string, first bool) {
	first = slices.ContainsFunc(operands, (*value).isFirst)
	for _, v := range operands {
		if size, ok := elements(v.shape); v.rank() != o.out.rank() && !(ok && size == 1) {
			first = false // axes are aligned at the last
		}
	}
	for _, v := range operands {
		if first && v.rank() == o.out.rank() {
			names = append(names, o.first(v))
		} else {
			names = append(names, o.last(v))
		}
	}
	return names, first
}

// set sets the output.
func (o *operation) set(name string, first bool) {
	if first {
		o.out.first = name
	} else {
		o.out.last = name
	}
}

func (o *operation) binary(op string) {
	names, first := o.aligned(o.in...)
	o.set(o.node(op, names), first)
}

func (o *operation) where() error {
	condition, err := o.value(o.spec.(*autograd.Tensor), o.more.spec.(*autograd.Tensor))
	if err != nil {
		return err
	}
	names, first := o.aligned(condition, o.in[0], o.in[1])
	isZero := o.node("Equal", []string{names[0], o.scalar(0)})
	o.set(o.node("Where", []string{isZero, names[2], names[1]}), first)
	return nil
}

// addBias is part of the convolution, where one comes before it and nothing else reads
// what that computes.
func (o *operation) addBias() error {
	bias := o.last(o.in[1])
	if x := o.in[0]; x.isFirst() {
		node := &o.graph.Nodes[len(o.graph.Nodes)-1]
		if o.uses[o.inputs[0]] == 1 && node.Outputs[0] == x.first && (node.Op == "Conv" || node.Op == "ConvTranspose") && len(node.Inputs) == 2 {
			node.Inputs = append(node.Inputs, bias)
			o.out.first = x.first
			return nil
		}
		o.out.first = o.node("Add", []string{x.first, o.perChannel(bias, x.rank())})
		return nil
	}
	o.out.last = o.node("Add", []string{o.last(o.in[0]), bias})
	return nil
}

// perChannel gives a vector of the channels the axes behind them that make it fit.
func (o *operation) perChannel(vector string, rank int) string {
	var axes []int
	for i := range rank - 2 {
		axes = append(axes, i+1)
	}
	return o.node("Unsqueeze", []string{vector, o.ints(axes...)})
}

func (o *operation) scaleChannels() error {
	x := o.in[0]
	if x.rank() == 2 {
		o.binary("Mul")
		return nil
	}
	axes := []int{2}
	for i := 3; i < x.rank(); i++ {
		axes = append(axes, i)
	}
	o.out.first = o.node("Mul", []string{o.first(x), o.node("Unsqueeze", []string{o.last(o.in[1]), o.ints(axes...)})})
	return nil
}

// elements returns the product of a shape, and whether there is one.
func elements(shape []int) (n int, ok bool) {
	n = 1
	for _, d := range shape {
		if d != 0 && n > math.MaxInt32/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}

// lastAxis writes an operation along the last axis.
func lastAxis(op string) func(o *operation) error {
	return func(o *operation) error {
		o.out.last = o.node(op, []string{o.last(o.in[0])}, attrInt("axis", -1))
		return nil
	}
}

// reduce writes an operation that does away with axes.
func reduce(op string) func(o *operation) error {
	return func(o *operation) error {
		o.out.last = o.node(op, []string{o.last(o.in[0])}, attrInts("axes", o.spec.(ops.Axes)...), attrInt("keepdims", 0))
		return nil
	}
}

func (o *operation) sum() error {
	o.out.last = o.node("ReduceSum", []string{o.last(o.in[0]), o.ints(o.spec.(ops.Axes)...)}, attrInt("keepdims", 0))
	return nil
}
