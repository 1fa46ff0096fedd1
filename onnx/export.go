package onnx

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"autodropout/autograd"
	"autodropout/internal/onnxfile"
	"autodropout/layers"
)

// What files are written in: version 17 of the operations, of 2022, is the first with
// layer normalisation, and every runtime of today reads it.
const (
	opset    = 17
	ir       = 8
	producer = "autodropout"
)

// batch is the name that files have for the number of examples.
const batch = "batch"

// Export is a network to be written to a file.
type Export struct {
	Name    string // of the network, for those who read the file
	Params  *autograd.Params
	Inputs  []Input
	Outputs []string // names, one for each tensor that Forward returns

	// Forward computes the outputs of a batch of the inputs, of any number of examples. It
	// may compute with them only by operations of package ops.
	Forward func(c *layers.Ctx, inputs []Array) []*autograd.Tensor

	Metadata map[string]string // is written to the file as it is
}

// Input is an input of a network.
type Input struct {
	Name  string
	Shape []int // of an example; pictures are (H, W, C)

	// From and Below are the range of an input of whole numbers, such as words. Both 0:
	// real numbers.
	From, Below int
}

// Array is an input for a batch: a tensor of real numbers (N, ...), or whole numbers.
type Array struct {
	*autograd.Tensor
	IDs   []int // nil: the numbers are real
	Shape []int // of the ids, (N, ...)
}

// Of returns the export of a model that maps a tensor (N, shape...) to another.
func Of(m layers.Model, shape ...int) *Export {
	e := &Export{
		Name: "network", Params: m.Params(),
		Inputs: []Input{{Name: "input", Shape: shape}}, Outputs: []string{"output"},
		Forward: func(c *layers.Ctx, in []Array) []*autograd.Tensor {
			return []*autograd.Tensor{m.Forward(c, in[0].Tensor)}
		},
	}
	if named, ok := m.(fmt.Stringer); ok {
		e.Name = named.String()
	}
	return e
}

// Save writes the network to a file, for any number of examples at a time, as it
// predicts: nothing is dropped, and statistics are the running ones. The file's tensors
// have the names and the layouts of [layers.State]. In it pictures, inputs and outputs of
// four axes, are (N, C, H, W), as elsewhere; others are what they are here. Weights
// beyond 2 GB go to a second file, path with ".data" behind it.
//
// Before anything is written, the recorded network is checked on another batch. An
// operation without a counterpart is an error that says which and where. It is also an
// error if Go code computed numbers from the inputs.
func (e *Export) Save(path string) error {
	m, err := e.model()
	if err != nil {
		return fmt.Errorf("cannot write the network to %s: %w", path, err)
	}
	return onnxfile.WriteFile(path, m)
}

// model returns the content of the file.
func (e *Export) model() (*onnxfile.Model, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	few, err := e.trace(2)
	if err != nil {
		return nil, err
	}
	more, err := e.trace(3)
	if err != nil {
		return nil, err
	}
	w, err := newWriter(e, few, more)
	if err != nil {
		return nil, err
	}
	if err := w.write(); err != nil {
		return nil, err
	}
	m := &onnxfile.Model{IR: ir, Opset: opset, Producer: producer, Graph: w.graph}
	for _, key := range slices.Sorted(maps.Keys(e.Metadata)) {
		m.Metadata = append(m.Metadata, onnxfile.Entry{Key: key, Value: e.Metadata[key]})
	}
	return m, more.verify(m)
}

// check returns an error for an export without a sense.
func (e *Export) check() error {
	names := map[string]bool{}
	for _, name := range slices.Concat(inputNames(e.Inputs), e.Outputs) {
		if name == "" || names[name] {
			return fmt.Errorf("inputs and outputs need names that differ, not %q", name)
		}
		names[name] = true
	}
	for _, p := range layers.State(e.Params) {
		if names[p.Name] {
			return fmt.Errorf("%q is the name of a parameter, and of an input or output", p.Name)
		}
	}
	if len(e.Inputs) == 0 || len(e.Outputs) == 0 {
		return fmt.Errorf("a network needs an input and an output")
	}
	return nil
}

func inputNames(inputs []Input) (names []string) {
	for _, in := range inputs {
		names = append(names, in.Name)
	}
	return names
}

// verify has the file's network compute what the trace did.
func (t *trace) verify(m *onnxfile.Model) error {
	n, err := build(m, layers.NewScope(0))
	if err != nil {
		return fmt.Errorf("the file could not be read again: %w", err)
	}
	tape := autograd.NewInference()
	var inputs []Array
	for _, in := range t.inputs {
		if in.IDs == nil {
			in.Tensor = tape.Input(in.Tensor.Data(), in.Tensor.Shape()...)
		}
		inputs = append(inputs, in)
	}
	outputs, err := n.Run(&layers.Ctx{Tape: tape}, inputs...)
	if err != nil {
		return fmt.Errorf("the file's network does not run: %w", err)
	}
	for i, y := range outputs {
		want := t.results[i]
		if !slices.Equal(y.Tensor.Shape(), want.Shape()) {
			return fmt.Errorf("the file's network has an output %s of shape %v, not %v", t.export.Outputs[i], y.Tensor.Shape(), want.Shape())
		}
		if d := difference(y.Data(), want.Data()); !(d <= 1e-4) {
			return fmt.Errorf("the file's network computes another %s, by %.2g of its size: "+
				"does Forward make numbers from the inputs, or from chance, without operations of package ops?", t.export.Outputs[i], d)
		}
	}
	return nil
}

// difference is the largest difference of elements, relative to the largest one, and NaN
// where they differ in what is finite.
func difference(a, b []float32) float64 {
	scale, worst := 1e-30, 0.0
	for i, v := range b {
		if v == v && !math.IsInf(float64(v), 0) {
			scale = max(scale, math.Abs(float64(v)))
		}
		if a[i] == v || a[i] != a[i] && v != v {
			continue
		}
		if d := math.Abs(float64(a[i]) - float64(v)); d <= math.MaxFloat32 {
			worst = max(worst, d)
		} else {
			return math.NaN()
		}
	}
	return worst / scale
}
