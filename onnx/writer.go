package onnx

import (
	"fmt"
	"slices"
	"unsafe"

	"autodropout/autograd"
	"autodropout/internal/onnxfile"
	"autodropout/layers"
)

// writer makes a file's graph of two traces of a network, of different numbers of
// examples: the axes that differ between them have the examples.
type writer struct {
	export    *Export
	few, more *trace
	graph     onnxfile.Graph
	values    map[*autograd.Tensor]*value
	state     map[unsafe.Pointer]array // parameters and buffers
	ids       map[unsafe.Pointer]string
	written   map[string]string // names of initializers by what they are
	uses      map[*autograd.Tensor]int
	made      map[*autograd.Tensor]*step // by the operation that made them
	at        int                        // step of the traces
	behind    string                     // the last parameter that was read, to say where an error is
	nodes     int
	taken     map[string]bool // names of parameters and buffers
}

// array is a parameter or a buffer as files have it.
type array struct {
	layers.Array
	axes []int // of the parameter in memory; see autograd.Param.FileAxes
}

// value is a tensor of the traces. In a file it may be there twice: in the order of axes
// that it has here, and with the last axis, the channels, behind the first.
type value struct {
	last, first string // names; "": not yet
	shape       []int  // of the few examples
	axes        []int  // by axis: how many times the number of examples it is long, 0: constant
	parameter   *array
	states      *states // of a recurrent layer
}

// rank is the number of axes.
func (v *value) rank() int { return len(v.shape) }

func newWriter(e *Export, few, more *trace) (*writer, error) {
	w := &writer{
		export: e, few: few, more: more,
		values: map[*autograd.Tensor]*value{}, state: map[unsafe.Pointer]array{}, ids: map[unsafe.Pointer]string{},
		written: map[string]string{}, uses: map[*autograd.Tensor]int{}, made: map[*autograd.Tensor]*step{},
	}
	w.graph.Name = e.Name
	state := layers.State(e.Params)
	w.taken = map[string]bool{}
	for _, a := range state {
		w.taken[a.Name] = true
	}
	for i, p := range e.Params.All() {
		w.state[place(p.Data())] = array{state[i], p.FileAxes}
	}
	for i, b := range e.Params.Buffers() {
		w.state[place(b.Data)] = array{state[len(e.Params.All())+i], b.FileAxes}
	}
	if len(few.steps) != len(more.steps) {
		return nil, fmt.Errorf("the network computes %d operations for two examples and %d for three: only one that does the same for any number can be written", len(few.steps), len(more.steps))
	}
	for i, s := range few.steps {
		if other := more.steps[i].op; other != s.op {
			return nil, fmt.Errorf("the network's operation number %d is %s for two examples and %s for three: only one that does the same for any number can be written", i, s.op, other)
		}
		for _, x := range s.inputs {
			w.uses[x]++
		}
		w.made[s.output] = &few.steps[i]
	}
	for _, y := range few.outputs {
		w.uses[y]++
	}
	return w, nil
}

// write fills the graph.
func (w *writer) write() error {
	for i, in := range w.few.inputs {
		name := w.export.Inputs[i].Name
		v := onnxfile.Value{Name: name, Type: onnxfile.Float32, Shape: []onnxfile.Dim{{Name: batch}}}
		shape := in.Shape
		if in.IDs != nil {
			v.Type = onnxfile.Int64
			w.ids[place(in.IDs)] = name
		} else {
			shape = in.Tensor.Shape()
			axes := make([]int, len(shape))
			axes[0] = 1
			x := &value{shape: shape, axes: axes, last: name}
			if picture(shape) {
				x.last, x.first = "", name
				shape = channelsFirst(shape)
			}
			w.values[in.Tensor] = x
		}
		for _, d := range shape[1:] {
			v.Shape = append(v.Shape, onnxfile.Dim{Size: d})
		}
		w.graph.Inputs = append(w.graph.Inputs, v)
	}
	for w.at = range w.few.steps {
		if err := w.step(); err != nil {
			return err
		}
	}
	for i, y := range w.few.outputs {
		if err := w.output(w.export.Outputs[i], y, w.more.outputs[i]); err != nil {
			return err
		}
	}
	prune(&w.graph)
	return nil
}

// picture reports whether a tensor of a shape has its channels first in files.
func picture(shape []int) bool { return len(shape) == 4 }

// channelsFirst moves the last axis behind the first.
func channelsFirst(shape []int) []int {
	last := len(shape) - 1
	return slices.Concat(shape[:1], shape[last:], shape[1:last])
}

func (w *writer) output(name string, few, more *autograd.Tensor) error {
	v, err := w.value(few, more)
	if err != nil {
		return err
	}
	from, shape, axes := "", v.shape, v.axes
	if picture(shape) {
		from, shape, axes = w.first(v), channelsFirst(shape), channelsFirst(axes)
	} else {
		from = w.last(v)
	}
	w.graph.Nodes = append(w.graph.Nodes, onnxfile.Node{Name: w.fresh("Identity"), Op: "Identity", Inputs: []string{from}, Outputs: []string{name}})
	out := onnxfile.Value{Name: name, Type: onnxfile.Float32}
	for i, d := range shape {
		switch axes[i] {
		case 0:
			out.Shape = append(out.Shape, onnxfile.Dim{Size: d})
		case 1:
			out.Shape = append(out.Shape, onnxfile.Dim{Name: batch})
		default:
			out.Shape = append(out.Shape, onnxfile.Dim{Name: fmt.Sprintf("%s*%d", batch, axes[i])})
		}
	}
	w.graph.Outputs = append(w.graph.Outputs, out)
	return nil
}

// value returns what stands for a tensor: one that was computed, an input, a parameter, or
// a constant.
func (w *writer) value(few, more *autograd.Tensor) (*value, error) {
	if v := w.values[few]; v != nil {
		return v, nil
	}
	if w.made[few] != nil {
		return nil, w.wrong("it reads what no operation before it has computed")
	}
	v := &value{shape: slices.Clone(few.Shape()), axes: make([]int, few.Rank())}
	data := few.Data()
	if a, ok := w.state[place(data)]; ok && len(data) == len(a.Data) {
		v.last = w.initializer(a.Array)
		w.behind = a.Name
		if a.axes != nil {
			v.last, v.parameter = "", &a
		}
		if a.axes == nil && !slices.Equal(a.Shape, v.shape) {
			return nil, w.wrong("it reads the parameter %s in another shape", a.Name)
		}
	} else if in := w.inputOf(data); in != nil {
		*v = *in
	} else if err := w.constant(v, few, more); err != nil {
		return nil, err
	}
	w.values[few] = v
	return v, nil
}

// inputOf returns the input whose numbers a tensor has: models may put the data of one on
// the tape themselves.
func (w *writer) inputOf(data []float32) *value {
	for _, in := range w.few.inputs {
		if in.IDs == nil && place(in.Tensor.Data()) == place(data) && in.Tensor.Len() == len(data) {
			return w.values[in.Tensor]
		}
	}
	return nil
}

// constant writes a tensor that no operation made. One whose first axis has the examples
// must be the same for each.
func (w *writer) constant(v *value, few, more *autograd.Tensor) error {
	data, other := few.Data(), more.Data()
	if !slices.Equal(few.Shape(), more.Shape()) {
		if few.Rank() != more.Rank() || few.Dim(0) != 2 || more.Dim(0) != 3 || !slices.Equal(few.Shape()[1:], more.Shape()[1:]) {
			return w.wrong("it reads a constant of shape %v for two examples and %v for three", few.Shape(), more.Shape())
		}
		each := len(data) / 2
		if !slices.Equal(data[:each], data[each:]) {
			return w.wrong("it reads a constant %v that differs from example to example", few.Shape())
		}
		v.shape[0] = 1
		data, other = data[:each], other[:each]
	}
	if !slices.Equal(data, other) {
		return w.wrong("it reads numbers %v that Go code made, other ones for other inputs", few.Shape())
	}
	v.last = w.floats(v.shape, data)
	return nil
}

// wrong returns an error about the current operation.
func (w *writer) wrong(format string, args ...any) error {
	s := &w.few.steps[w.at]
	var shapes [][]int
	for _, x := range s.inputs {
		shapes = append(shapes, x.Shape())
	}
	where := "before any parameter"
	if w.behind != "" {
		where = "at or behind the parameter " + w.behind
	}
	return fmt.Errorf("%s of %v (operation %d of %d, %s) cannot be written: %s", s.op, shapes, w.at+1, len(w.few.steps), where, fmt.Sprintf(format, args...))
}
